"""A broker that stands still is noticed by its silence, and one that lives is left in peace."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from common.adapters import mqtt_client
from common.adapters.mqtt import MqttBus
from common.adapters.mqtt_client import Client
from common.ports.bus import Disconnected, Received
from tests.contract.rigs import Ear
from tests.contract.test_mqtt_packets import published
from tests.servers import Mosquitto

PING = 0.5
PINGREQ, PINGRESP = b"\xc0\0", b"\xd0\0"
UNASKED = 13.0
"""Seconds; a client that asked only once in a keepalive of 15 would notice after that."""


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
        ear.until(lambda e: e.all(Disconnected), within=UNASKED)
        assert ear.all(Disconnected)[0].reason == f"127.0.0.1:{freezing.port} is gone: Keep alive timeout"
        os.kill(freezing.pid, signal.SIGCONT)
        ear.connected(2).until(lambda e: b"meanwhile" in e.payloads() and e.outcomes())
    finally:
        ear.bus.stop()


class Talk:
    """A client and its broker on a socket, without a thread and with a clock that stands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keepalive: int) -> None:
        self._now = 1000.0
        monkeypatch.setattr(mqtt_client, "monotonic", lambda: self._now)
        self.heard: list[Received] = []
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.received = self.heard.append
        self.client.silence = PING
        self._ours, self._broker = socket.socketpair()
        for end in (self._ours, self._broker):
            end.setblocking(False)
        self.client._sock, self.client._keepalive = self._ours, keepalive
        self.client._heard_at = self.client._spoke_at = self._now

    def close(self) -> None:
        self._ours.close()
        self._broker.close()

    def says(self, data: bytes) -> None:
        """The broker."""
        self._broker.sendall(data)
        self.client.loop_read()

    def after(self, seconds: float) -> bytes:
        """What the client says then."""
        self._now += seconds
        self.client.loop_misc()
        try:
            return self._broker.recv(1000)
        except BlockingIOError:
            return b""


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    talk = Talk(monkeypatch, keepalive=2)
    yield talk
    talk.close()


def test_a_silent_broker_that_answers_is_kept(talk: Talk) -> None:
    for _ in range(3):
        assert (talk.after(PING - 0.125), talk.after(0.125), talk.after(PING - 0.125)) == (b"", PINGREQ, b"")
        talk.says(PINGRESP)
    assert talk.client.socket()


def test_a_broker_that_speaks_is_not_asked_but_told_that_we_live(talk: Talk) -> None:
    """Once in a keepalive, of 2 s here, where we have nothing else to say."""
    told = []
    for _ in range(36):
        told.append(talk.after(0.125))
        talk.says(published(b"x", None))
    assert [number for number, said in enumerate(told, 1) if said] == [16, 32]
    assert b"".join(told) == 2 * PINGREQ
    assert len(talk.heard) == 36
    assert talk.client.socket()


def test_one_that_does_not_answer_is_left(talk: Talk) -> None:
    assert (talk.after(PING), talk.after(PING - 0.125)) == (PINGREQ, b"")
    assert talk.client.socket()
    talk.after(0.125)
    assert talk.client.socket() is None


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
