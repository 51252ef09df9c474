"""One message, one frozen class. Field names are snake_case here and camelCase on the wire.

The `data` and `result` forms are those of the published people-counter; every field that Headway
adds to them is optional, so its agents and consumers need not know it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.wire.names import DeviceID, FilePath, Flow, ObjectKey, WorkerID, wire_name

SCHEMA_VERSION = 1
MAX_BATCH = 1000
MAX_BOXES = 1000


class Message(BaseModel):
    """Unknown fields are ignored: a newer sender may know more than we do."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, alias_generator=wire_name, allow_inf_nan=False
    )


UnixSeconds = Annotated[float, Field(ge=0, le=1e11, description="seconds since 1970-01-01T00:00:00Z")]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Milliseconds = Annotated[float, Field(ge=0, le=1e9)]
_MOST = 10**9
Count = Annotated[int, Field(ge=0, le=_MOST)]
Pixels = Annotated[int, Field(ge=1, le=2**20)]
Label = Annotated[str, Field(min_length=1, max_length=64)]
MAX_TEXT = 500
Text = Annotated[str, Field(max_length=MAX_TEXT)]
_SIGN, _EDGE = r"[^\x00-\x1f\x7f-\x9f]", r"[^\s\x00-\x1f\x7f-\x9f]"
Title = Annotated[str, StringConstraints(pattern=f"^{_EDGE}({_SIGN}{{0,98}}{_EDGE})?$")]
Interval = Annotated[float, Field(ge=0.02, le=86_400, description="seconds from picture to picture")]
Box = tuple[float, float, float, float, Annotated[float, Field(ge=0, le=1)], Label]
Presence = Literal["online", "offline"]


class Capture(Message):
    """An agent's announcement: the picture lies in the store under `filePath`."""

    type: Literal["data"] = "data"
    device_id: DeviceID
    file_path: FilePath
    creation_timestamp: UnixSeconds
    schema_version: Count = SCHEMA_VERSION
    sequence: Count | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    interval: Annotated[float, Field(gt=0, le=86_400)] | None = None
    site: Text | None = None
    agent_version: Text | None = None


class Model(Message):
    name: Text
    digest: Text

    @property
    def short(self) -> str:
        return f"{self.name}@{self.digest[:8]}"


class Results(Message):
    """What one estimator saw; `count` is people. A box is x1, y1, x2, y2 in pixels, score, class."""

    count: Count
    flow: Flow | None = None
    model: Model | None = None
    counts: dict[Label, Count] = Field(default_factory=dict, max_length=100)
    boxes: tuple[Box, ...] = Field(default=(), max_length=MAX_BOXES)
    zones: dict[Label, Count] = Field(default_factory=dict, max_length=100)
    worker: WorkerID | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    queue_ms: Milliseconds | None = None
    inference_ms: Milliseconds | None = None


class AnalysisMetadata(Message):
    results: Results


class Result(Message):
    """The latest answer for a device; `filePath` names the picture to show, not the raw capture."""

    type: Literal["result"] = "result"
    device_id: DeviceID
    file_path: FilePath
    creation_timestamp: UnixSeconds
    analysis_metadata: AnalysisMetadata
    schema_version: Count = SCHEMA_VERSION
    capture_id: ObjectKey | None = None
    sequence: Count | None = None
    received_at: UnixSeconds | None = None
    published_at: UnixSeconds | None = None
    stale_after: UnixSeconds | None = None
    site: Text | None = None


MAX_TERM = 1_000_000
Term = Annotated[int, Field(ge=0, le=MAX_TERM)]


class Claim(Message):
    """A worker wants these captures; each with the term it claims it in."""

    type: Literal["claim"] = "claim"
    worker: WorkerID
    captures: tuple[tuple[ObjectKey, Term], ...] = Field(min_length=1, max_length=MAX_BATCH)


class Renewal(Message):
    """The owner is still at work on these captures."""

    type: Literal["renewal"] = "renewal"
    worker: WorkerID
    captures: tuple[tuple[ObjectKey, Term], ...] = Field(min_length=1, max_length=MAX_BATCH)


class Finished(Message):
    """These captures need nobody any more: analysed, superseded or bad. The first so many are `answered`:
    their results are out. The last so many are `missing` from the store, and new to whoever finds them there.
    """

    type: Literal["finished"] = "finished"
    worker: WorkerID
    captures: tuple[ObjectKey, ...] = Field(min_length=1, max_length=MAX_BATCH)
    answered: Count = 0
    missing: Count = 0

    @property
    def done(self) -> tuple[ObjectKey, ...]:
        return self.captures[: max(0, len(self.captures) - self.missing)]

    @property
    def not_there(self) -> tuple[ObjectKey, ...]:
        return self.captures[len(self.done) :]


class Trouble(Message):
    """A picture of this device was set aside because the model crashed on it; retained until the next one."""

    type: Literal["trouble"] = "trouble"
    device_id: DeviceID
    capture_id: ObjectKey
    creation_timestamp: UnixSeconds
    reason: Text
    quarantined: ObjectKey
    published_at: UnixSeconds


class DeviceSettings(Message):
    """What somebody wants of an agent; what is None is left to the agent's own settings."""

    interval: Interval | None = None
    name: Title | None = None
    site: Title | None = None
    group: Title | None = None
    paused: bool | None = None


def revision_after(last: int) -> int:
    """Of the settings that are sent next; after the largest, which anybody may have sent, it begins anew."""
    return last % _MOST + 1


class DeviceConfig(Message):
    """The settings that a device shall have, retained; `by` whom and `at` when they were set."""

    type: Literal["deviceConfig"] = "deviceConfig"
    device_id: DeviceID
    revision: Annotated[Count, Field(description="tells settings apart; the latest may have a lower one")]
    settings: DeviceSettings
    by: Text | None = None
    at: UnixSeconds | None = None


class DeviceStatus(Message):
    """An agent's health, retained; `state` offline is its last will, valid for the same `session` only.

    `applied` is the revision of the desired settings that are in force, None while its own are.
    """

    type: Literal["deviceStatus"] = "deviceStatus"
    device_id: DeviceID
    state: Presence
    session: Text
    interval: Annotated[float, Field(gt=0, le=86_400)] | None = None
    pending: Count = 0
    captured: Count = 0
    dropped: Count = 0
    camera: Text | None = None
    error: Text | None = None
    agent_version: Text | None = None
    name: Text | None = None
    site: Text | None = None
    group: Text | None = None
    paused: bool | None = None
    applied: Count | None = None


class WorkerStatus(Message):
    """A worker's presence and load; `state` offline is its last will.

    Retained, by a broker of MQTT 5 for an hour after the last one.
    """

    type: Literal["workerStatus"] = "workerStatus"
    worker: WorkerID
    state: Presence
    session: Text
    flow: Flow
    load: Count = 0
    shed: Count = 0
    model: Model | None = None
    profile: Text | None = None
    provider: Text | None = None
    version: Text | None = None
    shards: Text | None = Field(
        None, description="the parts of the devices it hears, as bits of a hexadecimal number; null: all"
    )
    error: Text | None = Field(None, description="why it analyses nothing; null: it does")


AnyMessage = (
    Capture | Result | Claim | Renewal | Finished | Trouble | DeviceConfig | DeviceStatus | WorkerStatus
)
