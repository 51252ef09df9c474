"""What browsers and other systems read: the JSON of REST and of the live channel.

`web/src/wire.ts` and the OpenAPI document are generated from these classes. Moments are unix seconds by the
hub's clock unless a field says otherwise; a duration is in seconds unless its name says otherwise.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from common.wire.names import wire_name

State = Literal["live", "stale", "offline", "unknown"]
Broker = Literal["connected", "lost"]


class Answer(BaseModel):
    """Every field is always there; what is not known is null."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=wire_name,
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class DeviceTrouble(Answer):
    """A picture was set aside because the model crashed on it."""

    reason: str
    at: float = Field(description="when it was set aside")
    capture_id: str = Field(description="which picture; a copy of it is kept in quarantine")


class FlowValue(Answer):
    """What one flow of analysis says of a device, in short."""

    count: int
    state: State
    received_at: float | None = Field(description="when the picture was announced to the hub")


class Agent(Answer):
    """The program beside the camera, in its own words."""

    state: Literal["online", "offline"]
    version: str | None
    camera: str | None
    pending: int = Field(description="pictures that wait to be sent")
    captured: int = Field(description="pictures taken since it started")
    dropped: int = Field(description="pictures given up since it started")
    error: str | None
    interval: float | None = Field(description="seconds between two pictures")
    paused: bool | None
    applied: int | None = Field(description="revision of the desired settings that are in force")
    seen: float | None = Field(description="when the hub heard of it last; null: not since the hub started")


class Device(Answer):
    """The latest value of a camera and how far it can be trusted."""

    device_id: str
    name: str | None = Field(None, description="what people call it")
    site: str | None = None
    group: str | None = None
    state: State = Field(
        description="live; stale: older than its deadline; offline: its agent says so; unknown: no value yet"
    )
    count: int | None = Field(None, description="people; null where there is no value")
    counts: dict[str, int] = Field(default_factory=dict, description="objects by class")
    captured_at: float | None = Field(None, description="when the picture was taken, by the device's clock")
    received_at: float | None = Field(None, description="when the picture was announced to the hub")
    age: float | None = Field(None, description="seconds since it was announced")
    stale_after: float | None = Field(None, description="when the value is to be believed no longer")
    flow: str | None = Field(None, description="which flow of analysis the value is from")
    model: str | None = Field(None, description="name of the model and the start of its digest")
    snapshot: str | None = Field(None, description="path of the picture; another `v` is another picture")
    sequence: int | None = Field(None, description="number of the picture within one run of the agent")
    skew: float | None = Field(None, description="device clock minus the hub's, where it is off by over 5 s")
    worker: str | None = Field(None, description="who analysed it")
    queue_ms: float | None = Field(None, description="wait between announcement and analysis")
    inference_ms: float | None = Field(None, description="time the model took")
    width: int | None = Field(None, description="of the picture, in pixels")
    height: int | None = Field(None, description="of the picture, in pixels")
    problem: str | None = Field(
        None, description="why no picture comes, in the words of the device's agent; null when all is well"
    )
    trouble: DeviceTrouble | None = Field(
        None, description="the latest; until 10 min are over and a later picture has been analysed"
    )
    flows: dict[str, FlowValue] = Field(default_factory=dict, description="every flow that has a value")
    agent: Agent | None = Field(None, description="null where no agent has reported")


class Devices(Answer):
    """Every device that was asked for, by id, or what changed of them since a cursor."""

    revision: int = Field(description="grows with every change; another replica has other ones")
    cursor: str = Field(description="give it back as `since` to hear only of changes; any replica takes it")
    full: bool = Field(description="whether these are all; if so, drop what you know beside them")
    devices: list[Device]
    gone: list[str] = Field(description="ids of devices that are not among those asked for any more")


class SelectedDevices(Answer):
    """Likewise, with the `fields` that were asked for."""

    revision: int
    cursor: str
    full: bool
    devices: list[dict[str, JsonValue]]
    gone: list[str]


class Totals(Answer):
    """`count` is the sum over live values; the other devices are left out of it."""

    devices: int
    count: int
    left_out: int = Field(description="devices whose value is stale, offline or unknown")
    states: dict[State, int]


class Group(Totals):
    group: str | None


class Site(Totals):
    site: str | None
    groups: list[Group]


class Sites(Answer):
    """Where devices are, by name; those that tell no site or group are under null."""

    sites: list[Site]
    total: Totals


class Worker(Answer):
    """A worker in its own words."""

    worker: str
    state: Literal["online", "offline"]
    flow: str
    load: int = Field(description="pictures that wait for it")
    shed: int = Field(description="pictures given up since it started")
    model: str | None
    profile: str | None
    provider: str | None
    version: str | None = Field(description="of Headway")
    error: str | None = Field(description="why it analyses nothing; null: it does")
    seen: float | None = Field(description="when the hub heard of it last; null: not since the hub started")


class Workers(Answer):
    workers: list[Worker]


class Settings(Answer):
    """What somebody wants of a device; null leaves it to the device's own settings."""

    interval: float | None = Field(description="seconds between two pictures")
    name: str | None
    site: str | None
    group: str | None
    paused: bool | None


class DesiredSettings(Answer):
    """In force once the agent has applied their revision."""

    device_id: str
    desired: Settings | None = Field(description="null where nobody asked for any")
    revision: int | None = Field(description="null where nobody asked, or until the broker has them")
    applied: int | None = Field(description="revision that the agent says is in force")
    by: str | None = Field(description="who asked for them")
    at: float | None = Field(description="when")


class Snapshot(Answer):
    """The whole state, on connecting and after `resync`."""

    revision: int
    now: float = Field(description="when this was sent; compare `staleAfter` with it")
    broker: Broker
    devices: list[Device]


class Changes(Answer):
    """What differs between two revisions; whoever is not at `since` asks for a snapshot with `resync`."""

    since: int
    revision: int
    now: float = Field(description="when this was sent; compare `staleAfter` with it")
    broker: Broker
    devices: list[Device]
    gone: list[str] = Field(description="ids of devices that are no longer known")


class Problem(Answer):
    """RFC 9457: why a request was not answered, and in `detail` what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Health(Answer):
    """`ready` counts for load balancers; `reasons` say what is missing or degraded."""

    ready: bool
    reasons: list[str]


class OriginalResults(Answer):
    count: int


class OriginalAnalysis(Answer):
    results: OriginalResults


class OriginalResult(Answer):
    """A result in the form of the original people-counter, as its page and its REST clients read it."""

    type: Literal["result"] = "result"
    device_id: str
    file_path: str = Field(
        description="<bucket>/<key> of the picture, for a consumer with access to the store"
    )
    creation_timestamp: float
    analysis_metadata: OriginalAnalysis
    display_path: str = Field(description="path of the picture for a page; empty where there is none to show")


class Alive(Answer):
    alive: Literal[True] = True
