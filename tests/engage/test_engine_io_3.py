"""The framing and the dialogue with a Socket.IO client of version 2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.engine_io_3 import Dialogue, decode, encode, event, opening

NAMESPACE = "/test"
SUPPLEMENTARY = "\U0001f6b6"
"""One character, two units in JavaScript."""


@pytest.mark.parametrize(
    ("packets", "body"),
    [
        ([], ""),
        (["6"], "1:6"),
        (["40", "40/test,"], "2:408:40/test,"),
        (["4Grüße"], "6:4Grüße"),
        ([f"4{SUPPLEMENTARY}!", "2"], f"4:4{SUPPLEMENTARY}!1:2"),
    ],
)
def test_framing(packets: list[str], body: str) -> None:
    assert encode(packets) == body
    assert decode(body.encode()) == packets


@pytest.mark.parametrize(
    ("body", "packets"),
    [
        (b"\0\1\xff2", ["2"]),
        (b"\0\1\0\xff42/test,[]\0\7\xff4Gr\xc3\xbc\xc3\x9f", ["42/test,[]", "4Grüß"]),
    ],
)
def test_the_binary_form(body: bytes, packets: list[str]) -> None:
    assert decode(body) == packets


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_what_was_framed_is_found_again(packets: list[str]) -> None:
    assert decode(encode(packets).encode()) == packets


@given(st.binary(max_size=60) | st.text("0123456789:4\0\1\2\xff").map(lambda text: text.encode("latin-1")))
def test_any_bytes_are_packets_or_a_value_error(body: bytes) -> None:
    try:
        packets = decode(body)
    except ValueError:
        return
    assert all(packets)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"2", id="no length"),
        pytest.param(b":2", id="no digits"),
        pytest.param(b"2:2", id="too short"),
        pytest.param(b"1:22", id="too long"),
        pytest.param(b"0:", id="no type"),
        pytest.param(b"-1:2", id="negative"),
        pytest.param(b"1:2 1:2", id="space between"),
        pytest.param("\u0661:2".encode(), id="a digit that is none"),
        pytest.param(b"9999999:2", id="beyond any body"),
        pytest.param(b"\1\1\xff2", id="binary data"),
        pytest.param(b"\0\2\xff2", id="binary form, too short"),
        pytest.param(b"\0\xff2", id="binary form, no length"),
        pytest.param(b"\0\1\xff\xff", id="binary form, not UTF-8"),
        pytest.param(f"1:{SUPPLEMENTARY}".encode(), id="half a character"),
    ],
)
def test_not_a_payload(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- of any kind
        decode(body)


def test_the_handshake_offers_no_upgrade() -> None:
    assert (
        opening("abc", 5, 2.5) == '0{"sid": "abc", "upgrades": [], "pingInterval": 5000, "pingTimeout": 2500}'
    )


def test_an_event_is_plain_ascii() -> None:
    assert event(NAMESPACE, "news", {"text": "Grüße"}) == '42/test,["news",{"text":"Gr\\u00fc\\u00dfe"}]'


@pytest.mark.parametrize(
    ("said", "answers", "joined"),
    [
        (["40/test,"], ["40/test,"], True),
        (["40/test"], ["40/test,"], True),
        (["40/test?token=a,"], ["40/test,"], True),
        (["40"], [], False),
        (["40/"], [], False),
        (["40/live,"], ['44/live,"Invalid namespace"'], False),
        (["40/test,", "41/test,"], ["40/test,"], False),
        (["40/test,", "41"], ["40/test,"], False),
        (["40/test,", "41/live,"], ["40/test,"], True),
        (["2", "2probe"], ["3", "3probe"], False),
        (["40/test,", '42/test,1["do",{}]', "45/test,1-[]", "4", "5", "6", "x", "3"], ["40/test,"], True),
        (["40/test,", "1"], ["40/test,", "6"], False),
    ],
)
def test_dialogue(said: list[str], answers: list[str], *, joined: bool) -> None:
    dialogue = Dialogue(NAMESPACE)
    assert [answer for packet in said for answer in dialogue.hear(packet)] == answers
    assert dialogue.joined is joined
    assert dialogue.closed is ("1" in said)


@given(st.lists(st.text(min_size=1, max_size=12)))
def test_any_packet_is_answered_or_ignored(said: list[str]) -> None:
    dialogue = Dialogue(NAMESPACE)
    for packet in said:
        assert all(dialogue.hear(packet)) or dialogue.closed
