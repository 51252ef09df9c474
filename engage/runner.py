"""Engage's hands: where the core's effects meet the bus, the store and the browsers."""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, get_args
from uuid import uuid4

import structlog

from common.inbox import Inbox
from common.loop import Loop
from common.ports import bus as port
from common.ports.bus import Bus, BusEvent, Connected, Disconnected, Received
from common.ports.clock import Clock
from common.ports.store import ObjectStore
from common.telemetry import BUS_CONNECTED
from common.wire.codec import encode
from common.wire.topics import Topics
from engage import metrics
from engage.board import Board, Delta
from engage.eraser import Eraser
from engage.events import (
    BrokerConnected,
    BrokerLost,
    Configure,
    Effect,
    Erase,
    Event,
    Heard,
    ListStored,
    MarkerReceived,
    MessagesHeard,
    ReadStored,
    Refused,
    SendMarker,
    SendSnapshot,
    Show,
    Started,
    SubscriptionRefused,
    Tick,
)
from engage.models import State
from engage.reception import Reception
from engage.settings import EngageSettings
from engage.stored import StoredReader
from engage.value import Moment
from engage.view import View
from engage.waiting import Waiting

log = structlog.get_logger(__name__)

_BACKLOG = 20_000
_TOGETHER = 500
"""Messages until others have their turn."""


class Audience(Protocol):
    """The browsers. No call blocks."""

    def show(self, before: Board, board: Board, delta: Delta) -> None:
        """`delta` leads from the one to the other."""

    def snapshot(self, viewers: Sequence[str], board: Board) -> None:
        """To each of them, before the next `show`."""


class _Look:
    """Messages are waiting."""


class Runner:
    """Runs one view. Threads: the loop's, the bus's, one that lists the store and a few that read from it."""

    def __init__(
        self, settings: EngageSettings, bus: Bus, store: ObjectStore, audience: Audience, clock: Clock
    ) -> None:
        self.board = Board(reasons=("starting",))
        self.clock = clock
        self._view = View(settings.engage, store.bucket)
        self._heard: deque[Heard] = deque()
        self.loop: Loop[Event | _Look, Effect] = Loop(self, self.perform, Tick(), clock)
        self._settings = settings
        self._bus = bus
        self._audience = audience
        self._topics = Topics(settings.bus.prefix)
        self._reception = Reception(settings, clock)
        self._surplus = Inbox(self._topics, clock)
        self._marker = self._topics.engage_ready(uuid4().hex)
        self._marked = False
        """The first marker is heard however much waits before it; the core needs no other."""

        self._stored = StoredReader(store, self._topics, clock, settings.engage.forget_after)
        self._lister = ThreadPoolExecutor(1, "engage-list")
        self._eraser = Eraser(store, settings.engage.flows)
        self._erasing = ThreadPoolExecutor(1, "engage-erase")
        self.waiting = Waiting(settings.engage.waiting)

    def start(self) -> None:
        """Join the bus; the core asks for the rest."""
        self._bus.subscribe(*self._reception.filters(), self._marker)
        self.loop.post(Started(uuid4().hex, self._moment()))
        self._bus.start(self.hear)

    def close(self) -> None:
        self._bus.stop()
        self.waiting.close()
        for pool in (self._lister, self._erasing):
            pool.shutdown(wait=False, cancel_futures=True)
        self._stored.close()

    def tell(self, event: Event) -> bool:
        """From any thread; False, and counted, when there is too much to do already."""
        taken = self.loop.offer(event)
        if not taken:
            metrics.OVERLOADED.inc()
        return taken

    def hear(self, event: BusEvent) -> None:
        """On the bus's thread."""
        match event:
            case Connected(server):
                BUS_CONNECTED.set(1)
                log.info("connected to the MQTT broker", server=server)
                self.loop.post(BrokerConnected())
            case Disconnected(reason):
                BUS_CONNECTED.set(0)
                self.loop.post(BrokerLost(reason))
            case port.Refused(pattern, reason):
                self.loop.post(SubscriptionRefused(pattern, reason))
            case Received(topic) if topic == self._marker:
                if not self._marked:
                    self._marked = True
                    self._append(MarkerReceived())
            case Received():
                if (heard := self._reception.event(event)) is not None:
                    self._keep(heard)
            case _:
                pass

    def _keep(self, heard: Heard) -> None:
        """What comes while the loop is at work is handled together: its turns cost as much as messages."""
        if len(self._heard) >= _BACKLOG:
            metrics.OVERLOADED.inc()
        else:
            self._append(heard)

    def _append(self, heard: Heard) -> None:
        self._heard.append(heard)
        if len(self._heard) == 1:
            self.loop.post(_Look())

    def handle(self, event: "Event | _Look", now: float) -> Sequence[Effect]:
        if isinstance(event, _Look):
            heard = self._heard
            event = MessagesHeard(tuple(heard.popleft() for _ in range(min(len(heard), _TOGETHER))))
            if heard:
                self.loop.post(_Look())
        return self._view.handle(event, now)

    def deadline(self) -> float | None:
        return self._view.deadline()

    def _moment(self) -> Moment:
        return Moment(self.clock.wall(), self.clock.monotonic())

    def perform(self, effect: Effect) -> None:
        """On the loop's thread: nothing here blocks."""
        match effect:
            case Show(board, delta):
                self._show(board, delta)
            case SendSnapshot(viewers, board):
                self._audience.snapshot(viewers, board)
            case SendMarker():
                self._bus.publish(self._marker, b"")
            case ListStored():
                self.loop.aside(self._lister, partial(self._stored.listed, effect))
            case ReadStored():
                self.loop.aside(self._lister, partial(self._stored.read, effect))
            case Erase():
                self._erase(effect)
            case Configure(device, config):
                payload = encode(config) if config else b""
                self._bus.publish(self._topics.device_config(device), payload, retain=True)
            case Refused(device):
                metrics.DEVICES_REFUSED.inc()
                self._surplus.refuse("devices", f"no room for {device}; raise engage.devices")

    def _erase(self, what: Erase) -> None:
        """The bus first: a replica that starts now must not find there what the store has no longer."""
        log.info("forgetting a device", device=what.device, by=what.by)
        topics, device = self._topics, what.device
        for flow in self._settings.engage.flows:
            self._bus.publish(topics.result(flow, device), b"", retain=True)
            self._bus.publish(topics.trouble(flow, device), b"", retain=True)
        self._bus.publish(topics.device_config(device), b"", retain=True)
        self._bus.publish(topics.device_status(device), b"", retain=True)
        self.loop.aside(self._erasing, partial(self._eraser.erase, what))

    def _show(self, board: Board, delta: Delta | None) -> None:
        if board.reasons != self.board.reasons or board.ready != self.board.ready:
            state = ("degraded" if board.reasons else "ready") if board.ready else "not ready"
            log.info(state, reasons=list(board.reasons))
        before, self.board = self.board, board
        states = Counter(entry.state for entry in board.entries.values())
        for state in get_args(State):
            metrics.DEVICES.labels(state).set(states[state])
        metrics.PROBLEMS.set(sum(entry.problem is not None for entry in board.entries.values()))
        metrics.TROUBLES.set(sum(entry.trouble is not None for entry in board.entries.values()))
        metrics.WORKERS.set(board.workers_online)
        metrics.REVISION.set(board.revision)
        metrics.READY.set(board.ready)
        if delta:
            self._audience.show(before, board, delta)
            self.waiting.wake()
