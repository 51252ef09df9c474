"""The words for what a broker does to a client."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from structlog.testing import capture_logs

from common.adapters.mqtt_troubles import Endings, Refusals, words

CUT = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")
TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
TOO_LARGE = ReasonCode(PacketTypes.DISCONNECT, "Packet too large")


@pytest.mark.parametrize(
    ("lengths", "hints"),
    [
        ([1, 1, 1], [False, True, True]),
        ([3600, 1, 1], [False, False, True]),
        ([1, 5, 1], [False, False, False]),
    ],
)
def test_sessions_that_keep_ending_within_seconds_are_a_hint(lengths: list[float], hints: list[bool]) -> None:
    endings, now, said = Endings("w1"), 1000.0, []
    for length in lengths:
        endings.began(now)
        now += length
        endings.ended(now)
        said.append(endings.why(CUT))
    assert ["another client uses the name w1" in why for why in said] == hints
    assert all(why.startswith("Unspecified error") for why in said)


def test_a_broker_that_says_it_is_believed_at_once() -> None:
    endings = Endings("w1")
    endings.began(0)
    endings.ended(3600)
    assert endings.why(TAKEN_OVER) == "another client uses the name w1: give each its own"


@pytest.mark.parametrize("reason", [CUT, TOO_LARGE])
def test_a_message_that_is_too_large_is_not_put_down_to_another_client(reason: ReasonCode) -> None:
    endings = Endings("w1")
    for now in range(5):
        endings.began(now)
        assert endings.ended(now + 0.5)
    why = endings.why(reason, stuck=reason is CUT)
    assert why.startswith(str(reason))
    assert "another client" not in why
    assert "max_packet_size" in why


@pytest.mark.parametrize(
    "name",
    ["Packet too large", "Retain not supported", "QoS not supported", "Not authorized", "Quota exceeded"],
)
def test_what_a_broker_will_never_take_comes_with_advice(name: str) -> None:
    """However often and fast, that is no hint at a second client."""
    reason, endings = ReasonCode(PacketTypes.DISCONNECT, name), Endings("w1")
    for now in range(4):
        endings.began(now)
        endings.ended(now + 0.1)
        assert endings.why(reason) == words(reason)
    assert words(reason).startswith(f"{name}: ")
    assert words(CUT) == str(CUT)


def test_refused_publishes_are_logged_once_a_minute_with_their_number() -> None:
    refusals = Refusals()
    with capture_logs() as logs:
        for now in range(200):
            refusals.add(f"topic/{now}", "Not authorized", now)
    assert [(entry["count"], entry["last"]) for entry in logs] == [
        (1, "topic/0"),
        (60, "topic/60"),
        (60, "topic/120"),
        (60, "topic/180"),
    ]
    assert {entry["reason"] for entry in logs} == {"Not authorized"}
