"""The model's side of `inference.model_process`: load it, say hello, then answer until the worker is gone."""

import ctypes
import mmap
import os
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from inference.model.error import ModelError
from inference.model_process import CAPACITY, Batched, Hello, picture_at

_PR_SET_PDEATHSIG = 1


def _serve(pipe: Connection, pixels: mmap.mmap) -> None:
    load: Callable[[], Batched] = pickle.loads(pipe.recv_bytes())  # noqa: S301 -- from our own worker
    try:
        model = load()
    except ModelError as error:
        pipe.send(Hello(error=str(error)))
        return
    pipe.send(
        Hello(
            model.name,
            model.digest,
            model.profile,
            model.provider,
            model.labels,
            model.batch,
            model.why_not_cuda,
        )
    )
    while True:
        shapes = pipe.recv()
        try:
            pipe.send(model.detect([picture_at(pixels, shape) for shape in shapes]))
        except (RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, MemoryError) as error:
            pipe.send(f"{type(error).__name__}: {error}")


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
