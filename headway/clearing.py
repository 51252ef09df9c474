"""Taking back what the broker retains of devices, and what comes late: a worker may have a picture yet."""

from collections.abc import Collection, Iterable

from common.ports.bus import Received
from common.wire.topics import Kind, Topics
from headway.errors import UserError
from headway.line import Line
from headway.registry import registered

QUIET = 2.0
"""Seconds without a word of them after which it is over."""
_ROUNDS = 5


def clear(line: Line, topics: Topics, devices: Collection[str], retained: Iterable[str]) -> set[str]:
    """Clear these topics, and those on which something is said of the devices, until nothing is.

    Returns the devices that spoke for themselves meanwhile: what is said of those stays. UserError when the
    workers do not stop speaking of another.
    """
    left, back = {*retained, *_of(topics, devices, line.said())}, set[str]()
    for _ in range(_ROUNDS):
        line.retain(dict.fromkeys(left, b""))
        said = list(line.received(QUIET))
        back |= {device for device in devices if _speaks(topics, device, said)}
        left = _of(topics, [device for device in devices if device not in back], said)
        if not left:
            return back
    names = ", ".join(device for device in devices if device not in back)
    raise UserError(f"Workers still speak of {names}: try again when they have done with its pictures")


def _speaks(topics: Topics, device: str, said: Iterable[Received]) -> bool:
    latest = _latest(said)
    return topics.image(device) in latest or any(
        entry.online for name, entry in registered(topics, latest).items() if name == device
    )


def _of(topics: Topics, devices: Collection[str], said: Iterable[Received]) -> set[str]:
    """Where something is retained now. Announcements never are."""
    places = ((topic, topics.parse(topic)) for topic in _latest(said))
    return {topic for topic, at in places if at and at.name in devices and at.kind is not Kind.IMAGE}


def _latest(said: Iterable[Received]) -> dict[str, bytes]:
    """By topic, but for those that were cleared; our own clearing comes back to us too."""
    latest = {received.topic: received.payload for received in said}
    return {topic: payload for topic, payload in latest.items() if payload}
