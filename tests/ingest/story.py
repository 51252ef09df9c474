"""An agent's core told in short: events at their times in, effects as words out."""

from common.wire.messages import DeviceConfig, DeviceSettings, DeviceStatus
from ingest.agent import Agent, Identity
from ingest.desired import InForce
from ingest.events import (
    Announce,
    Captured,
    ConfigHeard,
    Drop,
    Effect,
    Event,
    Finish,
    Release,
    Report,
    TakePicture,
    Upload,
)
from ingest.outbox import Outbox
from ingest.pace import Pace

ME = Identity("cam-1", "s1", "bucket", "/dev/video0", "0.1.0")


def agent(
    *,
    limit: int = 3,
    interval: float = 1.0,
    lossless: bool = False,
    frames: int | None = None,
    me: Identity = ME,
) -> Agent:
    own = InForce(interval or 1.0, site="yard")
    return Agent(me, own, Pace(interval), Outbox(limit, 1000), lossless=lossless, frames=frames)


def key(number: int) -> str:
    return f"captures/cam-1/{number}.jpg"


def picture(number: int, size: int = 100) -> Captured:
    return Captured(key(number), 1e9 + number, 640, 480, size)


def wanted(revision: int, **settings: object) -> ConfigHeard:
    wish = DeviceSettings.model_validate(settings)
    return ConfigHeard(DeviceConfig(device_id="cam-1", revision=revision, settings=wish))


def said(effect: Effect) -> str:
    """Short enough for a table."""
    match effect:
        case TakePicture():
            return "take"
        case Release():
            return "release"
        case Upload():
            return f"upload {effect.key[-5]}"
        case Announce():
            return f"announce {effect.capture.file_path.key[-5]}"
        case Drop():
            return f"drop {effect.key[-5]}: {effect.reason}"
        case Report():
            return f"report {_health(effect.status)}"
        case Finish():
            return "finish"


def _health(status: DeviceStatus) -> str:
    revision = "" if status.applied is None else f", {status.applied} applied"
    return (status.error or ("paused" if status.paused else "well")) + revision


def play(core: Agent, events: list[tuple[float, Event]]) -> list[list[str]]:
    return [[said(effect) for effect in core.handle(event, now)] for now, event in events]
