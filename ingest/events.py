"""What reaches an agent's core, and what it asks for. `key` is a capture's object key throughout."""

from dataclasses import dataclass

from common.wire.messages import Capture, DeviceConfig, DeviceStatus


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline has come."""


@dataclass(frozen=True, slots=True)
class Online:
    """The bus is up."""


@dataclass(frozen=True, slots=True)
class Offline:
    pass


@dataclass(frozen=True, slots=True)
class Captured:
    """The hands keep the JPEG under `key`; `taken_at` is Unix seconds, `size` bytes."""

    key: str
    taken_at: float
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """`lasting`: trying again soon is of no use."""

    reason: str
    lasting: bool


@dataclass(frozen=True, slots=True)
class CameraEnded:
    """The recording is over."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The picture is in the store; the hands keep it no longer."""

    key: str


@dataclass(frozen=True, slots=True)
class UploadFailed:
    """`transient`: the same picture may be taken later."""

    key: str
    reason: str
    transient: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """The broker has the announcement."""

    key: str


@dataclass(frozen=True, slots=True)
class AnnounceFailed:
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConfigHeard:
    """What somebody wants of this device."""

    config: DeviceConfig


@dataclass(frozen=True, slots=True)
class ConfigRefused:
    """What somebody wants cannot be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfigCleared:
    """Nobody wants anything any more."""


@dataclass(frozen=True, slots=True)
class Released:
    """The camera is closed."""


Event = (
    Tick
    | Online
    | Offline
    | Captured
    | CaptureFailed
    | CameraEnded
    | Uploaded
    | UploadFailed
    | Announced
    | AnnounceFailed
    | ConfigHeard
    | ConfigRefused
    | ConfigCleared
    | Released
)


@dataclass(frozen=True, slots=True)
class TakePicture:
    """Outcome: Captured, CaptureFailed or CameraEnded."""


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of the camera until the next picture. Outcome: Released."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Outcome: Uploaded or UploadFailed."""

    key: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Outcome: Announced or AnnounceFailed."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget the picture and count why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    status: DeviceStatus


@dataclass(frozen=True, slots=True)
class Finish:
    """The last picture is announced: leave."""


Effect = TakePicture | Release | Upload | Announce | Drop | Report | Finish
