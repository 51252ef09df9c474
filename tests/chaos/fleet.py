"""Worker processes that are killed, frozen, cut off, and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from common.settings import BusSettings, StoreSettings
from tests.servers import free_ports


class Fleet:
    """Workers `w0`, `w1` and so on, dealt out to the brokers. `metrics`: the port of each one's /metrics."""

    def __init__(
        self, folder: Path, buses: Sequence[BusSettings], store: StoreSettings, workers: int, lease: float
    ) -> None:
        self.names = tuple(f"w{n}" for n in range(workers))
        self.metrics = dict(zip(self.names, free_ports(workers), strict=True))
        self._buses = dict(zip(self.names, (buses[n % len(buses)] for n in range(workers)), strict=True))
        self._folder = folder
        self._store = store
        self._lease = lease
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        bus, store = self._buses[name], self._store
        settings = {
            "BUS__PORT": bus.port,
            "BUS__USERNAME": bus.username,
            "BUS__PASSWORD": bus.secret(),
            "BUS__PREFIX": bus.prefix,
            "BUS__KEEPALIVE": bus.keepalive,
            "STORE__ENDPOINT": store.endpoint,
            "STORE__ACCESS_KEY": store.access_key,
            "STORE__SECRET_KEY": store.secret(),
            "STORE__BUCKET": store.bucket,
            "INFERENCE__NAME": name,
            "INFERENCE__LEASE": self._lease,
            "TELEMETRY__METRICS_PORT": self.metrics[name],
        }
        environment = os.environ | {f"HEADWAY_{key}": str(value) for key, value in settings.items()}
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.chaos.worker"]
            self._processes[name] = subprocess.Popen(command, env=environment, stderr=log)

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
