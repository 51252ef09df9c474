"""A child process: its own group, on the leash, its output in a bounded log file."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from headway import leash

LOG_BYTES = 2_000_000
"""A log is at most this long; one older part of the same length is kept beside it."""
_LINE = 8192
_TAIL = 20
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Command:
    """What to run; secrets travel in `env` or in files, never in `argv`."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)


class Log:
    """Appends to a file that never grows beyond its bound and remembers the last lines."""

    def __init__(self, path: Path, limit: int = LOG_BYTES) -> None:
        self._path = path
        self._limit = limit
        self._file = path.open("ab")
        self._tail: deque[str] = deque(maxlen=_TAIL)

    def forget(self) -> None:
        """Begin the tail anew, for the next run."""
        self._tail.clear()

    def write(self, line: bytes) -> None:
        if text := _CONTROL.sub("", line.decode(errors="replace")).strip():
            self._tail.append(text)
        with suppress(OSError):  # a full disk must not stop the child
            if self._file.tell() + len(line) > self._limit:
                self._roll()
            self._file.write(line)
            self._file.flush()

    def _roll(self) -> None:
        """The old file is let go of last: where there can be no new one, it is written on."""
        self._path.replace(self._path.with_suffix(".log.1"))
        new = self._path.open("ab")
        self._file.close()
        self._file = new

    def tail(self, lines: int = _TAIL) -> list[str]:
        return list(self._tail)[-lines:]

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class Process:
    """Starts at once; `exited(status)` is called on a thread of its own, after the whole group is gone."""

    def __init__(self, name: str, command: Command, log: Log, exited: Callable[[int], None]) -> None:
        self._exited = exited
        self._log = log
        self._popen = subprocess.Popen(  # noqa: S603 -- our own commands, no shell
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=command.cwd,
            env=dict(command.env),
            process_group=0,
        )
        self._threads = (
            threading.Thread(target=self._read, name=f"{name}-log"),
            threading.Thread(target=self._wait, name=f"{name}-wait"),
        )
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def alive(self) -> bool:
        return self._popen.returncode is None

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _wait(self) -> None:
        """Until the child is gone; what it left in its group goes too, before its number can be reused."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        status = self._popen.wait()
        self._threads[0].join()
        self._exited(status)

    def _read(self) -> None:
        pipe: IO[bytes] | None = self._popen.stdout
        if pipe is None:
            return
        with pipe:
            while line := pipe.readline(_LINE):
                self._log.write(line)
