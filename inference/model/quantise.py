"""
Float ONNX model to eight bits: static, quantise-dequantise pairs, one scale per channel of every weight.

The ranges of the activations come from a table shipped beside this module (`scripts/calibrate.py` makes it),
so no photograph is needed where the model is prepared. The last convolution of every head stays float: as
eight bits its scores would saturate. The bytes of the picture are the quantised input as they are: x * 2 /
255 - 1 is a scale of 2 / 255 and a zero point of 127.5, of which the missing half goes into the first
convolution's bias.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import numpy as np
import onnx
from onnx import numpy_helper

from inference.model.error import ModelError
from inference.model.onnx_graph import OnnxGraph
from inference.model.tfjs import Array

Ranges = Mapping[str, tuple[float, float]]

PIXEL_SCALE = 2 / 255
PIXEL_ZERO = 128
PIXEL_SHIFT = 0.5 * PIXEL_SCALE
MAX_BIAS = 2**30  # a channel of nearly no weight takes coarser steps, so that its bias fits 32 bits
_FROM_BYTES = ("images/float", "images/scaled", "images/normalised")


@dataclass(frozen=True, slots=True)
class Scale:
    """real = (byte - zero) * step."""

    step: float
    zero: int


@dataclass(slots=True)
class Rewriter:
    """The quantised graph as it grows; `restored` maps a float tensor to the one read in its place."""

    constants: dict[str, Array]
    scales: Mapping[str, Scale]
    restored: dict[str, str] = field(default_factory=dict)
    onnx: OnnxGraph = field(default_factory=OnnxGraph)

    def restore(self, name: str, quantised: str) -> None:
        """Let all readers of `name` read the bytes `quantised` instead."""
        self.restored[name] = self.onnx.emit(
            "DequantizeLinear", [quantised, *self._scale(name)], f"{name}/restored"
        )

    def through_bytes(self, name: str) -> None:
        """Let all readers of `name` see it as eight bits hold it."""
        self.restore(name, self.onnx.emit("QuantizeLinear", [name, *self._scale(name)], f"{name}/bytes"))

    def source(self, name: str) -> str:
        return self.restored.get(name, name)

    def _scale(self, name: str) -> list[str]:
        scale = self.scales[name]
        step = self.onnx.constant(f"{name}/step", np.array(scale.step, np.float32))
        return [step, self.onnx.constant(f"{name}/zero", np.array(scale.zero, np.uint8))]


@lru_cache(1)
def shipped_ranges() -> Ranges:
    """Lowest and highest value of every activation, by the name it has in the converted model."""
    table = json.loads(files("inference.model").joinpath("ranges.json").read_text())
    return {name: (low, high) for name, (low, high) in table.items()}


def activations(model: onnx.ModelProto) -> list[str]:
    """The tensors whose ranges `quantise` needs."""
    clipped = _clipped(model)
    return [
        clipped.get(node.output[0], node.output[0]) for node in model.graph.node if _is_quantised(model, node)
    ]


def quantise(model: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    """The same model with eight-bit arithmetic; ModelError when the table of ranges is of another model."""
    missing = [name for name in activations(model) if name not in ranges]
    if missing:
        raise ModelError(f"the table of activation ranges lacks {missing[0]} and {len(missing) - 1} more")
    constants = {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}
    scales = {name: _scale(*ranges[name]) for name in activations(model)}
    rewriter = Rewriter(constants, {**scales, "images/normalised": Scale(PIXEL_SCALE, PIXEL_ZERO)})
    clipped = _clipped(model)
    for node in model.graph.node:
        if node.output[0] in _FROM_BYTES or node.output[0] in clipped.values():
            continue
        if _is_quantised(model, node):
            _quantise_node(rewriter, node, clipped.get(node.output[0], node.output[0]))
        else:
            _copy(rewriter, node)
        if node.output[0] == "images/planes":
            rewriter.restore("images/normalised", "images/planes")
    return rewriter.onnx.finish(model.graph.input, model.graph.output)


def _scale(low: float, high: float) -> Scale:
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / 255 or 1.0
    return Scale(step, round(-low / step))


def _clipped(model: onnx.ModelProto) -> dict[str, str]:
    """Tensors that are clipped next, with the clipped one: saturation of bytes does the same."""
    return {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "Clip"}


def _is_quantised(model: onnx.ModelProto, node: onnx.NodeProto) -> bool:
    heads = {node.input[0] for node in model.graph.node if node.op_type == "Transpose"}
    if node.op_type == "Conv":
        return node.output[0] not in heads
    return node.op_type == "Add" and node.output[0] not in _FROM_BYTES


def _quantise_node(rewriter: Rewriter, node: onnx.NodeProto, output: str) -> None:
    inputs = [rewriter.source(name) for name in node.input]
    if node.op_type == "Conv":
        inputs[1:] = _weights(rewriter, node)
    rewriter.onnx.emit(node.op_type, inputs, output)
    rewriter.onnx.nodes[-1].attribute.extend(node.attribute)
    rewriter.through_bytes(output)


def _weights(rewriter: Rewriter, node: onnx.NodeProto) -> list[str]:
    source, name, bias_name = node.input
    weights, bias = rewriter.constants[name], rewriter.constants[bias_name]
    if source == "images/normalised":
        bias = bias + PIXEL_SHIFT * weights.sum(axis=(1, 2, 3))
    step = rewriter.scales[source].step
    largest = np.abs(weights).max(axis=(1, 2, 3))
    steps = np.maximum(largest / 127, np.abs(bias) / (step * MAX_BIAS))
    steps = np.where(steps > 0, steps, 1.0)
    quantised = np.round(weights / steps.reshape(-1, 1, 1, 1)).astype(np.int8)
    whole_bias = np.round(bias / (steps * step)).astype(np.int32)
    return [
        _restored(rewriter, name, quantised, steps),
        _restored(rewriter, bias_name, whole_bias, steps * step),
    ]


def _restored(rewriter: Rewriter, name: str, values: Array, steps: Array) -> str:
    quantised = rewriter.onnx.constant(f"{name}/integers", values)
    scale = rewriter.onnx.constant(f"{name}/steps", steps.astype(np.float32))
    zeros = rewriter.onnx.constant(f"{name}/zeros", np.zeros(len(steps), values.dtype))
    return rewriter.onnx.emit("DequantizeLinear", [quantised, scale, zeros], f"{name}/restored", axis=0)


def _copy(rewriter: Rewriter, node: onnx.NodeProto) -> None:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [rewriter.source(name) for name in node.input]
    for name in copy.input:
        if name in rewriter.constants:
            rewriter.onnx.constant(name, rewriter.constants[name])
    rewriter.onnx.nodes.append(copy)
