"""A worker wired as `python -m inference` is, with a model so cheap that its owner is what is tested."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from common import service
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import Will
from common.ports.clock import SystemClock
from common.wire.codec import encode
from common.wire.messages import Model
from common.wire.topics import Topics
from inference.__main__ import _timing
from inference.detector import PERSON, Detection, Picture
from inference.identity import Identity
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import USUAL
from inference.worker import Worker

HEARTBEAT, SLOWNESS = "CHAOS_HEARTBEAT", "CHAOS_SLOWNESS"
"""Environment variables: seconds of a heartbeat, and those that the model takes to see a picture."""

SWEEP = 10.0
"""Seconds; a test waits for it where nobody heard a capture announced."""


class Brightness:
    """Finds as many people as a picture is bright: the same for the same picture, on every worker."""

    name = "brightness"
    digest = "b" * 64
    profile = "light"
    provider = "cpu"
    labels = (PERSON,)
    batch = 4

    def __init__(self, slowness: float = 0.0) -> None:
        self._slowness = slowness

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        time.sleep(self._slowness * len(pictures))
        return [[Detection(1, 1, 9, 9, 0.9, PERSON)] * people(picture) for picture in pictures]


def people(picture: Picture) -> int:
    return int(picture.mean()) // 20


def main() -> int:
    settings = service.start(InferenceSettings, "inference")
    own = settings.inference
    detector = Brightness(float(os.environ.get(SLOWNESS, "0")))
    model = Model(name=detector.name, digest=detector.digest)
    me = Identity(own.name, uuid4().hex, own.flow, settings.store.bucket, model, own.profile, flows=own.flows)
    heartbeat = float(os.environ.get(HEARTBEAT, USUAL.heartbeat))
    worker = Worker(me, replace(_timing(own, detector.batch), heartbeat=heartbeat, sweep=SWEEP))
    will = Will(Topics(settings.bus.prefix).worker_status(own.name), encode(worker.status("offline")))
    bus = MqttBus(settings.bus, f"headway-worker-{own.name}", will)
    runner = Runner(worker, me, settings, bus, S3Store(settings.store), detector, SystemClock())
    runner.start()
    return service.run(runner.loop, [runner.close])


if __name__ == "__main__":
    sys.exit(main())
