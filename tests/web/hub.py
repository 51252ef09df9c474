"""The hub of `feed.py`, which says whatever a test wants the page to hear."""

import sys
import time
from typing import Any

import requests

from tests.eventually import PATIENCE
from tests.servers import free_ports
from tests.web.site import Site

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
        "problem": None,
        "trouble": None,
        "name": None,
        "site": None,
        "group": None,
        "flows": {"people": {"count": count, "state": "live", "receivedAt": now - age}},
        "agent": None,
    } | more


def agent(**more: Any) -> dict[str, Any]:
    """One that is online and well."""
    return {
        "state": "online",
        "version": "0.2.0",
        "camera": "Camera 2, 1280 x 720",
        "pending": 0,
        "captured": 1200,
        "dropped": 0,
        "error": None,
        "interval": 1,
        "paused": False,
        "applied": None,
        "seen": time.time(),
    } | more


def worker(name: str, **more: Any) -> dict[str, Any]:
    return {
        "worker": name,
        "state": "online",
        "flow": "people",
        "load": 2,
        "shed": 0,
        "model": "ssdlite-mobilenet-v2-coco@4c93ff1d",
        "profile": None,
        "provider": "CPU",
        "version": "0.2.0",
        "error": None,
        "seen": time.time(),
    } | more


def never_seen(device_id: str, **more: Any) -> Device:
    empty = (
        "count capturedAt receivedAt age staleAfter model snapshot width height worker queueMs inferenceMs"
    )
    nothing = dict.fromkeys(empty.split())
    return device(device_id, 0) | nothing | {"state": "unknown", "counts": {}, "flows": {}} | more


def set_aside(device_id: str, *, ago: float) -> dict[str, Any]:
    """The trouble of a device on whose picture the model crashed."""
    capture = f"captures/{device_id}/20260102T030405000006Z-0123456789abcdef0123456789abcdef.jpg"
    return {"reason": "the model ended with SIGSEGV", "at": time.time() - ago, "captureID": capture}


class Hub(Site):
    def __init__(self) -> None:
        (port,) = free_ports(1)
        super().__init__(port, [sys.executable, "-m", "tests.web.feed", str(port)])
        self._told: set[str] = set()

    def tell(self, *devices: Device, **more: Any) -> None:
        """Change these devices; `gone`, `skip` (revisions left untold) and `broker` as `feed.py` has them."""
        self._post("feed", {"devices": devices, **more})
        self._told |= {device["deviceID"] for device in devices}

    def storm(self, at_once: int, every: float) -> None:
        """New counts for so many devices at a time; 0 ends it."""
        self._post("storm", {"at_once": at_once, "every": every})

    def forget(self) -> None:
        self.tell(gone=list(self._told), workers=[])
        self._told.clear()

    def _post(self, path: str, asked: dict[str, Any]) -> None:
        requests.post(f"{self.url}/{path}", json=asked, timeout=PATIENCE).raise_for_status()
