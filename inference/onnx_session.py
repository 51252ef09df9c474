"""
The one place that runs ONNX Runtime: one thread a process, so that processes share a machine by cores.

The packages onnxruntime (processor) and onnxruntime-gpu (processor and CUDA) install the same module over
each other, and pip puts the processor's build on top where it is given both. So a GPU takes two commands:

    pip install 'headway[gpu]'
    pip install --force-reinstall --no-deps 'onnxruntime-gpu<2'
"""

import contextlib
import hashlib
import io
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,  # noqa: A004 -- ONNX Runtime's own: no kernel for an operator
    RuntimeException,
)

from inference.cuda import CudaError, gpu_name
from inference.detector import Array
from inference.model.error import ModelError
from inference.processor import processor_name
from inference.ssdlite import WHOLE

Provider = Literal["cpu-int8", "cpu-float32", "cuda"]
"""What runs a model and in which arithmetic; `cuda` is 32-bit floats, without the rounding of TF32."""

FATAL = 4
CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
CUDA_OPTIONS = {
    "device_id": "0",
    "use_tf32": "0",
    "cudnn_conv_algo_search": "HEURISTIC",  # the default tries every algorithm on every new shape
    "arena_extend_strategy": "kSameAsRequested",  # leave memory to the other workers on this GPU
}
INSTALL = "`pip install 'headway[gpu]'`"
UNCOVER = "`pip install --force-reinstall --no-deps 'onnxruntime-gpu<2'`"
_DAMAGED = (InvalidArgument, InvalidGraph, InvalidProtobuf)
_FAILED = (EPFail, Fail, NotImplemented, RuntimeException, RuntimeError)


class RunError(RuntimeError):
    """ONNX Runtime gave up on a batch; most often the memory was too small for it."""


class OnnxSession:
    """
    A prepared SSDLite model in memory; `digest` is the SHA-256 of its bytes, `processor` the name of what
    runs it. ModelError if damaged, CudaError if CUDA is wanted and cannot be used.
    """

    def __init__(self, path: Path, provider: Provider) -> None:
        content = path.read_bytes()
        self.provider: str = provider
        self.digest = hashlib.sha256(content).hexdigest()
        try:
            if provider == "cuda":
                self.processor = _gpu()
                self._session = _on_cuda(content)
            else:
                self.processor = processor_name()
                self._session = onnxruntime.InferenceSession(content, _options(), providers=[CPU])
        except (*_DAMAGED, Fail) as error:
            raise ModelError(f"{path} is damaged: delete {path.parent} to have it made again") from error

    def run(self, pixels: Array) -> tuple[Array, Array]:
        """Box codes (batch, N, 4) and scores (batch, N, classes) for RGB bytes (batch, height, width, 3)."""
        return _run(self._session, pixels)


def _options() -> Any:  # noqa: ANN401 -- ONNX Runtime has no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL  # errors come as exceptions
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _run(session: Any, pixels: Array) -> tuple[Array, Array]:  # noqa: ANN401 -- likewise
    try:
        codes, scores = session.run(["boxes", "scores"], {"images": pixels})
    except (*_DAMAGED, *_FAILED) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise RunError(f"a batch of shape {pixels.shape} failed: {reason}") from error
    return codes, scores


def _gpu() -> str:
    """The GPU's name, once all that CUDA takes is loaded; CudaError says what is missing."""
    name = gpu_name()
    if CUDA not in onnxruntime.get_available_providers():
        raise CudaError(f"{name} is there, but {_missing_build()}")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        onnxruntime.preload_dlls()
    if missing := re.search(r"Failed to load ([^\s:/]+):", said.getvalue()):
        wanted = f"CUDA {onnxruntime.cuda_version}, which {INSTALL} brings"
        raise CudaError(f"{name} is there, but {missing[1]} cannot be loaded: onnxruntime-gpu wants {wanted}")
    return name


def _missing_build() -> str:
    try:
        version("onnxruntime-gpu")
    except PackageNotFoundError:
        return f"onnxruntime-gpu is not installed: {INSTALL}, then {UNCOVER}"
    return f"onnxruntime lies over onnxruntime-gpu: {UNCOVER}"


def _on_cuda(content: bytes) -> Any:  # noqa: ANN401 -- likewise
    """A session that has run on the GPU: CudaError also for what only shows then, as a GPU that is full."""
    onnxruntime.set_default_logger_severity(FATAL)
    try:
        session = onnxruntime.InferenceSession(
            content, _options(), providers=[(CUDA, CUDA_OPTIONS), CPU], enable_fallback=0
        )
        _run(session, np.zeros((1, WHOLE.height, WHOLE.width, 3), np.uint8))
    except _FAILED as error:
        raise CudaError(f"CUDA does not run the model: {(str(error).splitlines() or [''])[0]}") from error
    if session.get_providers()[0] != CUDA:
        raise CudaError(
            f"ONNX Runtime found no way to use the GPU: it wants CUDA {onnxruntime.cuda_version}, cuDNN 9"
        )
    return session
