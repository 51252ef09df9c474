"""The same client on different brokers, so that one suite can hold all of them to the port's contract."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from common.adapters.memory import MemoryBroker, MemoryBus
from common.adapters.mqtt import MqttBus
from common.ports.bus import Bus, BusEvent, Connected, Delivered, Disconnected, Received, Undelivered, Will
from common.settings import BusSettings
from tests.eventually import PATIENCE, eventually
from tests.servers import MqttServer

E = TypeVar("E")

STOPPED = 10.0
"""Seconds in which a client stops, with a broker that answers or not; one that waits for it needs 15."""

USUAL = 4.5
"""Seconds; paho gives up an attempt to connect after 5 where nobody tells it otherwise."""


class Ear:
    """A bus and everything it said."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.events: list[BusEvent] = []
        self.threads: set[str] = set()

    def start(self) -> None:
        self.bus.start(self._sink)

    def _sink(self, event: BusEvent) -> None:
        self.threads.add(threading.current_thread().name)
        self.events.append(event)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def payloads(self) -> list[bytes]:
        return [event.payload for event in self.all(Received)]

    def outcomes(self) -> list[tuple[type, int]]:
        ends = (Delivered, Undelivered)
        return [(type(event), event.token) for event in self.events if isinstance(event, ends)]

    def until(self, condition: Callable[["Ear"], object], within: float = PATIENCE) -> "Ear":
        eventually(lambda: condition(self), within, failure=lambda: f"heard only {self.events[-20:]}")
        return self

    def connected(self, times: int = 1) -> "Ear":
        return self.until(lambda ear: len(ear.all(Connected)) >= times)

    def disconnected(self, times: int = 1) -> "Ear":
        return self.until(lambda ear: len(ear.all(Disconnected)) >= times)


Listen = Callable[[BusSettings], Ear]
"""Starts a client with these settings."""


class Rig(Protocol):
    def bus(self, will: Will | None = None, queue: int = 1000) -> Bus:
        """A client that is not started."""

    def vanish(self, bus: Any) -> None:
        """As if its process were gone."""

    def down(self) -> None: ...

    def up(self) -> None: ...


class MemoryRig:
    def __init__(self) -> None:
        self._broker = MemoryBroker()

    def bus(self, will: Will | None = None, queue: int = 1000) -> Bus:
        return MemoryBus(self._broker, will, queue)

    def vanish(self, bus: MemoryBus) -> None:
        bus.vanish()

    def down(self) -> None:
        self._broker.down()

    def up(self) -> None:
        self._broker.up()


class MqttRig:
    def __init__(self, server: MqttServer, prefix: str) -> None:
        self._server = server
        self._prefix = prefix.replace("/", "-")
        self._clients = 0

    def bus(self, will: Will | None = None, queue: int = 1000) -> Bus:
        self._clients += 1
        return MqttBus(self._server.settings(queue=queue), f"{self._prefix}-{self._clients}", will)

    def vanish(self, bus: MqttBus) -> None:
        with suppress(OSError):
            socket_of(bus).shutdown(socket.SHUT_RDWR)

    def down(self) -> None:
        self._server.kill()

    def up(self) -> None:
        self._server.start()


def socket_of(bus: MqttBus) -> socket.socket:
    """The one that paho now talks through."""
    found = bus._client.socket()
    assert isinstance(found, socket.socket), "not connected"
    return found


def bus_of(ear: Ear) -> MqttBus:
    assert isinstance(ear.bus, MqttBus)
    return ear.bus
