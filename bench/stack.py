"""The whole of Headway, started as a user starts it, in a folder of its own."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

_pause = threading.Event()


@dataclass(frozen=True, slots=True)
class Stack:
    """`endpoints` is what `headway up` writes for other programs."""

    url: str
    endpoints: dict[str, Any]
    process: "subprocess.Popen[bytes]"

    def devices(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/api/v1/devices", timeout=5) as answer:  # noqa: S310 -- our own
            found: list[dict[str, Any]] = json.load(answer)["devices"]
        return found


@contextmanager
def running(cameras: list[str], *flags: str, ready: float = 90.0) -> Iterator[Stack]:
    """`headway up` with these cameras; yields when all of them are live."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        named = [part for camera in cameras for part in ("--camera", camera)]
        command = [
            sys.executable,
            "-m",
            "headway",
            "up",
            "--data",
            folder,
            "--port",
            str(port),
            "--no-auth",
            *named,
            *flags,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            yield _ready(process, Path(folder), f"http://127.0.0.1:{port}", len(cameras), monotonic() + ready)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _ready(
    process: "subprocess.Popen[bytes]", folder: Path, url: str, cameras: int, deadline: float
) -> Stack:
    while monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"headway up ended with {process.returncode}")
        try:
            stack = Stack(url, json.loads((folder / "endpoints.json").read_text()), process)
            if sum(device["state"] == "live" for device in stack.devices()) == cameras:
                return stack
        except (OSError, ValueError):
            pass
        _pause.wait(0.2)
    raise RuntimeError(f"not live in time; see {folder}")
