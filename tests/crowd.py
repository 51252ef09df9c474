"""Many browsers on the live channel in one thread: cheap enough that the server is what is measured."""

import json
import os
import random
import selectors
import socket
import struct
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

_REQUEST = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_PREFIX = b'42/live,["'
_AT_ONCE = 20
_RETRY = 0.1, 0.5
"""Seconds until a browser connects anew, at random, as the page does."""


@dataclass(slots=True, eq=False)
class Browser:
    """One connection at a time; `devices` only where they are kept."""

    auth: bytes
    sock: socket.socket | None = None
    buffer: bytearray = field(default_factory=bytearray)
    upgraded: bool = False
    retry_at: float = 0.0
    revision: int = -1
    snapshots: int = 0
    gaps: int = 0
    lost: int = 0
    refused: str = ""
    devices: dict[str, Any] = field(default_factory=dict)


class Crowd:
    """Call `step` again and again; it waits at most a few milliseconds."""

    def __init__(
        self,
        ports: Sequence[int],
        scopes: Sequence[dict[str, Any]],
        *,
        keep: bool = False,
        unread: int = 2**18,
    ) -> None:
        """One browser for each scope, on the ports in turn; `keep` decodes all that comes.

        The kernel keeps `unread` bytes for each.
        """
        self.browsers = [Browser(json.dumps(scope).encode()) for scope in scopes]
        self.delays = array("d")
        """Seconds from the server's `now` to the receipt, of changes."""
        self.bytes = 0
        self._ports = ports
        self._keep = keep
        self._unread = unread
        self._away = set(self.browsers)
        self._number = {browser: number for number, browser in enumerate(self.browsers)}
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for browser in self.browsers:
            self._close(browser)
        self._selector.close()

    def until(self, condition: Callable[[], object], within: float) -> float:
        """Seconds until it was so; AssertionError when it took longer."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() < start + within, f"not within {within} s: {self.summary()}"
            self.step()
        return time.monotonic() - start

    def during(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    def step(self) -> None:
        now = time.monotonic()
        for browser in [b for b in self._away if now >= b.retry_at][:_AT_ONCE]:
            self._connect(browser)
        for key, _ in self._selector.select(0.02):
            self._read(key.data)

    @property
    def shown(self) -> int:
        """How many are connected and have had a snapshot on this connection."""
        return sum(browser.revision >= 0 for browser in self.browsers)

    def summary(self) -> dict[str, Any]:
        return {
            "shown": self.shown,
            "snapshots": sum(browser.snapshots for browser in self.browsers),
            "gaps": sum(browser.gaps for browser in self.browsers),
            "lost": sum(browser.lost for browser in self.browsers),
            "refused": next((browser.refused for browser in self.browsers if browser.refused), ""),
        }

    def _connect(self, browser: Browser) -> None:
        port = self._ports[(self._number[browser] + browser.lost) % len(self._ports)]
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._unread)
        sock.settimeout(20)
        try:
            sock.connect(("127.0.0.1", port))
        except OSError:
            sock.close()
            browser.lost += 1
            self._later(browser)
            return
        self._away.discard(browser)
        sock.sendall(_REQUEST.format(host="127.0.0.1", port=port).encode())
        sock.setblocking(False)
        browser.sock, browser.upgraded = sock, False
        browser.buffer.clear()
        self._selector.register(sock, selectors.EVENT_READ, browser)

    def _later(self, browser: Browser) -> None:
        browser.retry_at = time.monotonic() + random.uniform(*_RETRY)

    def _close(self, browser: Browser) -> None:
        if browser.sock:
            self._selector.unregister(browser.sock)
            browser.sock.close()
            browser.sock, browser.revision = None, -1
            self._away.add(browser)

    def _lose(self, browser: Browser) -> None:
        browser.lost += 1
        self._close(browser)
        self._later(browser)

    def _read(self, browser: Browser) -> None:
        if (sock := browser.sock) is None:
            return
        try:
            data = sock.recv(262_144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(browser)
            return
        self.bytes += len(data)
        browser.buffer += data
        if not browser.upgraded and not self._upgrade(browser):
            return
        while (payload := _frame(browser.buffer)) is not None:
            self._hear(browser, payload)
            if browser.sock is None:
                return

    def _upgrade(self, browser: Browser) -> bool:
        head, end, rest = bytes(browser.buffer).partition(b"\r\n\r\n")
        if end and not head.startswith(b"HTTP/1.1 101"):
            browser.refused = head.decode()
            self._lose(browser)
        elif end:
            browser.upgraded, browser.buffer = True, bytearray(rest)
        return bool(end) and browser.upgraded

    def _hear(self, browser: Browser, payload: bytes) -> None:
        if payload[:10] == _PREFIX:
            self._event(browser, payload, time.time())
        elif payload[:1] == b"0":
            self._say(browser, b"40/live," + browser.auth)
        elif payload[:1] == b"2":
            self._say(browser, b"3")
        elif payload[:2] in {b"44", b"41"} or payload[:1] == b"\x03":
            browser.refused = payload.decode(errors="replace")
            self._lose(browser)

    def _say(self, browser: Browser, text: bytes) -> None:
        assert browser.sock
        try:
            browser.sock.send(_masked(text))
        except OSError:
            self._lose(browser)

    def _event(self, browser: Browser, payload: bytes, at: float) -> None:
        """It is behind only where `since` is above its revision; what is not above it is of the past."""
        revision = int(_number(payload, b'"revision":'))
        if payload.startswith(b'snapshot"', 10):
            browser.revision = revision
            browser.snapshots += 1
            if self._keep:
                browser.devices = _by_id(json.loads(payload[8:])[1]["devices"])
            return
        self.delays.append(at - _number(payload, b'"now":'))
        if int(_number(payload, b'"since":')) > browser.revision:
            browser.gaps += 1
            self._say(browser, b'42/live,["resync"]')
        elif revision > browser.revision:
            browser.revision = revision
            if self._keep:
                body = json.loads(payload[8:])[1]
                browser.devices |= _by_id(body["devices"])
                for name in body["gone"]:
                    browser.devices.pop(name, None)


def _by_id(devices: list[dict[str, Any]]) -> dict[str, Any]:
    return {device["deviceID"]: device for device in devices}


def _number(payload: bytes, name: bytes) -> float:
    start = payload.index(name) + len(name)
    return float(payload[start : payload.index(b",", start)])


def _frame(buffer: bytearray) -> bytes | None:
    """The payload of the next whole frame, which leaves the buffer."""
    if len(buffer) < 2:
        return None
    size, start = buffer[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(buffer[2:start])
    if len(buffer) < start + size:
        return None
    payload = bytes(buffer[start : start + size])
    del buffer[: start + size]
    return payload


def _masked(payload: bytes) -> bytes:
    mask = os.urandom(4)
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + mask + body
