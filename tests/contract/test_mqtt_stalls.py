"""A broker that stands still is noticed by its silence, and one that lives is left in peace."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from common.adapters.mqtt import MqttBus
from common.adapters.mqtt_client import Client
from common.ports.bus import Disconnected
from common.settings import BusSettings
from tests.contract.rigs import Ear
from tests.contract.test_mqtt_packets import accepted, published
from tests.eventually import eventually
from tests.servers import Mosquitto

PING = 0.5
PINGREQ, PINGRESP = 0xC0, b"\xd0\0"
STEP = 1.0
"""paho looks at its clock once a second where nothing else happens."""


@pytest.fixture
def freezing(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of its own, for it may be left standing."""
    with Mosquitto(tmp_path) as server:
        yield server
        os.kill(server.pid, signal.SIGCONT)


@pytest.mark.parametrize(("keepalive", "ping"), [(15, PING), (2, None)])
def test_a_frozen_broker_is_noticed_and_nothing_is_lost(
    freezing: Mosquitto, keepalive: int, ping: float | None
) -> None:
    ear = Ear(MqttBus(freezing.settings(keepalive=keepalive), "ear", ping=ping))
    ear.bus.subscribe("x")
    ear.start()
    try:
        ear.connected().bus.publish("x", b"before")
        ear.until(lambda e: e.payloads() == [b"before"])
        os.kill(freezing.pid, signal.SIGSTOP)
        ear.bus.publish("x", b"meanwhile", token=1)
        within = 2 * (ping or keepalive / 2) + 2 * STEP
        ear.until(lambda e: e.all(Disconnected), within=within + 0.5)
        assert ear.all(Disconnected)[0].reason == f"127.0.0.1:{freezing.port} is gone: Keep alive timeout"
        os.kill(freezing.pid, signal.SIGCONT)
        ear.connected(2).until(lambda e: b"meanwhile" in e.payloads() and e.outcomes())
    finally:
        ear.bus.stop()


@pytest.fixture
def peer() -> Iterator[tuple[socket.socket, Iterator[int], Ear]]:
    """A broker of our own, what it hears, and the client that is connected to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        ear = Ear(MqttBus(BusSettings(port=server.getsockname()[1], keepalive=2), "ear", ping=PING))
        ear.start()
        connection, said = accepted(server)
        with connection:
            connection.settimeout(5)
            ear.connected()
            yield connection, said, ear
        ear.bus.stop()


def test_a_silent_broker_that_answers_is_kept(peer: tuple[socket.socket, Iterator[int], Ear]) -> None:
    connection, said, ear = peer
    start = monotonic()
    for _ in range(3):
        assert next(said) == PINGREQ
        connection.sendall(PINGRESP)
    assert monotonic() - start >= 3 * PING
    assert not ear.all(Disconnected)


def test_a_broker_that_speaks_is_not_asked_but_told_that_we_live(
    peer: tuple[socket.socket, Iterator[int], Ear],
) -> None:
    """Once in a keepalive, of 2 s here, where we have nothing else to say."""
    connection, _, ear = peer
    start = monotonic()

    def talked() -> bool:
        connection.sendall(published(b"x", None))
        return monotonic() - start > 4.5

    eventually(talked, every=0.1)
    assert connection.recv(1000) in {bytes([PINGREQ, 0]) * times for times in (1, 2)}
    assert not ear.all(Disconnected)


def test_one_that_does_not_answer_is_left(peer: tuple[socket.socket, Iterator[int], Ear]) -> None:
    _, said, ear = peer
    assert next(said) == PINGREQ
    ear.until(lambda e: e.all(Disconnected), within=PING + STEP + 0.5)


@pytest.mark.parametrize("answered", [True, False])
def test_an_answer_that_nobody_had_time_to_read_counts(*, answered: bool) -> None:
    """As after a laptop slept, or this process stood still."""
    ours, theirs = socket.socketpair()
    client = Client(CallbackAPIVersion.VERSION2)
    with ours, theirs:
        ours.setblocking(False)
        client._sock = ours
        client._answer_by = monotonic() - 1
        if answered:
            theirs.sendall(PINGRESP)
        done = client.loop_misc()
    assert (done, client.socket() is ours) == (
        (MQTTErrorCode.MQTT_ERR_SUCCESS, True) if answered else (MQTTErrorCode.MQTT_ERR_KEEPALIVE, False)
    )
