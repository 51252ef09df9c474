"""What everybody sees: one immutable board at a time, and the JSON it is shown as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from common.wire.keys import snapshot_key
from common.wire.messages import DeviceConfig
from common.wire.names import ObjectPath
from engage.fleet import Agent, WorkerEntry
from engage.models import Broker, Device, Devices, OriginalAnalysis, OriginalResult, OriginalResults, State
from engage.trouble import Trouble
from engage.value import Value

TOMBSTONES = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """The latest value of one flow; `state` as of a device."""

    value: Value
    state: State
    since: float | None = None
    """The monotonic moment from which its age counts."""

    picture: str | None = None
    """Key of the picture for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A device on the board. Entries are equal that show the same."""

    device_id: str
    state: State
    primary: Shown | None = None
    """What is shown to those who ask for no flow."""

    values: Mapping[str, Shown] = field(default_factory=dict)
    """By flow, in the order of the settings; the original people-counter's has none and is not here."""

    path: ObjectPath | None = None
    """Where consumers of the original people-counter find the picture, if they were told another place."""

    trouble: Trouble | None = None
    name: str | None = None
    site: str | None = None
    group: str | None = None
    agent: Agent | None = None
    seen: float | None = None
    """When the hub heard of a device with an agent last, in unix seconds, if it can tell."""

    desired: DeviceConfig | None = None
    """The settings that somebody gave it."""

    revision: int = field(default=0, compare=False)
    """Of the board on which it became what it is."""

    changed_at: float = field(default=0.0, compare=False)
    """Unix seconds of the same moment."""

    turned: int = field(default=0, compare=False)
    """Of the board on which its state, site or group became what it is."""

    turned_at: float = field(default=0.0, compare=False)

    tag: int = field(default=0, compare=False)
    """64 bits, the same on every replica that shows the same of it."""

    fragments: dict[str | None, bytes] = field(default_factory=dict, compare=False, repr=False)
    """What `engage.fragments` made of it, by flow."""

    @property
    def value(self) -> Value | None:
        return self.primary.value if self.primary else None

    @property
    def since(self) -> float | None:
        return self.primary.since if self.primary else None

    @property
    def picture(self) -> str | None:
        return self.primary.picture if self.primary else None

    @property
    def problem(self) -> str | None:
        """The agent's own words."""
        return self.agent.error if self.agent else None


class Tombstone(NamedTuple):
    """A device left the board, or its site: with which revision and when, in unix seconds."""

    device: str
    revision: int
    at: float
    site: str | None
    """Where it was until then."""


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
    workers: Mapping[str, WorkerEntry] = field(default_factory=dict)
    ready: bool = False
    reasons: tuple[str, ...] = ()
    replica: str = ""
    """Another one for each process; revisions of different replicas do not compare."""

    started_at: float = 0.0
    """Unix seconds."""

    tag: int = 0
    """64 bits, the same on every replica that shows the same."""

    tombstones: tuple[Tombstone, ...] = ()
    """The latest last, at most 10,000; of a device that came back to its site there is none."""

    @property
    def workers_online(self) -> int:
        return sum(worker.state == "online" for worker in self.workers.values())


def version(value: Value) -> str:
    """Names a picture: another capture has another version."""
    return sha256(f"{value.flow}/{value.capture}".encode()).hexdigest()[:16]


def picture(device_id: str, value: Value, bucket: str) -> str | None:
    """Key of the picture for people in our bucket; nothing else is shown: raw captures show faces."""
    if value.flow is None or value.path != (bucket, snapshot_key(value.flow, device_id)):
        return None
    return value.path.key


def address(entry: Entry, flow: str | None = None) -> str | None:
    """Path of the picture on this service, of the primary value or of a flow's."""
    shown = entry.primary if flow is None else entry.values.get(flow)
    if shown is None or shown.picture is None:
        return None
    which = "" if flow is None else f"flow={flow}&"
    return f"/api/v1/devices/{entry.device_id}/snapshot?{which}v={version(shown.value)}"


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
        file_path=str(entry.path or value.path),
        creation_timestamp=value.created,
        analysis_metadata=OriginalAnalysis(results=OriginalResults(count=value.count)),
        display_path=address(entry) or "",
    )


def device(entry: Entry, now: float) -> Device:
    """The JSON of a device at the monotonic moment `now`."""
    from engage.fragments import device_json  # noqa: PLC0415 -- until nobody asks for models any more

    return Device.model_validate_json(device_json(entry, now))


def devices(board: Board, now: float) -> Devices:
    found = [device(board.entries[name], now) for name in sorted(board.entries)]
    return Devices(revision=board.revision, devices=found)
