"""A worker: `python -m inference --config headway.toml`."""

import sys
from functools import partial
from uuid import uuid4

import structlog

from common import service
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import Will
from common.ports.clock import SystemClock
from common.wire.codec import encode
from common.wire.messages import Model
from common.wire.topics import Topics
from inference.model.error import ModelError
from inference.model.prepare import prepare
from inference.model_process import ModelProcess
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.ssdlite_detector import SsdliteDetector
from inference.worker import Identity, Timing, Worker

log = structlog.get_logger(__name__)


def main() -> int:
    settings = service.start(InferenceSettings, "inference")
    own = settings.inference
    try:
        prepare(lambda step: log.info("preparing the model", step=str(step)))
        detector = ModelProcess(partial(SsdliteDetector.load, own.profile), own.model_timeout)
    except ModelError as error:
        sys.exit(f"inference: {error}")
    model = Model(name=detector.name, digest=detector.digest)
    bucket = settings.store.bucket
    me = Identity(own.name, uuid4().hex, own.flow, bucket, model, own.profile, detector.provider)
    timing = Timing(max_batch=own.max_batch, max_wait=own.max_wait, settle=own.settle, lease=own.lease)
    worker = Worker(me, timing)
    will = Will(Topics(settings.bus.prefix).worker_status(own.name), encode(worker.status("offline")))
    bus = MqttBus(settings.bus, f"headway-worker-{own.name}", will)
    runner = Runner(worker, me, settings, bus, S3Store(settings.store), detector, SystemClock())
    runner.start()
    log.info(
        "worker", name=own.name, flow=own.flow, model=model.name, digest=model.digest, profile=own.profile
    )
    return service.run(runner.loop, [runner.close, detector.close])


if __name__ == "__main__":
    sys.exit(main())
