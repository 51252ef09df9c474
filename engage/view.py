"""The state of every camera, live to stale by time alone, and what browsers are told of it.

Changes are collected and shown at most `updates_per_second` times a second; each time is one revision. REST
reads the same board that the live channel describes, so a snapshot and the changes after it equal the next
snapshot. A device has a value for each flow, each in an order of its own; the first flow in the settings that
has one is shown to those who ask for none.
"""

from collections.abc import Sequence
from dataclasses import replace

from common.wire.messages import DeviceConfig, DeviceSettings
from engage.board import Board, Delta, Entry
from engage.erasures import Erasures
from engage.events import (
    BrokerConnected,
    BrokerLost,
    Configure,
    DeviceCleared,
    DeviceConfigCleared,
    DeviceConfigReceived,
    DeviceStatusReceived,
    Effect,
    Erase,
    Erased,
    EraseFailed,
    Event,
    ForgetDevice,
    MarkerReceived,
    MessagesHeard,
    Operation,
    ResultReceived,
    ResyncAsked,
    SendSnapshot,
    Server,
    SetDevice,
    Show,
    Started,
    StoredListed,
    StoredRead,
    StoreFailed,
    SubscriptionRefused,
    Tick,
    TroubleReceived,
    ViewerJoined,
    ViewerLeft,
    WorkerCleared,
    WorkerStatusReceived,
)
from engage.fleet import Workers
from engage.hearing import Hearing
from engage.models import Broker
from engage.rebuild import Rebuild
from engage.renewal import Servers, Sight, renew, servers
from engage.roster import Roster
from engage.settings import EngageSection
from engage.value import Moment

_SWEEPS = 100
_REBUILDING = 5.0
"""Seconds from update to update of the devices until ready: what is heard piece by piece is shown once."""


