"""
From the published TensorFlow.js model to the ONNX files that the detector runs: fetch, convert, quantise,
keep.
"""
