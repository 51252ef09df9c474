"""Where pictures lie in the bucket; the agent makes a capture's key and every worker can read it."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from pydantic import TypeAdapter

from common.wire.messages import UnixSeconds

ANNOUNCED = "announced/"
CAPTURES = "captures/"
QUARANTINE = "quarantine/"
_KEY = re.compile(
    r"captures/([A-Za-z0-9][A-Za-z0-9._:-]{0,127})/([0-9]{8}T(?:[01][0-9]|2[0-3])[0-9]{4})([0-9]{6})Z"
    r"-[0-9a-f]{32}\.jpg"
)
_SHOWN = "shown-"
_SHOWN_TIME = re.compile(r"[0-9]{8}T[0-9]{12}Z\.jpg")
_LONGEST = 250
_TIME = "%Y%m%dT%H%M%S%fZ"
_MOMENTS = TypeAdapter[float](UnixSeconds)


class CaptureKey(NamedTuple):
    device: str
    taken_at: float
    """Unix seconds, by the device's clock."""


def capture_key(device: str, taken_at: float, token: str) -> str:
    """`captures/<device>/<time>-<token>.jpg`, the token 32 hexadecimal digits; a device's sort by time."""
    return f"{CAPTURES}{device}/{datetime.fromtimestamp(taken_at, UTC).strftime(_TIME)}-{token}.jpg"


@lru_cache(4096)
def parse_capture_key(key: str) -> CaptureKey | None:
    """The device and the time in a key that `capture_key` made; None for any other key.

    So it is for a time that no message can carry: anybody may put such a key into the store or a claim.
    """
    if not (match := _KEY.fullmatch(key)):
        return None
    device, second, fraction = match.groups()
    try:
        taken_at = datetime.fromisoformat(f"{second}.{fraction}+00:00").timestamp()
        return CaptureKey(device, _MOMENTS.validate_python(taken_at))
    except ValueError:
        return None


def may_announce(device: str, key: str, *, people_counter: bool = False) -> bool:
    """Whether it is this device's picture: a worker fetches what is announced, and deletes it in the end.

    Agents of the original people-counter put theirs into the bucket's root.
    """
    if people_counter and "/" not in key:
        return not key.startswith(_SHOWN)
    parsed = parse_capture_key(key)
    return parsed is not None and parsed.device == device


def note_key(key: str) -> str:
    """Where the announcement of a capture is noted whose own key does not tell the device."""
    return f"{ANNOUNCED}{sha256(key.encode()).hexdigest()}.json"


def notes_of(keys: Iterable[str]) -> list[str]:
    """The notes that there may be of some captures."""
    return [note_key(key) for key in keys if parse_capture_key(key) is None]


def snapshot_key(flow: str, device: str) -> str:
    """The latest picture that people may see."""
    return f"snapshots/{flow}/{device}.jpg"


def quarantine_key(flow: str, key: str) -> str:
    """Where a capture is set aside that the model cannot bear; its error is beside it, in `.json`.

    A foreign agent's key may be so long that only its digest fits there.
    """
    name = key.removeprefix(CAPTURES)
    fits = len(name) <= _LONGEST
    return f"{QUARANTINE}{flow}/{name if fits else sha256(name.encode()).hexdigest()}"


def shown_key(device: str, at: float | None = None) -> str:
    """A picture for the original people-counter's consumers: one segment, a new name each time.

    Without a time, what all names of a device begin with.
    """
    name = f"{_SHOWN}{device}-"
    return name if at is None else f"{name}{datetime.fromtimestamp(at, UTC).strftime(_TIME)}.jpg"


def is_shown(key: str, device: str) -> bool:
    """Whether `shown_key` made it for this device, and not for one whose name only begins alike."""
    name = shown_key(device)
    return key.startswith(name) and bool(_SHOWN_TIME.fullmatch(key, len(name)))


def trouble_key(flow: str, device: str = "") -> str:
    """The latest picture of a device that was set aside as JSON; without one, the prefix of all of them."""
    return f"troubles/{flow}/{device}.json" if device else f"troubles/{flow}/"


def result_key(flow: str, device: str = "") -> str:
    """The latest result of a device as JSON; without a device, the prefix of all of them."""
    return f"results/{flow}/{device}.json" if device else f"results/{flow}/"
