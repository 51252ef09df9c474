"""Services as processes of their own on the real servers, and an ear for what is said on the bus."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from common.ports.bus import Bus, BusEvent, Connected, Received
from common.settings import BusSettings, StoreSettings
from common.wire.codec import decode
from common.wire.topics import PEOPLE_COUNTER, Topics
from tests.eventually import eventually

M = TypeVar("M")


def environment(bus: BusSettings, store: StoreSettings) -> dict[str, str]:
    """What leads a service to these servers."""
    settings = {
        "BUS__PORT": bus.port,
        "BUS__USERNAME": bus.username,
        "BUS__PASSWORD": bus.secret(),
        "BUS__PREFIX": bus.prefix,
        "STORE__ENDPOINT": store.endpoint,
        "STORE__BUCKET": store.bucket,
        "STORE__ACCESS_KEY": store.access_key,
        "STORE__SECRET_KEY": store.secret(),
        "STORE__TIMEOUT": store.timeout,
    }
    return {f"HEADWAY_{name}": str(value) for name, value in settings.items()}


class Services:
    """Processes that end with the test; what one logs is in `<name>.log`."""

    def __init__(self, folder: Path, common: Mapping[str, str]) -> None:
        self.environment = os.environ | common
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, module: str, name: str, settings: Mapping[str, object]) -> "subprocess.Popen[bytes]":
        """`python -m module`; `settings` by their names in the environment, without `HEADWAY_`."""
        own = {f"HEADWAY_{key}": str(value) for key, value in settings.items()}
        with (self._folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", module], env=self.environment | own, stderr=log)
        self._running.append(process)
        return process

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


class Ear:
    """What is said on some topics, in order."""

    def __init__(self, bus: Bus, topics: Topics, *filters: str) -> None:
        """Starts the bus."""
        self.heard: list[Received] = []
        self._topics = topics
        self._up = False
        bus.subscribe(*filters)
        bus.start(self._hear)
        eventually(lambda: self._up)

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected):
            self._up = True
        elif isinstance(event, Received):
            self.heard.append(event)

    def all(self, kind: type[M]) -> list[M]:
        """The messages of one kind that Headway says."""
        ours = (r for r in self.heard if r.topic != PEOPLE_COUNTER and r.payload)
        messages = (decode(self._topics, r.topic, r.payload) for r in ours)
        return [message for message in messages if isinstance(message, kind)]
