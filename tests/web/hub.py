"""A hub in a process of its own, which can be killed and started again on the same port."""

import contextlib
import socket
import subprocess
import sys
import time
from typing import Any

import requests

from tests.eventually import eventually


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


Device = dict[str, Any]


def device(device_id: str, count: int, *, fresh: float = 600, age: float = 0, **more: Any) -> Device:
    """A live device whose value is `age` seconds old and turns stale in `fresh` seconds."""
    now = time.time()
    return {
        "deviceID": device_id,
        "state": "live",
        "count": count,
        "counts": {"person": count},
        "capturedAt": now - age,
        "receivedAt": now - age,
        "age": age,
        "staleAfter": now + fresh,
        "flow": "people",
        "model": "ssdlite-mobilenet-v2-coco@4c93ff1d",
        "snapshot": f"/api/v1/devices/{device_id}/snapshot?v={count}",
        "sequence": 1,
        "skew": None,
        "worker": "worker-1",
        "queueMs": 12.5,
        "inferenceMs": 48.2,
        "width": 640,
        "height": 480,
    } | more


def never_seen(device_id: str, **more: Any) -> Device:
    empty = (
        "count capturedAt receivedAt age staleAfter model snapshot width height worker queueMs inferenceMs"
    )
    nothing = dict.fromkeys(empty.split())
    return device(device_id, 0) | nothing | {"state": "unknown", "counts": {}} | more


class Hub:
    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.web.feed", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, within=20)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def tell(self, *devices: Device, **more: Any) -> None:
        """Change these devices; `gone`, `skip` (revisions left untold) and `broker` as `feed.py` has them."""
        answer = requests.post(f"{self.url}/feed", json={"devices": devices, **more}, timeout=5)
        answer.raise_for_status()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the hub ended by itself"
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(self.url, timeout=5).ok
        return False
