"""Worker processes that are killed, frozen, cut off, and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from common.settings import BusSettings, StoreSettings
from tests.chaos.clock import CLOCK
from tests.servers import free_ports
from tests.services import environment


class Fleet:
    """A worker for each bus, `w0`, `w1` and so on, each with `settings` of its own or those of all.

    `metrics`: the port of each one's /metrics.
    """

    def __init__(
        self,
        folder: Path,
        buses: Sequence[BusSettings],
        store: StoreSettings,
        settings: Sequence[Mapping[str, object]],
    ) -> None:
        self.names = tuple(f"w{n}" for n in range(len(buses)))
        self.metrics = dict(zip(self.names, free_ports(len(buses)), strict=True))
        self._buses = dict(zip(self.names, buses, strict=True))
        self._settings = dict(zip(self.names, settings, strict=True))
        self._folder = folder
        self._store = store
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        settings = {
            "INFERENCE__NAME": name,
            "BUS__KEEPALIVE": self._buses[name].keepalive,
            "TELEMETRY__METRICS_PORT": self.metrics[name],
            **self._settings[name],
        }
        own = {f"HEADWAY_{key}": str(value) for key, value in settings.items()}
        servers = environment(self._buses[name], self._store)
        clock = {CLOCK: str(self._clock(name))} if self._clock(name).exists() else {}
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.chaos.worker"]
            self._processes[name] = subprocess.Popen(
                command, env=os.environ | servers | own | clock, stderr=log
            )

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()

    def set_clock(self, name: str, off: float) -> None:
        """Its wall clock is wrong by so many seconds: at once, or from its next start if it never was."""
        new = self._folder / f"{name}.new"
        new.write_text(str(off))
        new.replace(self._clock(name))

    def _clock(self, name: str) -> Path:
        return self._folder / f"{name}.clock"

    def kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()

    def freeze(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGCONT)

    def failed(self) -> dict[str, int]:
        """Exit codes of those that ended by themselves."""
        codes = {name: process.poll() for name, process in self._processes.items()}
        return {name: code for name, code in codes.items() if code not in (None, -signal.SIGKILL)}

    def __enter__(self) -> Self:
        for name in self.names:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._processes:
            self.kill(name)
