"""The devices as the web service tells them."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.request import urlopen

_SECONDS = 2.0
_MOST = 10_000_000


def fetch(web: str) -> list[dict[str, Any]]:
    """`GET /api/v1/devices`; OSError when nothing answers, ValueError when the answer is not that."""
    with urlopen(f"{web}/api/v1/devices", timeout=_SECONDS) as answer:  # noqa: S310 -- from our own file
        devices = json.loads(answer.read(_MOST))["devices"]
    if not isinstance(devices, list):
        raise TypeError("devices is no list")
    return devices


class Watcher:
    """Keeps asking once a second on its own thread, from `start` to `stop`."""

    def __init__(self, web: str) -> None:
        self._web = web
        self._latest: Sequence[Mapping[str, Any]] = ()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices")

    def start(self) -> None:
        self._thread.start()

    def latest(self) -> Sequence[Mapping[str, Any]]:
        return self._latest

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(1.0):
            try:
                self._latest = fetch(self._web)
            except (OSError, ValueError, TypeError, KeyError):
                self._latest = ()
