"""Brokers that take small packets only: each says so in its own way, or not at all."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from common.ports.bus import Connected, Delivered, Disconnected, Undelivered
from common.settings import BusSettings
from tests.contract.rigs import Ear, Listen, bus_of
from tests.contract.test_mqtt_packets import CONNACK, DISCONNECT, PUBACK, PUBLISH, packets
from tests.eventually import PATIENCE
from tests.servers import Mosquitto, MqttServer, Nats

LIMIT = 8000
PACKET_TOO_LARGE, MAXIMUM_PACKET_SIZE = 0x95, 0x27


class SmallNats(Nats):
    def command(self) -> list[str]:
        command = super().command()
        config = self.folder / "nats.conf"
        config.write_text(config.read_text().replace("max_payload: 4MB", f"max_payload: {LIMIT}"))
        return command


@pytest.fixture(params=["max_packet_size", "message_size_limit", "max_payload"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[MqttServer, str]]:
    """A broker with this setting: it is said in CONNACK, with each refusal, or by hanging up."""
    setting: str = request.param
    server = SmallNats(tmp_path) if setting == "max_payload" else Mosquitto(tmp_path, (f"{setting} {LIMIT}",))
    with server:
        yield server, setting


def test_what_is_too_large_is_undelivered_and_all_else_delivered(
    small: tuple[MqttServer, str], listen: Listen, prefix: str
) -> None:
    server, setting = small
    with capture_logs() as logs:
        ear = listen(server.settings())
        for token, size in enumerate([10, LIMIT + 1, 20, 2 * LIMIT, 30]):
            ear.bus.publish(f"{prefix}/x", bytes(size), token=token)
        ear.until(lambda e: len(e.outcomes()) == 5)
    kinds = {token: kind for kind, token in ear.outcomes()}
    assert [kinds[n] for n in range(5)] == [Delivered, Undelivered, Delivered, Undelivered, Delivered]
    assert all(setting in refused.reason for refused in ear.all(Undelivered))
    (said,) = (line for line in logs if "refused publishes" in line["event"])
    assert setting in said["reason"]
    assert bool(ear.all(Disconnected)) == isinstance(server, Nats)
    assert not any("another client" in lost.reason for lost in ear.all(Disconnected))


@pytest.mark.parametrize("expires", [None, 60])
def test_what_just_fits_is_delivered(
    tmp_path: Path, listen: Listen, prefix: str, expires: int | None
) -> None:
    with Mosquitto(tmp_path, (f"max_packet_size {LIMIT}",)) as server:
        ear = listen(server.settings()).connected()
        properties = 1 if expires is None else 6
        fits = LIMIT - 3 - 2 - len(f"{prefix}/x") - 2 - properties
        for token, size in enumerate([fits + 1, fits]):
            ear.bus.publish(f"{prefix}/x", bytes(size), token=token, expires=expires)
        ear.until(lambda e: len(e.outcomes()) == 2)
        assert ear.outcomes() == [(Undelivered, 0), (Delivered, 1)]
        assert not ear.all(Disconnected)


def test_many_long_filters_are_asked_for_in_packets_that_fit(
    tmp_path: Path, listen: Listen, prefix: str
) -> None:
    with Mosquitto(tmp_path, (f"max_packet_size {LIMIT}",)) as server:
        ear = listen(server.settings())
        ear.bus.subscribe(*(f"{prefix}/{n:0120}" for n in range(300)))
        ear.connected()
        ear.bus.publish(f"{prefix}/{299:0120}", b"heard")
        ear.until(lambda e: e.payloads() == [b"heard"])
        assert not ear.all(Disconnected)


class Rude:
    """A broker of our own; `ear` has sent it a long and a short message."""

    def __init__(self, server: socket.socket, ear: Ear, until: ExitStack) -> None:
        self.ear = ear
        self._server = server
        self._until = until

    def accept(self, properties: bytes = b"") -> tuple[socket.socket, Iterator[int]]:
        connection, _ = self._server.accept()
        self._until.enter_context(connection)
        said = packets(connection)
        next(said)
        connection.sendall(CONNACK + bytes([3 + len(properties), 0, 0, len(properties)]) + properties)
        return connection, said

    def hang_up_on_publishes(self, words: bytes = b"") -> None:
        connection, said = self.accept()
        assert [next(said) & 0xF0 for _ in range(2)] == [PUBLISH & 0xF0] * 2
        connection.sendall(words)
        connection.shutdown(socket.SHUT_RDWR)

    def serve(self, properties: bytes = b"", numbers: tuple[int, ...] = (1, 2)) -> None:
        """Until each outcome is there."""
        connection, said = self.accept(properties)
        for number in numbers:
            assert next(said) & 0xF0 == PUBLISH & 0xF0
            connection.sendall(PUBACK + bytes([2, 0, number]))
        self.ear.until(lambda e: len(e.outcomes()) == 2)


@pytest.fixture
def rude(listen: Listen) -> Iterator[Rude]:
    with ExitStack() as until:
        server = until.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(PATIENCE)
        ear = listen(BusSettings(port=server.getsockname()[1]))
        ear.bus.publish("long", bytes(1000), token=1)
        ear.bus.publish("short", b"", token=2)
        yield Rude(server, ear, until)


def test_a_message_on_which_a_broker_hangs_up_again_and_again_is_given_up(rude: Rude) -> None:
    for _ in range(3):
        rude.hang_up_on_publishes()
    rude.serve(numbers=(2,))
    assert rude.ear.outcomes() == [(Undelivered, 1), (Delivered, 2)]
    assert "hangs up on this packet of 10" in rude.ear.all(Undelivered)[0].reason
    assert ["too large" in lost.reason for lost in rude.ear.all(Disconnected)] == [False, True, True]


def test_a_message_that_saw_two_connections_end_is_sent_a_third_time(rude: Rude) -> None:
    for _ in range(2):
        rude.hang_up_on_publishes()
    rude.serve()
    assert rude.ear.outcomes() == [(Delivered, 1), (Delivered, 2)]


def test_a_broker_that_says_too_large_is_believed_at_once(rude: Rude) -> None:
    rude.hang_up_on_publishes(bytes((DISCONNECT, 1, PACKET_TOO_LARGE)))
    rude.serve(numbers=(2,))
    assert rude.ear.outcomes() == [(Undelivered, 1), (Delivered, 2)]
    assert "max_packet_size" in rude.ear.all(Disconnected)[0].reason


def test_what_a_broker_takes_after_a_restart_is_heeded_for_what_is_under_way(rude: Rude) -> None:
    rude.hang_up_on_publishes()
    rude.serve(bytes([MAXIMUM_PACKET_SIZE, 0, 0, 0, 100]), numbers=(2,))
    assert rude.ear.outcomes() == [(Undelivered, 1), (Delivered, 2)]
    assert len(rude.ear.all(Connected)) == 2
    assert not bus_of(rude.ear)._client._out_messages
