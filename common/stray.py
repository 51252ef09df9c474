"""What libraries in C print to standard error, as libpng does of a damaged picture: made lines of the log.

Python's own standard error moves to a descriptor of its own, and what is written to descriptor 2 past it
goes through a pipe to a thread that logs it. Nothing waits for that thread: a pipe that is full drops text.
What is printed in the moment in which the process crashes is lost.
"""

import atexit
import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import BinaryIO

import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

STRAY = Counter("headway_stray_lines_total", "Lines that libraries printed to standard error")
_ROOM = 2**20
_LINE = 4096
_SHOWN = 500
_MINUTE = 60.0
_FAREWELL = 5.0
_MOST = 20
"""Lines a minute that are logged; the others are counted."""


def log_stray_lines() -> None:
    """Once, before logs are configured: whatever asks for `sys.stderr` later has the one that remains."""
    ours = os.dup(2)
    reader, writer = os.pipe()
    with suppress(OSError, AttributeError):  # a system without it, or one that allows less
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _ROOM)
    os.set_blocking(writer, False)
    os.dup2(writer, 2)
    os.close(writer)
    sys.stderr = os.fdopen(ours, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    thread = threading.Thread(target=_pass_on, args=(os.fdopen(reader, "rb"),), name="stray", daemon=True)
    thread.start()
    atexit.register(_end, ours, thread)


def _end(ours: int, thread: threading.Thread) -> None:
    """What is in the pipe is logged still, unless a child holds its other end open."""
    os.dup2(ours, 2)
    thread.join(_FAREWELL)


def _pass_on(source: BinaryIO) -> None:
    since, logged, held_back = monotonic(), 0, 0
    for text in _lines(source):
        STRAY.inc()
        if monotonic() - since >= _MINUTE:
            since, logged = monotonic(), 0
        if logged == _MOST:
            held_back += 1
            continue
        logged += 1
        with suppress(OSError):  # nobody reads our log; the pipe is emptied all the same
            log.warning("a library says", text=text, held_back=held_back)
        held_back = 0


def _lines(source: BinaryIO) -> Iterator[str]:
    """Without their ends, and without empty ones; a longer one comes in parts."""
    while line := source.readline(_LINE):
        if text := line.decode(errors="replace").strip():
            yield text[:_SHOWN]
