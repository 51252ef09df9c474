"""What a Socket.IO client of version 2 says and hears: Socket.IO protocol 4 in Engine.IO protocol 3.

An HTTP body is packets one behind another, each as `<length>:<packet>` with the length in UTF-16 units, as
JavaScript counts. Some clients send the binary form instead: a zero, the digits of the length in bytes as
bytes, 255, the packet. The first character of a packet is its Engine.IO type, of a message (`4`) the second
one its Socket.IO type. There is one namespace besides the root, and it only ever sends.
"""

import json
import re
from collections.abc import Iterable

NOOP = "6"
CONNECTED = "40"
_TEXT = re.compile(rb"((?:[0-9]\0){1,6}):\0")
_BINARY = re.compile(rb"\0([\0-\x09]{1,6})\xff")
_NAMESPACE = re.compile(r"4[01]([^,?\[]*)")


def encode(packets: Iterable[str]) -> str:
    return "".join(f"{len(packet.encode('utf-16-le')) // 2}:{packet}" for packet in packets)


def decode(body: bytes) -> list[str]:
    """ValueError where it is not well formed, or has packets that are not text."""
    if body[:1] in {b"\0", b"\1"}:
        return _packets(body, _BINARY, 1, "utf-8")
    return _packets(body.decode().encode("utf-16-le"), _TEXT, 2, "utf-16-le")


def _packets(units: bytes, pattern: re.Pattern[bytes], width: int, encoding: str) -> list[str]:
    """Lengths count units, each `width` bytes."""
    at, packets = 0, []
    while at < len(units):
        head = pattern.match(units, at)
        if head is None:
            raise ValueError("a packet without its length")
        at = head.end() + width * int("".join(str(digit & 0x0F) for digit in head[1][::width]))
        if not head.end() < at <= len(units):
            raise ValueError("a packet of another length than it says")
        packets.append(units[head.end() : at].decode(encoding))
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
