"""The state of every camera, live to stale by time alone, and what browsers are told of it.

Changes are collected and shown at most `updates_per_second` times a second; each time is one revision. REST
reads the same board that the live channel describes, so a snapshot and the changes after it equal the next
snapshot.
"""

from collections.abc import Sequence
from heapq import heappop, heappush

from common.wire.messages import DeviceStatus, WorkerStatus
from engage.board import Board, Delta, Entry, picture
from engage.events import (
    BrokerConnected,
    BrokerLost,
    DeviceStatusReceived,
    Effect,
    Event,
    MarkerReceived,
    Refused,
    ResultReceived,
    ResyncAsked,
    SendSnapshot,
    Show,
    Started,
    StoredResults,
    StoreFailed,
    Tick,
    TroubleReceived,
    ViewerJoined,
    ViewerLeft,
    WorkerStatusReceived,
)
from engage.known import Known
from engage.models import Broker
from engage.rebuild import Rebuild
from engage.settings import EngageSection
from engage.trouble import trouble_of
from engage.value import supersedes, value_of

_SWEEPS = 100
_WORKERS = 1000


class View:
    """`bucket` is where the pictures for people lie."""

    def __init__(self, settings: EngageSection, bucket: str) -> None:
        self._settings = settings
        self._bucket = bucket
        self._known: dict[str, Known] = {}
        self._workers: dict[str, str] = {}
        self._broker: Broker = "lost"
        self._rebuild = Rebuild(settings.flows, settings.rebuild_timeout)
        self._board = Board(reasons=self._rebuild.reasons())
        self._dirty: set[str] = set()
        self._show_at = 0.0
        self._wanting: dict[str, None] = {}
        self._alarms: list[tuple[float, str]] = []
        self._wakes: dict[str, float] = {}
        self._sweep_at: float | None = None

    def handle(self, event: Event, now: float) -> Sequence[Effect]:
        effects = self._apply(event, now)
        was_ready = self._rebuild.ready
        effects += self._rebuild.due(now)
        self._wake(now)
        self._sweep(now)
        if now >= self._show_at or self._rebuild.ready is not was_ready:
            effects += self._show(now)
        return effects

    def deadline(self) -> float | None:
        moments = [self._rebuild.deadline(), self._sweep_at]
        if self._alarms:
            moments.append(self._alarms[0][0])
        if self._dirty or self._wanting or self._differs():
            moments.append(self._show_at)
        return min((m for m in moments if m is not None), default=None)

    def _apply(self, event: Event, now: float) -> list[Effect]:
        match event:
            case ResultReceived():
                return self._result(event, now)
            case DeviceStatusReceived(status, at, live):
                return self._device_status(status, at.wall, now, live=live)
            case TroubleReceived():
                return self._trouble(event, now)
            case WorkerStatusReceived(status):
                self._worker_status(status)
            case StoredResults():
                return self._stored(event, now)
            case ViewerJoined(viewer) | ResyncAsked(viewer):
                self._wanting[viewer] = None
            case ViewerLeft(viewer):
                self._wanting.pop(viewer, None)
            case Started() | BrokerConnected() | BrokerLost() | MarkerReceived() | StoreFailed():
                return self._servers(event, now)
            case Tick():
                pass
        return []

    def _servers(
        self, event: Started | BrokerConnected | BrokerLost | MarkerReceived | StoreFailed, now: float
    ) -> list[Effect]:
        match event:
            case Started():
                self._sweep_at = now + self._settings.forget_after / _SWEEPS
                return [*self._rebuild.started(now)]
            case BrokerConnected():
                self._broker = "connected"
                return [*self._rebuild.connected(now)]
            case BrokerLost(reason):
                self._broker = "lost"
                self._rebuild.lost(reason)
            case MarkerReceived():
                self._rebuild.marker()
            case StoreFailed(flow, after, reason):
                self._rebuild.failed(flow, after, reason, now)
        return []

    def _stored(self, page: StoredResults, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for result in page.results:
            effects += self._result(ResultReceived(result, page.flow, page.at, live=False), now)
        return [*effects, *self._rebuild.page(page.flow, page.after)]

    def _result(self, event: ResultReceived, now: float) -> list[Effect]:
        flows = self._settings.flows
        if event.flow is not None and event.flow not in flows:
            return []
        rank = len(flows) if event.flow is None else flows.index(event.flow)
        value = value_of(event.result, event.flow, rank, event.at.wall, live=event.live)
        if (value.age(event.at.wall) or 0.0) > self._settings.forget_after:
            return []
        name = event.result.device_id
        if (known := self._find(name, now)) is None:
            return [Refused(name)]
        if event.flow is None:
            known.shown = value.created, value.path
        if known.value is None or supersedes(value, known.value, known.restarted_at):
            known.accept(value, event.at)
            self._heard(name, known, now)
        return []

    def _device_status(self, status: DeviceStatus, wall: float, now: float, *, live: bool) -> list[Effect]:
        if (known := self._find(status.device_id, now)) is None:
            return [Refused(status.device_id)]
        known.report(status, wall, live=live)
        self._heard(status.device_id, known, now)
        return []

    def _trouble(self, event: TroubleReceived, now: float) -> list[Effect]:
        trouble = trouble_of(event.trouble, event.at, live=event.live)
        old = event.at.wall - trouble.at > self._settings.forget_after
        if old or event.flow not in self._settings.flows:
            return []
        name = event.trouble.device_id
        if (known := self._find(name, now)) is None:
            return [Refused(name)]
        if known.suffer(trouble):
            self._heard(name, known, now)
        return []

    def _heard(self, name: str, known: Known, now: float) -> None:
        known.heard = now
        self._dirty.add(name)
        self._set_alarm(name, known, now)

    def _worker_status(self, status: WorkerStatus) -> None:
        """Sessions of workers online; the will of a session that is over does not speak for the next one."""
        if status.state == "online" and len(self._workers) < _WORKERS:
            self._workers[status.worker] = status.session
        elif status.state == "offline" and self._workers.get(status.worker) == status.session:
            del self._workers[status.worker]

    def _find(self, name: str, now: float) -> Known | None:
        known = self._known.get(name)
        if known is None and len(self._known) < self._settings.devices:
            known = self._known[name] = Known(heard=now)
        return known

    def _set_alarm(self, name: str, known: Known, now: float) -> None:
        """One alarm a device, for the earliest moment it may turn; a later one is set when that one rings."""
        turn = known.turns_at(now)
        if turn is not None and turn < self._wakes.get(name, float("inf")):
            self._wakes[name] = turn
            heappush(self._alarms, (turn, name))

    def _wake(self, now: float) -> None:
        """Devices that time alone may have turned."""
        while self._alarms and self._alarms[0][0] <= now:
            when, name = heappop(self._alarms)
            if self._wakes.get(name) != when:
                continue
            del self._wakes[name]
            if known := self._known.get(name):
                self._dirty.add(name)
                self._set_alarm(name, known, now)

    def _sweep(self, now: float) -> None:
        if self._sweep_at is None or now < self._sweep_at:
            return
        self._sweep_at = now + self._settings.forget_after / _SWEEPS
        oldest = now - self._settings.forget_after
        for name in [n for n, k in self._known.items() if k.heard < oldest]:
            del self._known[name]
            self._wakes.pop(name, None)
            self._dirty.add(name)

    def _show(self, now: float) -> list[Effect]:
        """What is shown, for those who asked; then the new board where anything differs."""
        delta = self._delta(now)
        effects: list[Effect] = []
        if self._wanting:
            effects.append(SendSnapshot(tuple(self._wanting), self._board))
        if delta or self._differs():
            entries = dict(self._board.entries)
            revision = self._board.revision + 1 if delta else self._board.revision
            if delta:
                entries |= {name: self._entry(name, now) for name in delta.devices}
                for name in delta.gone:
                    del entries[name]
            ready, reasons = self._rebuild.ready, self._rebuild.reasons()
            self._board = Board(revision, self._broker, entries, len(self._workers), ready, reasons)
            effects.append(Show(self._board, delta))
        self._wanting.clear()
        self._dirty.clear()
        if effects:
            self._show_at = now + 1 / self._settings.updates_per_second
        return effects

    def _delta(self, now: float) -> Delta | None:
        shown = self._board.entries
        known = sorted(name for name in self._dirty if name in self._known)
        devices = tuple(name for name in known if shown.get(name) != self._entry(name, now))
        gone = tuple(sorted(name for name in self._dirty if name not in self._known and name in shown))
        if not devices and not gone and self._broker == self._board.broker:
            return None
        return Delta(self._board.revision, devices, gone)

    def _entry(self, name: str, now: float) -> Entry:
        known = self._known[name]
        value, state, trouble = known.value, known.state(now), known.trouble_at(now)
        if value is None:
            return Entry(name, state, problem=known.problem, trouble=trouble)
        shown = known.shown[1] if known.shown and known.shown[0] == value.created else None
        image = picture(name, value, self._bucket)
        return Entry(name, state, value, known.since, shown, image, known.problem, trouble)

    def _differs(self) -> bool:
        """Whether what the board says of the servers is out of date."""
        board = self._board
        said = (board.broker, board.workers, board.ready, board.reasons)
        return said != (self._broker, len(self._workers), self._rebuild.ready, self._rebuild.reasons())
