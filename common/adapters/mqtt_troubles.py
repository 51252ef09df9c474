"""What a broker does to a client, in words that say what to do, and not in too many of them."""

from math import inf

import structlog
from paho.mqtt.reasoncodes import ReasonCode

from common.seldom import Seldom

log = structlog.get_logger(__name__)

TOO_LARGE = 0x95
_SOMETHING = 0x83
_NOT_AUTHORIZED = 0x87
_TAKEN_OVER = 0x8E
"""Reason codes of MQTT 5: a packet is too large; implementation specific; not authorized; another client has
come under the same name.
"""

TO_READ = "let this user read them in the broker's access rules"
RAISE = "raise its limit (Mosquitto: max_packet_size, nats-server: max_payload)"

RETAIN = "Headway needs retained messages: let it retain messages (Mosquitto: retain_available)"

_ADVICE = {
    TOO_LARGE: RAISE,
    0x85: "let the broker take a client of this name",
    0x86: "check bus.username and bus.password",
    _NOT_AUTHORIZED: "check bus.username and bus.password, and that the broker's access rules let them in",
    0x8A: "lift the ban on this client at the broker",
    0x97: "raise the broker's quota",
    0x9A: RETAIN,
    0x9B: "let it take QoS 1 (Mosquitto: max_qos)",
}
"""By reason code of MQTT 5: what to do at a broker that will not change its mind."""

_BRIEF = 5.0
_OFTEN = 2


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

    def ended(self, now: float) -> bool:
        """Whether within seconds."""
        self._brief = self._brief + 1 if now - self._began < _BRIEF else 0
        return self._brief > 0

    def why(self, reason: ReasonCode, *, stuck: bool = False) -> str:
        """Of the session that ended last; `stuck`: the last ones ended before they answered some message."""
        if reason.value == _TAKEN_OVER:
            return f"another client uses the name {self._client_id}: give each its own"
        if reason.value in _ADVICE:
            return words(reason)
        if stuck:
            return f"{reason}, again before it answered a message; perhaps that is too large: {RAISE}"
        if self._brief >= _OFTEN:
            return f"{reason}, again within seconds; perhaps another client uses the name {self._client_id}"
        return str(reason)


def words(reason: ReasonCode) -> str:
    """Why a broker refused or ended a session, and what to do where that is known."""
    advice = _ADVICE.get(reason.value)
    return f"{reason}: {advice}" if advice else str(reason)


def refusal(reason: ReasonCode, payload: int) -> str:
    """Why a message with so many bytes of payload was refused."""
    if reason.value == _SOMETHING:
        return f"{reason}; perhaps {payload} bytes are over its limit (Mosquitto: message_size_limit)"
    if reason.value == _NOT_AUTHORIZED:
        return f"{reason}: let this user write to that topic in the broker's access rules"
    return str(reason)


class Refusals:
    """Publishes that the broker refused, in the log once a minute with their number."""

    def __init__(self) -> None:
        self._seldom = Seldom()

    def add(self, topic: str, reason: str, now: float) -> None:
        if count := self._seldom.count("publishes", now):
            log.error("the MQTT broker refused publishes", count=count, last=topic, reason=reason)
