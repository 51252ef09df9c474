"""A worker's hands: where its core's effects meet the bus, the store and the model."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from common.inbox import Inbox
from common.loop import Loop
from common.ports.bus import (
    Bus,
    BusEvent,
    Connected,
    Delivered,
    Disconnected,
    Received,
    Refused,
    Undelivered,
)
from common.ports.clock import Clock, SteadyClock
from common.ports.store import ObjectStore
from common.telemetry import BUS_CONNECTED
from common.wire.codec import encode, encode_people_counter
from common.wire.keys import may_announce
from common.wire.messages import AnyMessage, Capture, Claim, DeviceStatus, Finished, Renewal, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Topics
from inference import metrics
from inference.detector import Detector
from inference.events import (
    Absent,
    Analyse,
    Decided,
    Delete,
    Drop,
    Effect,
    Event,
    Fetch,
    Ignore,
    Keep,
    Known,
    Listen,
    NotHeard,
    NotPublished,
    Offline,
    Online,
    Peer,
    Publish,
    Published,
    Recall,
    Said,
    SaidElsewhere,
    Say,
    Seen,
    SetAside,
    Settle,
    Settled,
    Show,
    Sweep,
    Tick,
)
from inference.identity import Identity
from inference.kept import KeptResults
from inference.noting import Note
from inference.parts import parts
from inference.results import moved, result, trouble
from inference.search import Search
from inference.settings import InferenceSettings
from inference.steps import Desk, Steps
from inference.worker import Worker

log = structlog.get_logger(__name__)

SHARD = "0"
STATUS_LASTS = 3600
"""Seconds until the broker forgets a worker that says no more; else it would keep every one that ever was."""
_FLOWS = 100


class Runner:
    """Runs one worker. Threads: the loop's, the bus's, and one small pool for each kind of step."""

    def __init__(
        self,
        worker: Worker,
        me: Identity,
        settings: InferenceSettings,
        bus: Bus,
        store: ObjectStore,
        detector: Detector,
        clock: Clock,
    ) -> None:
        self.loop: Loop[Event, Effect] = Loop(worker, self.perform, Tick(), clock)
        self._worker = worker
        self._me = me
        self._compat = settings.compat.people_counter
        self._flows = me.flows or (me.flow,)
        self._met = set(self._flows)
        self._shares = settings.inference.share_from > 0
        self._bus = bus
        self._bucket = store.bucket
        self._clock = SteadyClock(clock)
        self._topics = Topics(settings.bus.prefix)
        self._inbox = Inbox(self._topics, clock)
        self._desk = Desk()
        self._steps = Steps(store, detector, settings, self._clock, self._desk)
        self._search = Search(store, settings, self._clock)
        self._kept = KeptResults(store, settings.inference, clock, self._desk)
        self._tokens = itertools.count()
        self._publishing: dict[int, str] = {}
        self._pools = {
            name: ThreadPoolExecutor(threads, name)
            for name, threads in (("fetch", 2), ("model", 1), ("show", 1), ("tidy", 1))
        }

    def start(self) -> None:
        """Join the bus; the core starts claiming when it is heard there."""
        self._bus.subscribe(self._topics.worker_status(), self._topics.image())
        self._bus.subscribe(*map(self._topics.claim, self._flows))
        if self._shares:
            self._bus.subscribe(self._topics.device_status())
        if self._compat:
            self._bus.subscribe(PEOPLE_COUNTER)
        self._bus.start(self.hear)

    def leave(self) -> None:
        """Say goodbye once the loop has ended, so that others take over at once: no result follows."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._say(self._worker.status("offline"))

    def close(self) -> None:
        """After `leave`: wait for the steps under way. A model that may hang is to be stopped before."""
        for pool in self._pools.values():
            pool.shutdown()
        self._bus.stop()
        self._kept.keep_all()

    def hear(self, event: BusEvent) -> None:
        """On the bus's thread."""
        match event:
            case Connected():
                BUS_CONNECTED.set(1)
                self.loop.post(Online(event.many_filters))
            case Disconnected():
                BUS_CONNECTED.set(0)
                self.loop.post(Offline())
            case Delivered():
                self.loop.post(Published(self._publishing.pop(event.token)))
            case Undelivered():
                self.loop.post(NotPublished(self._publishing.pop(event.token), event.reason))
            case Refused():
                self.loop.post(NotHeard())
            case Received():
                place, message = self._inbox.told(event) or (None, None)
                if place and message and (heard := self._event(message, event.topic, place.flow)) is not None:
                    self._offer(heard)

    def _offer(self, event: Event) -> None:
        if not self.loop.offer(event):
            metrics.OVERLOADED.inc()

    def _event(self, message: AnyMessage, topic: str, flow: str) -> Event | None:
        match message:
            case Capture():
                return self._announced(message, topic)
            case Claim() | Renewal() | Finished() if flow == self._me.flow:
                return Said(message)
            case Finished():
                return SaidElsewhere(flow, message.done)
            case WorkerStatus():
                self._look_out(message)
                return Peer(message)
            case DeviceStatus():
                return Known(message.device_id)
            case _:
                return None

    def _announced(self, capture: Capture, topic: str) -> Seen | None:
        device, (bucket, key) = capture.device_id, capture.file_path
        if bucket != self._bucket:
            self._inbox.refuse(topic, f"the picture lies in bucket {bucket}, not in ours")
        elif not may_announce(device, key, people_counter=topic == PEOPLE_COUNTER):
            self._inbox.refuse(topic, f"{key} is no capture of {device}: it may announce its own only")
        else:
            return Seen(capture, self._clock.wall())
        return None

    def _look_out(self, status: WorkerStatus) -> None:
        """For a flow that deletes what ours needs, and the reverse."""
        flow = status.flow
        if status.state == "offline" or flow in self._met or len(self._met) > _FLOWS:
            return
        self._met.add(flow)
        log.warning(
            "another flow: where it has the same bucket, name both in inference.flows, or each deletes the"
            " other's pictures",
            flow=flow,
            worker=status.worker,
        )

    def perform(self, effect: Effect) -> None:  # noqa: C901, PLR0912 -- one arm an effect
        """On the loop's thread: nothing here blocks."""
        steps = self._steps
        match effect:
            case Say():
                self._say(effect.message)
            case Note():
                self._aside("tidy", partial(steps.note, effect.capture))
            case Fetch():
                self._aside("fetch", partial(steps.fetch, effect.key))
            case Analyse():
                self._aside("model", partial(steps.analyse, effect.keys))
            case Show():
                self._aside("show", partial(steps.show, effect.key, effect.capture))
            case Publish():
                self._publish(effect)
            case Settle():
                self._aside("tidy", partial(steps.settle, effect.key, effect.capture, leave=effect.leave))
            case Keep():
                self._aside("tidy", partial(self._kept.keep, effect.device, overdue=effect.overdue))
            case SetAside():
                self._set_aside(effect)
            case Decided():
                metrics.DECISION_SECONDS.observe(effect.late)
            case Absent():
                self._aside("tidy", partial(steps.note_absent, effect.key))
            case Drop():
                self._desk.clear(effect.key)
            case Delete():
                self._aside("tidy", partial(steps.delete, effect))
            case Sweep():
                self._aside("tidy", partial(self._search.page, effect.after))
            case Recall():
                self._aside("tidy", partial(self._kept.recall, effect.found))
            case Listen():
                self._bus.subscribe(*map(self._topics.image, effect.devices))
            case Ignore():
                self._bus.unsubscribe(*map(self._topics.image, effect.devices))
        metrics.LOAD.set(self._worker.load)
        metrics.WAITING.set(self._worker.waiting)

    def _aside(self, pool: str, step: Callable[[], Event]) -> None:
        self.loop.aside(self._pools[pool], step)

    def _say(self, message: Claim | Renewal | Finished | WorkerStatus) -> None:
        if isinstance(message, WorkerStatus):
            topic = self._topics.worker_status(message.worker)
            self._bus.publish(topic, encode(message), retain=True, expires=STATUS_LASTS)
            return
        for part in parts(message):
            self._bus.publish(self._topics.claim(self._me.flow, SHARD), encode(part))

    def _set_aside(self, effect: SetAside) -> None:
        message = trouble(self._me, effect.capture, effect.reason, self._clock.true.wall())
        topic = self._topics.trouble(self._me.flow, effect.capture.device_id)

        def step() -> Event:
            outcome = self._steps.set_aside(effect.key, message, leave=effect.leave)
            if isinstance(outcome, Settled):
                self._bus.publish(topic, encode(message), retain=True)
            return outcome

        self._aside("tidy", step)

    def _publish(self, effect: Publish) -> None:
        examined = self._desk.examined[effect.key]
        message = result(self._me, effect.capture, examined, effect.received_at, self._clock.wall())
        message = moved(message, self._clock.off())
        self._desk.latest[effect.capture.device_id] = message
        metrics.QUEUE_SECONDS.observe(max(0.0, examined.started_at - effect.received_at))
        if self._compat:
            shown = ObjectPath(self._bucket, self._desk.shown[effect.key])
            original = message.model_copy(update={"file_path": shown})
            self._bus.publish(PEOPLE_COUNTER, encode_people_counter(original))
        token = next(self._tokens)
        self._publishing[token] = effect.key
        topic = self._topics.result(self._me.flow, effect.capture.device_id)
        self._bus.publish(topic, encode(message), retain=True, token=token)
