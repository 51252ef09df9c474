"""What reaches a worker's core, and what it asks for. `key` is a capture's object key throughout."""

from dataclasses import dataclass

from common.wire.messages import Capture, Claim, Finished, Renewal, WorkerStatus
from inference.noting import Note, NotNoted


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline has come."""


@dataclass(frozen=True, slots=True)
class Online:
    """The bus is up, with every subscription granted; `many_filters` as in the bus's Connected."""

    many_filters: bool = True


@dataclass(frozen=True, slots=True)
class Offline:
    pass


@dataclass(frozen=True, slots=True)
class Seen:
    """A capture was announced, or found in the store `age` seconds old; `received_at` is Unix seconds."""

    capture: Capture
    received_at: float
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A worker of this flow spoke about ownership."""

    message: Claim | Renewal | Finished


@dataclass(frozen=True, slots=True)
class SaidElsewhere:
    """Another flow, which shares our pictures, has done with these."""

    flow: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    status: WorkerStatus


@dataclass(frozen=True, slots=True)
class Known:
    """The device exists."""

    device: str


@dataclass(frozen=True, slots=True)
class NotHeard:
    """The broker refused to let us listen to some devices."""


@dataclass(frozen=True, slots=True)
class Fetched:
    key: str


@dataclass(frozen=True, slots=True)
class Analysed:
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crashed:
    """The model ended, hung or failed on these pictures, one of which is to blame."""

    keys: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The snapshot is in the store."""

    key: str


@dataclass(frozen=True, slots=True)
class Published:
    """The broker has the result."""

    key: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The raw picture is deleted, or left for other flows."""

    key: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A step did not succeed and may later."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotPublished(Failed):
    """The broker refused the result, or it was pushed out of the full queue."""


@dataclass(frozen=True, slots=True)
class Hopeless:
    """A step did not succeed and never will: the picture is bad."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The picture is not in the store: it has not come yet, or somebody has finished it."""

    key: str


@dataclass(frozen=True, slots=True)
class NotKept:
    """The store did not take the latest result of a device."""

    device: str


@dataclass(frozen=True, slots=True)
class Swept:
    """A page of the store was listed; `after` is where the next one starts, None behind the last.

    `failed`: the store did not answer, and nothing is known of what lies there.
    `nameless`: pictures whose devices their keys do not tell.
    """

    found: tuple[Seen, ...]
    after: str | None
    failed: bool = False
    nameless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """Which captures this flow has done with, as the results in the store show, and which not."""

    done: tuple[str, ...]
    undone: tuple[Seen, ...]


Heard = Online | Offline | Seen | Said | SaidElsewhere | Peer | Known | NotHeard
Done = Fetched | Analysed | Crashed | Shown | Published | Settled | Failed | Hopeless | Missing
Event = Tick | Heard | Done | NotKept | NotNoted | Swept | Recalled


@dataclass(frozen=True, slots=True)
class Say:
    message: Claim | Renewal | Finished | WorkerStatus


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get and decode the picture: Fetched, Failed, Hopeless or Missing."""

    key: str


@dataclass(frozen=True, slots=True)
class Analyse:
    """Run the model on the fetched pictures: Analysed or Crashed."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """Draw the snapshot and upload it: Shown or Failed."""

    key: str
    capture: Capture


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish the result: Published or Failed."""

    key: str
    capture: Capture
    received_at: float


@dataclass(frozen=True, slots=True)
class Settle:
    """Delete the raw picture, whose result is out, or `leave` it to other flows: Settled or Failed."""

    key: str
    capture: Capture
    leave: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Put a device's latest result into the store; where `overdue`, unless a later one lies there, or an
    earlier one of ours was erased: NotKept or nothing.
    """

    device: str
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """Move the picture that the model cannot bear out of the way, or `leave` it to other flows and copy it,
    and say so: Settled or Failed.
    """

    key: str
    capture: Capture
    reason: str
    leave: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A claim was decided, `late` seconds after its settle time; waiting for rivals counts."""

    late: float


@dataclass(frozen=True, slots=True)
class Absent:
    """The store has no such picture, however often it was asked: count it and say so."""

    key: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing more will be asked about this capture."""

    key: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete raw pictures that nobody will look at, or `leave` them to other flows and count them. Not
    retried: the sweep finds what is left. `missed_by`: a flow that has not had them in time.
    """

    keys: tuple[str, ...]
    reason: str
    leave: bool = False
    missed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """List a page of what lies in the store behind `after`: Swept."""

    after: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Ask the results in the store which of these are done: Recalled or nothing."""

    found: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Listen:
    """Subscribe to the announcements of devices; `+` is all of them. NotHeard or nothing."""

    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignore:
    """Undo a Listen."""

    devices: tuple[str, ...]


Work = Note | Fetch | Analyse | Show | Publish | Settle | Keep | SetAside | Delete | Absent | Drop
Effect = Say | Decided | Work | Sweep | Recall | Listen | Ignore
