"""Agents as processes of their own, on a real broker and a real store, and an ear for what they say."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected, Received
from common.wire.codec import decode
from common.wire.messages import Capture, DeviceStatus
from common.wire.topics import Topics
from tests.eventually import eventually
from tests.servers import Mosquitto, Weed

StartAgent = Callable[..., "subprocess.Popen[bytes]"]


class Ear:
    """What agents say, in order."""

    def __init__(self, bus: MqttBus, topics: Topics) -> None:
        self._topics = topics
        self._heard: list[Received] = []
        self._up = False
        bus.subscribe(topics.image(), topics.device_status())
        bus.start(self._hear)
        eventually(lambda: self._up)

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected):
            self._up = True
        elif isinstance(event, Received):
            self._heard.append(event)

    def _messages(self) -> list[object]:
        return [decode(self._topics, r.topic, r.payload) for r in self._heard]

    @property
    def captures(self) -> list[Capture]:
        return [m for m in self._messages() if isinstance(m, Capture)]

    @property
    def status(self) -> DeviceStatus | None:
        return next((m for m in reversed(self._messages()) if isinstance(m, DeviceStatus)), None)

    def said(self) -> list[str]:
        return [r.payload.decode() for r in self._heard]

    def error(self) -> str:
        """What is wrong with the agent; empty where nothing is."""
        return (self.status and self.status.error) or ""


@pytest.fixture
def start_agent(
    mosquitto: Mosquitto, weed: Weed, store: S3Store, prefix: str, tmp_path: Path
) -> Iterator[StartAgent]:
    """`start_agent(camera, **settings)`, of ingest or by whole names; its log is `<device>.log`."""
    running: list[subprocess.Popen[bytes]] = []

    def start(camera: object, device: str = "cam-1", **settings: object) -> "subprocess.Popen[bytes]":
        common = {
            "HEADWAY_BUS__PORT": mosquitto.port,
            "HEADWAY_BUS__USERNAME": "headway",
            "HEADWAY_BUS__PASSWORD": mosquitto.secret,
            "HEADWAY_BUS__PREFIX": prefix,
            "HEADWAY_STORE__ENDPOINT": f"127.0.0.1:{weed.port}",
            "HEADWAY_STORE__ACCESS_KEY": "headway",
            "HEADWAY_STORE__SECRET_KEY": weed.secret,
            "HEADWAY_STORE__BUCKET": store.bucket,
            "HEADWAY_STORE__TIMEOUT": 2,
        }
        own = {"device": device, "camera": camera, **settings}
        named = {k if k.isupper() else f"HEADWAY_INGEST__{k.upper()}": v for k, v in own.items()}
        with (tmp_path / f"{device}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ingest"],
                env=os.environ | {key: str(value) for key, value in (common | named).items()},
                stderr=log,
            )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def store(weed: Weed, bucket: str) -> S3Store:
    store = S3Store(weed.settings(bucket=bucket))
    store.ensure_bucket()
    return store


@pytest.fixture
def ear(mosquitto: Mosquitto, topics: Topics) -> Iterator[Ear]:
    bus = MqttBus(mosquitto.settings(), f"ear-{topics.prefix[-6:]}")
    yield Ear(bus, topics)
    bus.stop()
