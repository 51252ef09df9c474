"""The one place that runs ONNX Runtime: one thread a process, so that processes share a machine by cores."""

import hashlib
from pathlib import Path

import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
)

from inference.detector import Array
from inference.model.error import ModelError

FATAL = 4
_DAMAGED = (InvalidArgument, InvalidGraph, InvalidProtobuf, Fail)


class OnnxSession:
    """A prepared SSDLite model in memory; `digest` is the SHA-256 of its bytes. ModelError if damaged."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = FATAL  # errors come as exceptions
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _DAMAGED as error:
            raise ModelError(f"{path} is damaged: delete {path.parent} to have it made again") from error
        self.digest = hashlib.sha256(content).hexdigest()

    def run(self, pixels: Array) -> tuple[Array, Array]:
        """Box codes (N, 4) and scores (N, classes) for one RGB picture, height x width x 3 bytes."""
        codes, scores = self._session.run(["boxes", "scores"], {"images": pixels[None]})
        return codes[0], scores[0]
