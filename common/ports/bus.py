"""Publish and subscribe. What happens on the bus comes back as events, on a thread of the adapter."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Connected:
    """The session is up and every subscription is granted; `server` says what answered.

    `many_filters`: it takes them by the thousand, each in force before what this client sends after it.
    """

    server: str
    many_filters: bool = True


@dataclass(frozen=True, slots=True)
class Disconnected:
    """No session: what is published now is kept up to the bound."""

    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has acknowledged the publish that carried this token."""

    token: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The publish that carried this token was refused, or was pushed out of the full queue."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker does not let us hear what matches this filter; the other filters stand."""

    filter: str
    reason: str


BusEvent = Connected | Disconnected | Received | Delivered | Undelivered | Refused


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this client vanishes; `expires` as in `Bus.publish`."""

    topic: str
    payload: bytes
    expires: int | None = None


class Bus(Protocol):
    def start(self, sink: Callable[[BusEvent], None]) -> None:
        """Connect, and reconnect for as long as it runs; `sink` must not block."""

    def subscribe(self, *filters: str) -> None:
        """Receive what matches, from now on and after every reconnect. QoS 1.

        What matches two filters may come twice.
        """

    def unsubscribe(self, *filters: str) -> None:
        """Receive no longer what only these match; what is under way may still come."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        token: int | None = None,
        expires: int | None = None,
    ) -> None:
        """QoS 1. With a token the outcome comes back as Delivered or Undelivered.

        A broker of MQTT 5 forgets the message after `expires` seconds, others never.
        """

    def stop(self) -> None:
        """Send what is pending for at most a second, then disconnect without the will."""