class View:
    """`bucket` is where the pictures for people lie."""

    def __init__(self, settings: EngageSection, bucket: str) -> None:
        self._settings = settings
        self._sight = Sight(settings.flows, bucket)
        self._roster = Roster(settings.devices)
        self._hearing = Hearing(settings, self._roster)
        self._workers = Workers()
        self._erasures = Erasures()
        self._broker: Broker = "lost"
        self._rebuild = Rebuild(
            settings.flows, settings.rebuild_timeout, settings.devices, self._roster.lacks
        )
        self._board = Board(reasons=("starting",))
        self._show_at = 0.0
        self._devices_at = 0.0
        self._wanting: dict[str, None] = {}
        self._sweep_at: float | None = None
        self._ahead = 0.0
        """Unix seconds less monotonic ones, when they were last told."""

    def handle(self, event: Event, now: float) -> Sequence[Effect]:
        effects = self._apply(event, now)
        was_ready = self._rebuild.ready
        effects += self._rebuild.due(now)
        effects += [erase for erase in self._erasures.due(now) if not self._roster.is_back(erase.device)]
        self._roster.wake(now)
        self._sweep(now)
        if now >= self._show_at or self._rebuild.ready is not was_ready:
            effects += self._show(now)
        return effects

    def deadline(self) -> float | None:
        moments = [
            self._rebuild.deadline(),
            self._sweep_at,
            self._roster.deadline(),
            self._erasures.deadline(),
        ]
        if self._wanting or self._servers() != servers(self._board):
            moments.append(self._show_at)
        elif self._roster.changed:
            moments.append(self._show_at if self._rebuild.ready else max(self._show_at, self._devices_at))
        return min((m for m in moments if m is not None), default=None)

    def _apply(self, event: Event, now: float) -> list[Effect]:
        match event:
            case MessagesHeard(heard):
                return [effect for one in heard for effect in self._apply(one, now)]
            case ResultReceived() | DeviceStatusReceived() | TroubleReceived():
                return self._device(event, now)
            case (
                DeviceConfigReceived()
                | DeviceConfigCleared()
                | DeviceCleared()
                | ForgetDevice()
                | SetDevice()
                | EraseFailed()
            ):
                return self._operate(event, now)
            case WorkerStatusReceived() | WorkerCleared():
                self._worker(event)
            case StoredListed() | StoredRead() | StoreFailed():
                return self._stored(event, now)
            case ViewerJoined() | ResyncAsked() | ViewerLeft():
                self._viewer(event)
            case Started() | BrokerConnected() | BrokerLost() | SubscriptionRefused() | MarkerReceived():
                return self._server(event, now)
            case Erased() | Tick():
                pass
        return []

    def _device(
        self, event: ResultReceived | DeviceStatusReceived | TroubleReceived, now: float
    ) -> list[Effect]:
        self._set_clock(event.at)
        if not event.live:
            self._rebuild.progress(now)
        return [*self._hearing.hear(event, now)]

    def _server(self, event: Server, now: float) -> list[Effect]:
        match event:
            case Started(replica, at):
                self._set_clock(at)
                self._board = replace(self._board, replica=replica, started_at=at.wall)
                self._sweep_at = now + self._settings.forget_after / _SWEEPS
                return [*self._rebuild.started(now)]
            case BrokerConnected():
                self._broker = "connected"
                return [*self._rebuild.connected(now)]
            case BrokerLost(reason):
                self._broker = "lost"
                self._rebuild.lost(reason)
            case SubscriptionRefused(pattern, reason):
                self._rebuild.refused(pattern, reason)
            case MarkerReceived():
                self._rebuild.marker()
        return []

    def _worker(self, event: WorkerStatusReceived | WorkerCleared) -> None:
        match event:
            case WorkerStatusReceived(status, at, live):
                self._workers.report(status, at.wall if live else None)
            case WorkerCleared(worker):
                self._workers.clear(worker)

    def _viewer(self, event: ViewerJoined | ResyncAsked | ViewerLeft) -> None:
        match event:
            case ViewerJoined(viewer) | ResyncAsked(viewer):
                self._wanting[viewer] = None
            case ViewerLeft(viewer):
                self._wanting.pop(viewer, None)

    def _operate(self, event: Operation, now: float) -> list[Effect]:
        """What people want of a device, and what comes of it."""
        match event:
            case DeviceConfigReceived(config):
                self._roster.want(config.device_id, config)
            case DeviceConfigCleared(device):
                self._roster.want(device, None)
            case DeviceCleared(device, at):
                self._roster.bury(device, at.wall)
            case ForgetDevice(device, by, at):
                self._roster.bury(device, at.wall)
                self._erasures.again(Erase(device, by), now)
                return [Erase(device, by)]
            case EraseFailed(device, by):
                self._erasures.again(Erase(device, by), now)
            case SetDevice(device, None):
                return [Configure(device, None)]
            case SetDevice(device, DeviceSettings() as settings, by, at):
                revision = self._roster.next_revision(device)
                config = DeviceConfig(
                    device_id=device, revision=revision, settings=settings, by=by, at=at.wall
                )
                return [Configure(device, config)]
        return []

    def _stored(self, event: StoredListed | StoredRead | StoreFailed, now: float) -> list[Effect]:
        match event:
            case StoredListed(flow, found, after, kind):
                return [*self._rebuild.listed(flow, found, after, kind)]
            case StoreFailed(asked, reason):
                self._rebuild.failed(asked, reason, now)
            case StoredRead(asked, heard):
                self._rebuild.read(asked)
                return [effect for one in heard for effect in self._hearing.hear(one, now)]
        return []

    def _set_clock(self, at: Moment) -> None:
        self._ahead = at.wall - at.steady

    def _sweep(self, now: float) -> None:
        if self._sweep_at is None or now < self._sweep_at:
            return
        self._sweep_at = now + self._settings.forget_after / _SWEEPS
        self._roster.sweep(now - self._settings.forget_after)
        self._workers.sweep(now + self._ahead)

    def _show(self, now: float) -> list[Effect]:
        """What is shown, for those who asked; then the new board where anything differs."""
        differing, state = self._differing(now), self._servers()
        effects: list[Effect] = []
        if self._wanting:
            effects.append(SendSnapshot(tuple(self._wanting), self._board))
        if differing or state != servers(self._board):
            since = self._board.revision
            self._board = renew(self._board, differing, state, now + self._ahead)
            devices = tuple(name for name, entry in differing.items() if entry)
            gone = tuple(name for name, entry in differing.items() if entry is None)
            delta = Delta(since, devices, gone) if self._board.revision > since else None
            effects.append(Show(self._board, delta))
        self._wanting.clear()
        if effects:
            self._show_at = now + 1 / self._settings.updates_per_second
        return effects

    def _differing(self, now: float) -> dict[str, Entry | None]:
        if not self._rebuild.ready and now < self._devices_at:
            return {}
        differing = self._sight.differing(self._board, self._roster, now)
        self._roster.changed.clear()
        if differing:
            self._devices_at = now + _REBUILDING
        return differing

    def _servers(self) -> Servers:
        rebuild = self._rebuild
        return Servers(self._broker, self._workers.known, rebuild.ready, rebuild.reasons())
