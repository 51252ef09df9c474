"""Byte by byte, with a broker of our own: what it may say and what it is told."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from common.adapters.mqtt_client import LARGEST
from common.ports.bus import Disconnected, Received
from common.settings import BusSettings
from common.telemetry import BUS_BAD_MESSAGES
from tests.contract.rigs import Ear, Listen
from tests.eventually import PATIENCE

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 0x10, 0x32, 0x82, 0xE0
SESSION_TAKEN_OVER = 0x8E
CONNACK, PUBACK = b"\x20", b"\x40"
RECEIVE_MAXIMUM = 0x21
ACCEPTED = CONNACK + bytes([3, 0, 0, 0])


def packets(connection: socket.socket) -> Iterator[int]:
    """The first byte of each MQTT packet that comes in."""
    with connection.makefile("rb") as stream:
        while head := stream.read(1):
            length = shift = 0
            more = True
            while more:
                (byte,) = stream.read(1)
                length, shift, more = length | (byte & 127) << shift, shift + 7, byte > 127
            stream.read(length)
            yield head[0]


def test_has_no_more_under_way_than_the_broker_takes(listen: Listen) -> None:
    """A broker may throw out a client that disregards the receive maximum in its CONNACK."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ear = listen(BusSettings(port=server.getsockname()[1]))
        for i in range(5):
            ear.bus.publish("x", str(i).encode())
        connection, _ = server.accept()
        with connection:
            said = packets(connection)
            assert next(said) == CONNECT
            connection.sendall(CONNACK + bytes([6, 0, 0, 3, RECEIVE_MAXIMUM, 0, 2]))
            ear.connected()
            ear.bus.subscribe("end")
            assert [next(said) for _ in range(3)] == [PUBLISH, PUBLISH, SUBSCRIBE]
            connection.sendall(PUBACK + bytes([2, 0, 1]))
            assert next(said) == PUBLISH


def packet(head: int, body: bytes) -> bytes:
    digits, rest = bytearray(), len(body)
    while rest > 127:
        digits.append(rest & 127 | 128)
        rest >>= 7
    return bytes((head, *digits, rest)) + body


def published(
    payload: bytes, number: int | None, *, properties: bytes = b"", retained: bool = False
) -> bytes:
    """A message as a broker sends it; with a number it is one of QoS 1."""
    head = 0x30 | (0x02 if number is not None else 0) | retained
    counted = b"" if number is None else number.to_bytes(2)
    return packet(head, b"\0\1x" + counted + bytes([len(properties)]) + properties + payload)


class Broker:
    """Of our own, where `ear` connects, again and again. What it accepts stays open until its end."""

    def __init__(self, server: socket.socket, ear: Ear, until: ExitStack) -> None:
        self.ear = ear
        self._server = server
        self._until = until

    def accept(self) -> tuple[socket.socket, Iterator[int]]:
        connection, said = accepted(self._server)
        self._until.enter_context(connection)
        return connection, said


@pytest.fixture
def broker(listen: Listen) -> Iterator[Broker]:
    with ExitStack() as until:
        server = until.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(PATIENCE)
        yield Broker(server, listen(BusSettings(port=server.getsockname()[1])), until)


def accepted(server: socket.socket) -> tuple[socket.socket, Iterator[int]]:
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = packets(connection)
    assert next(said) == CONNECT
    connection.sendall(ACCEPTED)
    return connection, said


@pytest.mark.parametrize("cut", [1, 3, 1000, 10**6])
def test_messages_come_whole_however_the_network_cuts_them(broker: Broker, cut: int) -> None:
    ear = broker.ear
    user_property = b"\x26\0\1k\0\1v"
    large = bytes(200_000 if cut > 3 else 2_000)
    stream = (
        published(b"first", 1)
        + published(b"", None)
        + published(b"with a property", 2, properties=user_property)
        + published(large, 3)
        + published(b"kept", 65_535, retained=True)
    )
    connection, said = broker.accept()
    ear.connected()
    for start in range(0, len(stream), cut):
        connection.sendall(stream[start : start + cut])
    ear.until(lambda e: len(e.payloads()) >= 5)
    assert [next(said) for _ in range(4)] == [PUBACK[0]] * 4
    assert ear.payloads() == [b"first", b"", b"with a property", large, b"kept"]
    assert [received.retained for received in ear.all(Received)] == [False] * 4 + [True]


def test_half_a_message_of_the_last_connection_is_forgotten(broker: Broker) -> None:
    ear = broker.ear
    connection, _ = broker.accept()
    ear.connected()
    connection.sendall(published(b"never whole", 1)[:-3])
    connection.shutdown(socket.SHUT_RDWR)
    connection, _ = broker.accept()
    connection.sendall(published(b"whole", 1))
    assert ear.until(lambda e: e.payloads() != []).payloads() == [b"whole"]


@pytest.mark.parametrize(("number", "cut"), [(2, 1), (2, 6), (2, 8), (None, 4), (None, 65_536), (2, LARGEST)])
def test_a_message_that_is_too_large_passes_by(broker: Broker, number: int | None, cut: int) -> None:
    """Acknowledged where that is wanted, or it would come again; what is just not too large is heard."""
    ear = broker.ear
    bad = BUS_BAD_MESSAGES._value.get()
    large, fits = published(bytes(LARGEST), number), published(bytes(LARGEST - 10), 3)
    assert len(fits) == LARGEST
    connection, said = broker.accept()
    ear.connected()
    connection.sendall(published(b"first", 1) + large[:cut])
    ear.until(lambda e: e.payloads())
    connection.sendall(large[cut:] + fits)
    ear.until(lambda e: len(e.payloads()) > 1)
    acknowledged = 2 if number is None else 3
    assert [next(said) for _ in range(acknowledged)] == [PUBACK[0]] * acknowledged
    assert ear.payloads() == [b"first", bytes(LARGEST - 10)]
    assert BUS_BAD_MESSAGES._value.get() == bad + 1


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(packet(0x90, bytes(LARGEST)), id="too large"),
        pytest.param(packet(0x34, b"\0\1x\0\1" + bytes(LARGEST)), id="QoS 2, too large"),
        pytest.param(b"\x30\xff\xff\xff\xff\xff\x01", id="length"),
        pytest.param(packet(0x30, b"\0\x09x"), id="topic"),
        pytest.param(packet(0x32, b"\0\1x\0\1\x7f"), id="properties"),
        pytest.param(packet(0xF0, b""), id="kind"),
    ],
)
def test_a_broker_that_does_not_speak_mqtt_is_left(broker: Broker, nonsense: bytes) -> None:
    ear = broker.ear
    connection, _ = broker.accept()
    ear.connected()
    connection.sendall(nonsense)
    ear.until(lambda e: e.all(Disconnected) != [])
    broker.accept()
    assert ear.payloads() == []


def test_a_broker_that_gives_the_session_to_another_client_is_understood(broker: Broker) -> None:
    connection, _ = broker.accept()
    broker.ear.connected()
    connection.sendall(bytes((DISCONNECT, 1, SESSION_TAKEN_OVER)))
    (ending,) = broker.ear.disconnected().all(Disconnected)
    assert re.search(r"is gone: another client uses the name ear-0-\d+: give each its own$", ending.reason)
