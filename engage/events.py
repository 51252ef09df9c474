"""What the core is told and what it wants done."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from common.wire.messages import DeviceConfig, DeviceSettings, DeviceStatus, Result, Trouble, WorkerStatus
from engage.board import Board, Delta
from engage.value import Moment

Kept = Literal["result", "trouble"]
"""What the store keeps of a device: the latest of each, for each flow."""


@dataclass(frozen=True, slots=True)
class Started:
    """Once, first of all; `replica` names this process."""

    replica: str
    at: Moment


@dataclass(frozen=True, slots=True)
class ResultReceived:
    """`flow` is its topic's, None on the original people-counter's; `live` is False for a retained one."""

    result: Result
    flow: str | None
    at: Moment
    live: bool


@dataclass(frozen=True, slots=True)
class DeviceStatusReceived:
    status: DeviceStatus
    at: Moment
    live: bool


@dataclass(frozen=True, slots=True)
class TroubleReceived:
    """`flow` is its topic's; `live` is False for a retained one."""

    trouble: Trouble
    flow: str
    at: Moment
    live: bool


@dataclass(frozen=True, slots=True)
class WorkerStatusReceived:
    status: WorkerStatus
    at: Moment
    live: bool


@dataclass(frozen=True, slots=True)
class DeviceConfigReceived:
    """The desired settings of a device, our own ones too."""

    config: DeviceConfig
    at: Moment


@dataclass(frozen=True, slots=True)
class DeviceCleared:
    """The retained status or result of a device was taken back: it is to leave the board."""

    device: str
    at: Moment


@dataclass(frozen=True, slots=True)
class DeviceConfigCleared:
    device: str
    at: Moment


@dataclass(frozen=True, slots=True)
class WorkerCleared:
    worker: str


@dataclass(frozen=True, slots=True)
class ForgetDevice:
    """`by` asks that it leaves every replica and that nothing of it is kept; it may speak again."""

    device: str
    by: str
    at: Moment


@dataclass(frozen=True, slots=True)
class SetDevice:
    """`by` asks for these settings; None leaves the device to its own. The echo changes the board."""

    device: str
    settings: DeviceSettings | None
    by: str
    at: Moment


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    pass


@dataclass(frozen=True, slots=True)
class BrokerLost:
    reason: str


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker does not let us hear what matches this filter, until the next connection."""

    filter: str
    reason: str


@dataclass(frozen=True, slots=True)
class MarkerReceived:
    """Our own marker came back: what was retained when it was sent, is here."""


@dataclass(frozen=True, slots=True)
class ListStored:
    """List one page of what is stored of a flow behind the key `after`."""

    flow: str
    after: str
    kind: Kept = "result"


@dataclass(frozen=True, slots=True)
class ReadStored:
    """Get what is stored of these devices."""

    flow: str
    devices: tuple[str, ...]
    kind: Kept = "result"


class Stored(NamedTuple):
    """A stored result or trouble by name; `modified` is unix seconds by the store's clock."""

    device: str
    modified: float


@dataclass(frozen=True, slots=True)
class StoredListed:
    """One page; `after` asks for the next, None where this was the last."""

    flow: str
    found: tuple[Stored, ...]
    after: str | None
    kind: Kept = "result"


@dataclass(frozen=True, slots=True)
class StoredRead:
    """Of these devices, what could be used."""

    asked: ReadStored
    heard: tuple[ResultReceived | TroubleReceived, ...]


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """What was asked for did not come."""

    asked: ListStored | ReadStored
    reason: str


@dataclass(frozen=True, slots=True)
class ViewerJoined:
    viewer: str


@dataclass(frozen=True, slots=True)
class ViewerLeft:
    viewer: str


@dataclass(frozen=True, slots=True)
class ResyncAsked:
    viewer: str


@dataclass(frozen=True, slots=True)
class Erased:
    device: str


@dataclass(frozen=True, slots=True)
class EraseFailed:
    """The store did not delete what it has of the device."""

    device: str
    by: str


@dataclass(frozen=True, slots=True)
class Tick:
    pass


Heard = (
    ResultReceived
    | DeviceStatusReceived
    | TroubleReceived
    | WorkerStatusReceived
    | DeviceConfigReceived
    | DeviceCleared
    | DeviceConfigCleared
    | WorkerCleared
    | MarkerReceived
)


@dataclass(frozen=True, slots=True)
class MessagesHeard:
    """What came over the bus while something else was done, in its order."""

    heard: tuple[Heard, ...]


Operation = (
    DeviceConfigReceived | DeviceConfigCleared | DeviceCleared | ForgetDevice | SetDevice | EraseFailed
)
Server = Started | BrokerConnected | BrokerLost | SubscriptionRefused | MarkerReceived

Event = (
    Server
    | Heard
    | MessagesHeard
    | ForgetDevice
    | SetDevice
    | Erased
    | EraseFailed
    | StoredListed
    | StoredRead
    | StoreFailed
    | ViewerJoined
    | ViewerLeft
    | ResyncAsked
    | Tick
)


@dataclass(frozen=True, slots=True)
class Show:
    """The board that everybody sees from now on; `delta` is None where only the rest differs."""

    board: Board
    delta: Delta | None


@dataclass(frozen=True, slots=True)
class SendSnapshot:
    viewers: tuple[str, ...]
    board: Board


@dataclass(frozen=True, slots=True)
class SendMarker:
    """Publish it to ourselves."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Take back the retained messages of a device and delete what the store has of it."""

    device: str
    by: str


@dataclass(frozen=True, slots=True)
class Configure:
    """Publish the settings, retained; None takes back those there are."""

    device: str
    config: DeviceConfig | None


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no room for one more device."""

    device: str


Effect = Show | SendSnapshot | SendMarker | ListStored | ReadStored | Erase | Configure | Refused
