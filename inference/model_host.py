"""The model's side of `inference.model_process`: load it, say hello, then answer until the worker is gone."""

import ctypes
import mmap
import os
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from inference.answers import Hello, encode, encode_error
from inference.model.error import ModelError
from inference.model_process import CAPACITY, Batched, picture_at

_PR_SET_PDEATHSIG = 1
_FAILURES = (
    RuntimeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    TypeError,
    MemoryError,
)


def _serve(pipe: Connection, pixels: mmap.mmap) -> None:
    load: Callable[[], Batched] = pickle.loads(pipe.recv_bytes())  # noqa: S301 -- from our own worker
    try:
        model = load()
    except ModelError as error:
        _say_hello(pipe, Hello(error=str(error)))
        return
    _say_hello(
        pipe,
        Hello(
            name=model.name,
            digest=model.digest,
            profile=model.profile,
            provider=model.provider,
            labels=model.labels,
            batch=model.batch,
            why_not_cuda=model.why_not_cuda,
        ),
    )
    while True:
        shapes = pipe.recv()
        try:
            answer = encode(model.detect([picture_at(pixels, shape) for shape in shapes]))
        except _FAILURES as error:
            answer = encode_error(error)
        pipe.send_bytes(answer)


def _say_hello(pipe: Connection, hello: Hello) -> None:
    pipe.send_bytes(hello.model_dump_json().encode())


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # who has little to do goes first
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends us
    pipe, memory = Connection(int(sys.argv[1])), int(sys.argv[2])
    try:
        _serve(pipe, mmap.mmap(memory, CAPACITY))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main()
