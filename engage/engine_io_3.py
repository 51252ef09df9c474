"""What a Socket.IO client of version 2 says and hears: Socket.IO protocol 4 in Engine.IO protocol 3.

An HTTP body is packets one behind another, each as `<length>:<packet>` with the length in UTF-16 units, as
JavaScript counts. The first character of a packet is its Engine.IO type, of a message (`4`) the second one
its Socket.IO type. There is one namespace besides the root, and it only ever sends.
"""

import json
import re
from collections.abc import Iterable

NOOP = "6"
CONNECTED = "40"
_HEAD = re.compile(rb"((?:[0-9]\0){1,6}):\0")
_NAMESPACE = re.compile(r"4[01]([^,?\[]*)")


def encode(packets: Iterable[str]) -> str:
    return "".join(f"{len(packet.encode('utf-16-le')) // 2}:{packet}" for packet in packets)


def decode(body: bytes) -> list[str]:
    """ValueError where it is not well formed."""
    units, at, packets = body.decode().encode("utf-16-le"), 0, []
    while at < len(units):
        head = _HEAD.match(units, at)
        if head is None:
            raise ValueError("a packet without its length")
        at = head.end() + 2 * int(head[1][::2])
        if not head.end() < at <= len(units):
            raise ValueError("a packet of another length than it says")
        packets.append(units[head.end() : at].decode("utf-16-le"))
    return packets


def opening(sid: str, interval: float, timeout: float) -> str:
    """The handshake: the client pings every `interval` seconds and waits `timeout` for the answer."""
    offer = {
        "sid": sid,
        "upgrades": [],
        "pingInterval": int(interval * 1000),
        "pingTimeout": int(timeout * 1000),
    }
    return f"0{json.dumps(offer)}"


def event(namespace: str, name: str, body: object) -> str:
    return f"42{namespace},{json.dumps([name, body], separators=(',', ':'))}"


class Dialogue:
    """One client: whether it has joined the namespace, and whether it has left for good."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.joined = False
        self.closed = False

    def hear(self, packet: str) -> list[str]:
        """What is to be answered; all that the client could have to say besides, is ignored."""
        match packet[:2]:
            case "40":
                return self._connect(_name(packet))
            case "41":
                self.joined = self.joined and _name(packet) not in {"/", self._namespace}
            case kind if kind.startswith("2"):
                return [f"3{packet[1:]}"]
            case kind if kind.startswith("1"):
                self.joined, self.closed = False, True
                return [NOOP]
        return []

    def _connect(self, name: str) -> list[str]:
        if name == self._namespace:
            self.joined = True
            return [f"40{name},"]
        return [] if name == "/" else [f'44{name},"Invalid namespace"']


def _name(packet: str) -> str:
    """The namespace of a packet: up to its query or comma, `/` where it names none."""
    found = _NAMESPACE.match(packet)
    return (found[1] if found else "") or "/"
