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
    OriginalAnalysis,
    OriginalResult,
    OriginalResults,
    Snapshot,
    State,
)
from engage.value import Value


@dataclass(frozen=True, slots=True)
class Entry:
    """A device on the board; `since` is the monotonic moment from which the value's age counts."""

    device_id: str
    state: State
    value: Value | None = None
    since: float | None = None


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


def picture(entry: Entry) -> ObjectPath | None:
    """Where the picture for people lies; nothing else in the store is shown: raw captures show faces."""
    value = entry.value
    if value is None or value.flow is None or value.path.key != snapshot_key(value.flow, entry.device_id):
        return None
    return value.path


def device(entry: Entry, now: float) -> Device:
    """The JSON of a device at the monotonic moment `now`."""
    value = entry.value
    if value is None:
        return Device(device_id=entry.device_id, state=entry.state)
    path = f"/api/v1/devices/{entry.device_id}/snapshot?v={version(value)}" if picture(entry) else None
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
        snapshot=path,
        sequence=value.sequence,
        skew=value.skew,
        worker=value.worker,
        queue_ms=value.queue_ms,
        inference_ms=value.inference_ms,
        width=value.width,
        height=value.height,
    )


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
    """By device, as the original people-counter's page wants them."""
    return {name: original(name, entry.value) for name, entry in board.entries.items() if entry.value}


def original(name: str, value: Value) -> OriginalResult:
    return OriginalResult(
        device_id=name,
        file_path=str(value.path),
        creation_timestamp=value.created,
        analysis_metadata=OriginalAnalysis(results=OriginalResults(count=value.count)),
    )


def _all(board: Board, now: float) -> list[Device]:
    return [device(board.entries[name], now) for name in sorted(board.entries)]
