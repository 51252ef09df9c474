"""What one MQTT client is subscribed to, also after a reconnect, in packets that a broker takes."""

import threading
from collections.abc import Iterable, Iterator, Sequence

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

_PACKET = 100
_BYTES = 4000
"""In one packet: a broker may hang up on more than it takes."""


class Filters:
    """Subscribing and unsubscribing reach the broker in the order in which they were asked for here.

    The lock is held while packets are queued, so that an answer finds out which packet it is for; paho's
    thread waits for it with no lock that queueing takes.
    """

    def __init__(self) -> None:
        self._wanted: dict[str, None] = {}
        self._asked: dict[int, list[str]] = {}
        """Packets that the broker has not answered, by their number."""
        self._lock = threading.Lock()

    def add(self, client: paho.Client, filters: Iterable[str]) -> None:
        with self._lock:
            new = [f for f in dict.fromkeys(filters) if f not in self._wanted]
            self._wanted |= dict.fromkeys(new)
            if client.is_connected():
                self._ask(client, new)

    def remove(self, client: paho.Client, filters: Iterable[str]) -> None:
        with self._lock:
            old = [f for f in dict.fromkeys(filters) if f in self._wanted]
            for one in old:
                del self._wanted[one]
            if client.is_connected():
                for packet in _packets(old):
                    client.unsubscribe(packet)

    def connected(self, client: paho.Client) -> bool:
        """Ask for all of them in a new session; whether there is an answer to wait for."""
        with self._lock:
            self._asked.clear()
            self._ask(client, list(self._wanted))
            return bool(self._asked)

    def answered(self, mid: int, reasons: Sequence[ReasonCode]) -> tuple[dict[str, str], bool]:
        """Which filters were refused and why, and whether every packet is answered now."""
        with self._lock:
            asked = self._asked.pop(mid, [])
            answers = zip(asked, reasons, strict=False)
            return {one: str(reason) for one, reason in answers if reason.is_failure}, not self._asked

    def _ask(self, client: paho.Client, filters: list[str]) -> None:
        for packet in _packets(filters):
            _, mid = client.subscribe(_options(client, packet))
            if mid is not None:
                self._asked[mid] = packet


def _packets(filters: list[str]) -> Iterator[list[str]]:
    packet: list[str] = []
    size = 0
    for one in filters:
        length = len(one.encode())
        if packet and (len(packet) == _PACKET or size + length > _BYTES):
            yield packet
            packet, size = [], 0
        packet.append(one)
        size += length
    if packet:
        yield packet


def _options(
    client: paho.Client, filters: list[str]
) -> list[tuple[str, SubscribeOptions]] | list[tuple[str, int]]:
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        return [(f, SubscribeOptions(qos=1)) for f in filters]
    return [(f, 1) for f in filters]
