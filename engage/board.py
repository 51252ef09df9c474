"""What everybody sees: one immutable board at a time, and the JSON it is shown as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from common.wire.keys import snapshot_key
from common.wire.names import ObjectPath
from engage.models import (
    Broker,
    Changes,
    Device,
    Devices,
    DeviceTrouble,
    OriginalAnalysis,
    OriginalResult,
    OriginalResults,
    Snapshot,
    State,
)
from engage.trouble import Trouble
from engage.value import Value


@dataclass(frozen=True, slots=True)
class Entry:
    """A device on the board."""

    device_id: str
    state: State
    value: Value | None = None
    since: float | None = None
    """The monotonic moment from which the value's age counts."""

    shown: ObjectPath | None = None
    """Where consumers of the original people-counter find the picture, if they were told another place."""

    picture: str | None = None
    """Key of the picture for people."""

    problem: str | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """From the revision `since` to the board's."""

    since: int
    devices: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    revision: int = 0
    broker: Broker = "lost"
    entries: Mapping[str, Entry] = field(default_factory=dict)
    workers: int = 0
    ready: bool = False
    reasons: tuple[str, ...] = ()


def version(value: Value) -> str:
    """Names a picture: another capture has another version."""
    return sha256(f"{value.flow}/{value.capture}".encode()).hexdigest()[:16]


def picture(device_id: str, value: Value, bucket: str) -> str | None:
    """Key of the picture for people in our bucket; nothing else is shown: raw captures show faces."""
    if value.flow is None or value.path != (bucket, snapshot_key(value.flow, device_id)):
        return None
    return value.path.key


def address(entry: Entry) -> str | None:
    """Path of the picture on this service."""
    if entry.value is None or entry.picture is None:
        return None
    return f"/api/v1/devices/{entry.device_id}/snapshot?v={version(entry.value)}"


def device(entry: Entry, now: float) -> Device:
    """The JSON of a device at the monotonic moment `now`."""
    value = entry.value
    trouble = _trouble(entry.trouble)
    if value is None:
        return Device(device_id=entry.device_id, state=entry.state, problem=entry.problem, trouble=trouble)
    return Device(
        device_id=entry.device_id,
        state=entry.state,
        count=value.count,
        counts=dict(value.counts),
        captured_at=value.created,
        received_at=value.received,
        age=None if entry.since is None else round(max(0.0, now - entry.since), 3),
        stale_after=value.stale_after,
        flow=value.flow,
        model=value.model,
        snapshot=address(entry),
        sequence=value.sequence,
        skew=value.skew,
        worker=value.worker,
        queue_ms=value.queue_ms,
        inference_ms=value.inference_ms,
        width=value.width,
        height=value.height,
        problem=entry.problem,
        trouble=trouble,
    )


def _trouble(trouble: Trouble | None) -> DeviceTrouble | None:
    if trouble is None:
        return None
    return DeviceTrouble(reason=trouble.reason, at=trouble.at, capture_id=trouble.capture)


def devices(board: Board, now: float) -> Devices:
    return Devices(revision=board.revision, devices=_all(board, now))


def snapshot(board: Board, now: float, wall: float) -> Snapshot:
    return Snapshot(revision=board.revision, now=wall, broker=board.broker, devices=_all(board, now))


def changes(board: Board, delta: Delta, now: float, wall: float) -> Changes:
    return Changes(
        since=delta.since,
        revision=board.revision,
        now=wall,
        broker=board.broker,
        devices=[device(board.entries[name], now) for name in delta.devices],
        gone=list(delta.gone),
    )


def originals(board: Board) -> dict[str, OriginalResult]:
    """By device, as the original people-counter's page wants them at first."""
    return {name: _original(entry, entry.value) for name, entry in board.entries.items() if entry.value}


def renewed(before: Board, board: Board, delta: Delta) -> list[OriginalResult]:
    """As that page wants them later: of those devices whose value is another one."""
    entries = [(before.entries.get(name), board.entries[name]) for name in delta.devices]
    return [
        _original(entry, entry.value)
        for old, entry in entries
        if entry.value and (old is None or old.value != entry.value)
    ]


def _original(entry: Entry, value: Value) -> OriginalResult:
    return OriginalResult(
        device_id=entry.device_id,
        file_path=str(entry.shown or value.path),
        creation_timestamp=value.created,
        analysis_metadata=OriginalAnalysis(results=OriginalResults(count=value.count)),
        display_path=address(entry) or "",
    )


def _all(board: Board, now: float) -> list[Device]:
    return [device(board.entries[name], now) for name in sorted(board.entries)]
