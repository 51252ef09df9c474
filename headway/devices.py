"""The devices as the web service tells them."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from headway import local_http


def fetch(web: str, token: str | None = None) -> list[dict[str, Any]]:
    """`GET /api/v1/devices`; OSError when nothing answers, ValueError when the answer is not that."""
    match json.loads(local_http.get(f"{web}/api/v1/devices", token)):
        case {"devices": [*devices]}:
            return devices
        case _:
            raise ValueError("the answer is no list of devices")


class Watcher:
    """Keeps asking once a second on its own thread, from `start` to `stop`."""

    def __init__(self, web: str, token: str | None = None) -> None:
        self._web = web
        self._token = token
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
                self._latest = fetch(self._web, self._token)
            except (OSError, ValueError):
                self._latest = ()
