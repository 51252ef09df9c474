"""A view driven as the loop drives it, and a browser that believes only what it is told."""

from collections.abc import Sequence
from typing import get_args

from common.ports.clock import ManualClock
from common.wire.messages import DeviceStatus, Result, Trouble
from engage.board import Board, Entry
from engage.events import (
    BrokerConnected,
    DeviceStatusReceived,
    Effect,
    Event,
    Kept,
    MarkerReceived,
    ResultReceived,
    Show,
    Started,
    StoredListed,
    Tick,
    TroubleReceived,
)
from engage.settings import EngageSection
from engage.value import Moment
from engage.view import View
from tests.engage.samples import BUCKET


class Watcher:
    """`shown` is every board with its delta; `copy` is what a browser that joined at first has now."""

    def __init__(self, settings: EngageSection | None = None) -> None:
        self.clock = ManualClock()
        self.flows = (settings or EngageSection()).flows
        self.view = View(settings or EngageSection(), BUCKET)
        self.shown: list[Show] = []
        self.effects: list[Effect] = []
        self.revision = 0
        self.copy: dict[str, Entry] = {}

    @property
    def board(self) -> Board:
        return self.shown[-1].board

    def tell(self, *events: Event) -> list[Effect]:
        effects: list[Effect] = []
        for event in events:
            effects += self._note(self.view.handle(event, self.clock.monotonic()))
        return effects

    def ready(self) -> "Watcher":
        """As after a start with an empty broker and an empty store."""
        self.tell(
            Started("here", self.now),
            BrokerConnected(),
            MarkerReceived(),
            *(StoredListed(flow, (), None, kind) for kind in get_args(Kept) for flow in self.flows),
        )
        return self

    @property
    def wall(self) -> float:
        return self.clock.wall()

    @property
    def now(self) -> Moment:
        return Moment(self.wall, self.clock.monotonic())

    def hear(self, *results: Result, flow: str | None = "production", live: bool = True) -> None:
        self.tell(*(ResultReceived(result, flow, self.now, live) for result in results))

    def status(self, status: DeviceStatus, *, live: bool = True) -> None:
        self.tell(DeviceStatusReceived(status, self.now, live))

    def suffer(self, trouble: Trouble, flow: str = "production", *, live: bool = True) -> None:
        self.tell(TroubleReceived(trouble, flow, self.now, live))

    def wait(self, seconds: float) -> None:
        """Ticks come exactly when the view asked for them; one that does not pass its deadline fails."""
        end = self.clock.monotonic() + seconds
        for _ in range(10_000):
            deadline = self.view.deadline()
            if deadline is None or deadline > end:
                break
            self.clock.advance(max(0.0, deadline - self.clock.monotonic()))
            self.tell(Tick())
        else:
            raise AssertionError(f"the view asks for a tick again and again at {deadline}")
        self.clock.advance(end - self.clock.monotonic())

    def entry(self, device: str) -> Entry:
        """After the time in which changes are collected."""
        self.wait(0.3)
        return self.board.entries[device]

    def in_trouble(self, device: str) -> bool:
        return self.entry(device).trouble is not None

    def state(self, device: str) -> str:
        return self.entry(device).state

    def count(self, device: str) -> int | None:
        value = self.entry(device).value
        return value.count if value else None

    def _note(self, effects: Sequence[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, Show):
                self._show(effect)
        self.effects += effects
        return list(effects)

    def _show(self, show: Show) -> None:
        self.shown.append(show)
        if show.delta is None:
            assert show.board.revision == self.revision
            return
        assert show.delta.since == self.revision
        assert show.board.revision > self.revision
        self.revision = show.board.revision
        for name in show.delta.gone:
            del self.copy[name]
        self.copy |= {name: show.board.entries[name] for name in show.delta.devices}
        assert self.copy == show.board.entries
