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
from common.stray import log_stray_lines
from common.wire.codec import encode
from common.wire.messages import Model
from common.wire.topics import Topics
from inference.batch_size import load_tuned
from inference.identity import Identity
from inference.model.error import ModelError
from inference.model.prepare import prepare
from inference.model_process import ModelProcess
from inference.runner import STATUS_LASTS, Runner
from inference.settings import InferenceSection, InferenceSettings
from inference.timing import Timing
from inference.worker import Worker

log = structlog.get_logger(__name__)

_DEVICES = 8  # in a batch: more would wait for one worker while others are idle


def main() -> int:
    log_stray_lines()
    settings = service.start(InferenceSettings, "inference")
    own = settings.inference
    detector = _load(own)
    return run(settings, detector, timing(settings, detector.batch))


def run(settings: InferenceSettings, detector: ModelProcess, timing: Timing) -> int:
    """A worker with this model, until it is told to end. The exit status."""
    own = settings.inference
    model = Model(name=detector.name, digest=detector.digest)
    bucket = settings.store.bucket
    me = Identity(
        own.name,
        uuid4().hex,
        own.flow,
        bucket,
        model,
        own.profile,
        detector.provider,
        service.version(),
        own.flows,
    )
    worker = Worker(me, timing)
    topic = Topics(settings.bus.prefix).worker_status(own.name)
    will = Will(topic, encode(worker.status("offline")), STATUS_LASTS)
    bus = MqttBus(settings.bus, f"headway-worker-{own.name}", will)
    runner = Runner(worker, me, settings, bus, S3Store(settings.store), detector, SystemClock())
    runner.start()
    log.info("worker", name=own.name, flow=own.flow, model=model.name, provider=detector.provider)
    return service.run(runner.loop, [runner.leave, detector.stop, runner.close, detector.close])


def _load(own: InferenceSection) -> ModelProcess:
    try:
        prepare(lambda step: log.info("preparing the model", step=str(step)))
        detector = ModelProcess(partial(load_tuned, own.profile, own.provider), own.model_timeout)
    except ModelError as error:
        sys.exit(f"inference: {error}")
    if detector.why_not_cuda and own.provider == "auto":
        log.info("no GPU", reason=detector.why_not_cuda)
    return detector


def timing(settings: InferenceSettings, best: int) -> Timing:
    """`best` is how many pictures at once suit the model."""
    own = settings.inference
    max_batch = own.max_batch or max(_DEVICES, best)
    return Timing(
        max_batch=max_batch,
        model_batch=min(max_batch, best),
        max_wait=own.max_wait,
        settle=own.settle,
        lease=own.lease,
        share_from=own.share_from,
        policy=own.policy,
        max_age=own.max_age,
        keep=own.keep,
        flow_wait=own.flow_wait,
        unheard=settings.compat.unheard,
    )


if __name__ == "__main__":
    sys.exit(main())
