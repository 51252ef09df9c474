"""An agent's hands: where its core's effects meet the camera, the store and the bus."""

import itertools
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import structlog

from common.inbox import Inbox
from common.loop import Loop
from common.ports.bus import Bus, BusEvent, Connected, Delivered, Disconnected, Received, Undelivered
from common.ports.clock import Clock
from common.telemetry import BUS_CONNECTED, SeldomLog
from common.wire.codec import DecodeError, decode, encode
from common.wire.messages import Capture, DeviceConfig, DeviceStatus
from common.wire.topics import Topics
from ingest import metrics
from ingest.agent import Agent
from ingest.events import (
    Announce,
    Announced,
    AnnounceFailed,
    ConfigCleared,
    ConfigHeard,
    ConfigRefused,
    Drop,
    Effect,
    Event,
    Finish,
    Offline,
    Online,
    Release,
    Released,
    Report,
    TakePicture,
    Tick,
    Upload,
)
from ingest.steps import Steps

log = structlog.get_logger(__name__)

_GOODBYE = 0.7


class Runner:
    """Runs one agent. Threads: the loop's, the bus's, one for the camera and one for uploads."""

    def __init__(self, agent: Agent, steps: Steps, bus: Bus, topics: Topics, clock: Clock) -> None:
        self.loop: Loop[Event, Effect] = Loop(agent, self.perform, Tick(), clock)
        self.stuck = False
        """After `close`: a thread hangs in a camera or a store that does not answer, and cannot be joined."""
        self._agent = agent
        self._steps = steps
        self._bus = bus
        self._topics = topics
        self._inbox = Inbox(topics, clock)
        self._log = SeldomLog(log, clock)
        self._camera = ThreadPoolExecutor(1, "camera")
        self._uploads = ThreadPoolExecutor(1, "upload")
        self._tokens = itertools.count()
        self._announcing: dict[int, str] = {}

    def start(self) -> None:
        self._bus.subscribe(self._topics.device_config(self._agent.device))
        self._bus.start(self.hear)

    def close(self) -> None:
        """Let go of the camera, end what is under way if that is soon, and say goodbye."""
        last: list[Future[None]] = [self._camera.submit(self._steps.close), self._uploads.submit(_nothing)]
        self.stuck = bool(wait(last, _GOODBYE).not_done)
        for pool in (self._camera, self._uploads):
            pool.shutdown(wait=not self.stuck, cancel_futures=True)
        self._report(self._agent.status("offline"))
        self._bus.stop()

    def hear(self, event: BusEvent) -> None:
        """On the bus's thread."""
        match event:
            case Connected():
                BUS_CONNECTED.set(1)
                log.info("connected", server=event.server)
                self.loop.post(Online())
            case Disconnected():
                BUS_CONNECTED.set(0)
                self._log.warning("not connected", event.reason, reason=event.reason)
                self.loop.post(Offline())
            case Delivered():
                metrics.ANNOUNCED.inc()
                self.loop.post(Announced(self._announcing.pop(event.token)))
            case Undelivered():
                self._log.warning("not announced", reason=event.reason)
                self.loop.post(AnnounceFailed(self._announcing.pop(event.token), event.reason))
            case Received():
                if (heard := self._config(event)) and not self.loop.offer(heard):
                    self._log.warning("no time for new settings")

    def _config(self, received: Received) -> ConfigHeard | ConfigRefused | ConfigCleared | None:
        if self._inbox.cleared(received):
            log.info("nobody wants other settings any more")
            return ConfigCleared()
        try:
            config = decode(self._topics, received.topic, received.payload)
        except DecodeError as error:
            self._inbox.refuse(received.topic, error.cause)
            return ConfigRefused(error.cause)
        if not isinstance(config, DeviceConfig):
            return None
        log.info("settings that somebody wants", revision=config.revision, by=config.by)
        return ConfigHeard(config)

    def perform(self, effect: Effect) -> None:
        """On the loop's thread: nothing here blocks."""
        match effect:
            case TakePicture():
                self.loop.aside(self._camera, self._steps.take)
            case Release():
                self.loop.aside(self._camera, self._release)
            case Upload():
                self.loop.aside(self._uploads, partial(self._steps.upload, effect.key))
            case Announce():
                self._announce(effect.capture)
            case Drop():
                self._steps.forget(effect.key)
                metrics.DROPPED.labels(effect.reason).inc()
                self._log.warning("gave up a picture", effect.reason, key=effect.key, reason=effect.reason)
            case Report():
                self._report(effect.status)
            case Finish():
                log.info("finished")
                self.loop.stop()
        metrics.PENDING.set(self._agent.pending)

    def _release(self) -> Released:
        self._steps.close()
        return Released()

    def _announce(self, capture: Capture) -> None:
        token = next(self._tokens)
        self._announcing[token] = capture.file_path.key
        self._bus.publish(self._topics.image(capture.device_id), encode(capture), token=token)

    def _report(self, status: DeviceStatus) -> None:
        self._bus.publish(self._topics.device_status(status.device_id), encode(status), retain=True)


def _nothing() -> None:
    """The last job of a pool: when it is done, so is every other."""
