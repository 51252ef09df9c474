"""Frames against wsproto, which python-engineio's other modes use; and clients that break the protocol."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, MessageDecoder
from wsproto.frame_protocol import Opcode as Theirs

from engage.frames import FrameError, Frames, Opcode, accept, pack, pack_close

MOST = 70_000
MESSAGES = st.lists(st.one_of(st.text(max_size=300), st.just("x" * 126), st.just("x" * 65_536)), max_size=5)


def sent(messages: list[str], pieces: int = 1) -> bytes:
    """As a client sends them, each in so many frames."""
    client = FrameProtocol(client=True, extensions=[])
    stream = bytearray()
    for message in messages:
        size = max(1, -(-len(message) // pieces))
        parts = [message[at : at + size] for at in range(0, len(message), size)] or [""]
        for number, part in enumerate(parts, 1):
            stream += client.send_data(part, fin=number == len(parts))
    return bytes(stream)


@given(MESSAGES, st.integers(1, 3), st.integers(1, 1000))
def test_what_a_client_sends_arrives_however_it_is_cut(messages: list[str], pieces: int, step: int) -> None:
    frames, stream = Frames(MOST * 4), sent(messages, pieces)
    step = max(step, len(stream) // 100)
    heard = [found for at in range(0, len(stream), step) for found in frames.feed(stream[at : at + step])]
    assert heard == [(Opcode.TEXT, message.encode()) for message in messages]


def _bytes(payload: object) -> bytes:
    assert isinstance(payload, bytes | bytearray)
    return bytes(payload)


@given(st.binary(max_size=200) | st.sampled_from([b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536]))
def test_a_client_reads_what_is_packed(payload: bytes) -> None:
    client, decoder = FrameProtocol(client=True, extensions=[]), MessageDecoder()
    client.receive_bytes(pack(Opcode.BINARY, payload))
    read = [decoder.process_frame(frame).payload for frame in client.received_frames()]
    assert b"".join(map(_bytes, read)) == payload


def test_the_example_of_the_rfc() -> None:
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert pack(Opcode.TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    masked = bytes.fromhex("818537fa213d7f9f4d5158")
    assert list(Frames(MOST).feed(masked)) == [(Opcode.TEXT, b"Hello")]
    assert pack_close(1001) == b"\x88\x02\x03\xe9"


def test_a_control_frame_may_stand_between_the_parts_of_a_message() -> None:
    client = FrameProtocol(client=True, extensions=[])
    stream = client.send_data("a", fin=False) + client.ping(b"?") + client.send_data("b", fin=True)
    assert list(Frames(MOST).feed(bytes(stream))) == [(Opcode.PING, b"?"), (Opcode.TEXT, b"ab")]


LONG = b"\x40\0" + bytes(4) + b"x" * 2**14
"""The rest of a frame of 16 KiB."""


def raw(first: int, second: int, rest: bytes = b"\0\0\0\0") -> bytes:
    return bytes((first, second)) + rest


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(raw(0x81, 0x01, b"a"), 1002, id="not masked"),
        pytest.param(raw(0xC1, 0x80), 1002, id="compressed, though nobody agreed"),
        pytest.param(raw(0x83, 0x80), 1002, id="of an unknown kind"),
        pytest.param(raw(0x80, 0x80), 1002, id="the end of nothing"),
        pytest.param(raw(0x01, 0x80) + raw(0x81, 0x80), 1002, id="a message inside another"),
        pytest.param(raw(0x09, 0x80), 1002, id="a ping in parts"),
        pytest.param(raw(0x89, 0xFE, b"\0\x7e\0\0\0\0"), 1002, id="a long ping"),
        pytest.param(raw(0x81, 0xFF, struct.pack("!Q", 2**63)), 1009, id="a frame that never ends"),
        pytest.param(raw(0x01, 0xFE, LONG) + raw(0x80, 0xFE, LONG), 1009, id="a message that never ends"),
    ],
)
def test_who_breaks_the_protocol_is_hung_up_on(stream: bytes, code: int) -> None:
    with pytest.raises(FrameError) as error:
        list(Frames(2**14).feed(stream))
    assert error.value.code == code


def test_the_reference_knows_the_same_kinds() -> None:
    assert {kind.value for kind in Opcode} == {kind.value for kind in Theirs}
