"""Agents and workers as they report themselves."""

from dataclasses import dataclass

from common.wire.messages import DeviceStatus, Presence, WorkerStatus

_WORKERS = 1000
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Agent:
    """What the agent of a device said last."""

    state: Presence
    version: str | None
    camera: str | None
    pending: int
    captured: int
    dropped: int
    error: str | None
    interval: float | None
    paused: bool | None = None
    applied: int | None = None
    name: str | None = None
    site: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class WorkerEntry:
    """A worker in its own words; `seen` is unix seconds, None: not since we started."""

    worker: str
    state: Presence
    session: str
    flow: str
    load: int
    shed: int
    model: str | None
    profile: str | None
    provider: str | None
    version: str | None
    error: str | None = None
    seen: float | None = None


def agent_of(status: DeviceStatus) -> Agent:
    return Agent(
        state=status.state,
        version=status.agent_version,
        camera=status.camera,
        pending=status.pending,
        captured=status.captured,
        dropped=status.dropped,
        error=status.error or None,
        interval=status.interval,
        paused=status.paused,
        applied=status.applied,
        name=status.name or None,
        site=status.site or None,
        group=status.group or None,
    )


class Workers:
    """By name, at most 1,000: those online, and those that left since we started, for an hour."""

    def __init__(self) -> None:
        self.known: dict[str, WorkerEntry] = {}
        """Replaced, never changed: boards share it."""

    def report(self, status: WorkerStatus, seen: float | None) -> None:
        """The will of a session that is over does not speak for the next one."""
        known = self.known.get(status.worker)
        online = status.state == "online"
        if known is None and not (online and self._has_room()):
            return
        if online or (known and known.session == status.session):
            entry = _worker(status, seen or (known.seen if known else None))
            self.known = self.known | {status.worker: entry}

    def _has_room(self) -> bool:
        """Where there is none, whoever left longest ago makes it."""
        if len(self.known) < _WORKERS:
            return True
        left = [entry for entry in self.known.values() if entry.state == "offline"]
        if left:
            self.clear(min(left, key=lambda entry: entry.seen or 0).worker)
        return bool(left)

    def clear(self, worker: str) -> None:
        self.known = {name: entry for name, entry in self.known.items() if name != worker}

    def sweep(self, wall: float) -> None:
        """Drop those that left over an hour ago."""
        gone = [
            e.worker for e in self.known.values() if e.state == "offline" and (e.seen or 0) < wall - _HOUR
        ]
        if gone:
            self.known = {name: entry for name, entry in self.known.items() if name not in gone}


def _worker(status: WorkerStatus, seen: float | None) -> WorkerEntry:
    model = status.model
    return WorkerEntry(
        worker=status.worker,
        state=status.state,
        session=status.session,
        flow=status.flow,
        load=status.load,
        shed=status.shed,
        model=model.short if model else None,
        profile=status.profile,
        provider=status.provider,
        version=status.version,
        error=status.error,
        seen=seen,
    )
