"""An agent: `python -m ingest --config headway.toml`."""

import os
import sys
from uuid import uuid4

from common import service
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import Will
from common.ports.clock import SystemClock
from common.stray import log_stray_lines
from common.wire.codec import encode
from common.wire.topics import Topics
from ingest.agent import Agent, Identity
from ingest.cameras import Album, CameraError, Film, camera_for, place
from ingest.darkroom import Darkroom
from ingest.desired import InForce
from ingest.outbox import Outbox
from ingest.pace import Pace
from ingest.runner import Runner
from ingest.settings import IngestSettings
from ingest.steps import Steps


def main() -> int:
    log_stray_lines()
    settings = service.start(IngestSettings, "ingest")
    own, clock, topics = settings.ingest, SystemClock(), Topics(settings.bus.prefix)
    try:
        text = own.secret() or ""
        camera, name = camera_for(text, own, clock), place(text)
    except CameraError as error:
        sys.exit(f"ingest: setting ingest.camera: {error}")
    me = Identity(own.device, uuid4().hex, settings.store.bucket, name, service.version())
    at_first = InForce(own.interval, own.name, own.site, own.group)
    hurry = isinstance(camera, Film | Album) and not own.realtime
    pace, outbox = Pace(0 if hurry else own.interval), Outbox(own.pending, own.pending_bytes)
    agent = Agent(me, at_first, pace, outbox, lossless=hurry, frames=own.frames)
    will = Will(topics.device_status(own.device), encode(agent.status("offline")))
    bus = MqttBus(settings.bus, f"headway-agent-{own.device}", will)
    darkroom = Darkroom(own.quality, own.max_side, own.rotate, own.flip)
    steps = Steps(own.device, camera, darkroom, S3Store(settings.store))
    runner = Runner(agent, steps, bus, topics, clock)
    runner.start()
    status = service.run(runner.loop, [runner.close])
    if runner.stuck:
        os._exit(status)  # leaving Python would wait for a thread that hangs in the camera
    return status


if __name__ == "__main__":
    sys.exit(main())
