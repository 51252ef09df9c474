"""Agents as processes of their own, on a real broker and a real store, and an ear for what they say."""

import subprocess
from collections.abc import Callable

import pytest

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.wire.messages import Capture, DeviceStatus
from common.wire.topics import Topics
from tests.services import Ear, Services

StartAgent = Callable[..., "subprocess.Popen[bytes]"]


class AgentEar(Ear):
    """What agents say, in order."""

    @property
    def captures(self) -> list[Capture]:
        return self.all(Capture)

    @property
    def status(self) -> DeviceStatus | None:
        return next(reversed(self.all(DeviceStatus)), None)

    def said(self) -> list[str]:
        return [r.payload.decode() for r in self.heard]

    def error(self) -> str:
        """What is wrong with the agent; empty where nothing is."""
        return (self.status and self.status.error) or ""


@pytest.fixture
def ear(bus: MqttBus, topics: Topics) -> AgentEar:
    return AgentEar(bus, topics, topics.image(), topics.device_status())


@pytest.fixture
def start_agent(services: Services, s3: S3Store) -> StartAgent:  # noqa: ARG001 -- its bucket is there
    """`start_agent(camera, **settings)`, of ingest or by whole names; its log is `<device>.log`."""

    def start(
        camera: object, device: str = "cam-1", module: str = "ingest", **settings: object
    ) -> "subprocess.Popen[bytes]":
        own = {"device": device, "camera": camera, **settings}
        named = {k if k.isupper() else f"INGEST__{k.upper()}": v for k, v in own.items()}
        return services.start(module, device, named)

    return start
