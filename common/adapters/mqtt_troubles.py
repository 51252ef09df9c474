"""What a broker does to a client, in words that say what to do, and not in too many of them."""

from math import inf

import structlog
from paho.mqtt.reasoncodes import ReasonCode

log = structlog.get_logger(__name__)

_TAKEN_OVER = 142
"""Reason code of MQTT 5: another client has come under the same name."""

_BRIEF = 5.0
_OFTEN = 2
_QUIET = 60.0


class Endings:
    """Why the sessions of one client end.

    Two clients of one name throw each other out for ever. Not every broker says so: Mosquitto 2.0 only hangs
    up, as does all of MQTT 3.1.1. So sessions that keep ending within seconds are a hint.
    """

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        self._began = -inf
        self._brief = 0

    def began(self, now: float) -> None:
        self._began = now

    def why(self, reason: ReasonCode, now: float) -> str:
        """Of the session that ends now."""
        self._brief = self._brief + 1 if now - self._began < _BRIEF else 0
        if reason.value == _TAKEN_OVER:
            return f"another client uses the name {self._client_id}: give each its own"
        if self._brief >= _OFTEN:
            return f"{reason}, again within seconds; perhaps another client uses the name {self._client_id}"
        return str(reason)


class Refusals:
    """Publishes that the broker refused, in the log once a minute with their number."""

    def __init__(self) -> None:
        self._count = 0
        self._said_at = -inf

    def add(self, topic: str, reason: str, now: float) -> None:
        self._count += 1
        if now - self._said_at >= _QUIET:
            log.error("the MQTT broker refused publishes", count=self._count, last=topic, reason=reason)
            self._count, self._said_at = 0, now
