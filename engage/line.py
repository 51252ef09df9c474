"""One browser's connection: a WebSocket that carries Engine.IO 4. No call blocks, and it has no thread."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from engage.frames import FrameError, Frames, Opcode, pack, pack_close
from engage.outgoing import Held, Outgoing, Unread

INTERVAL, TIMEOUT = 5.0, 10.0
"""Seconds between pings, and until one must be answered."""

LARGEST_MESSAGE = 64 * 1024
"""In bytes, from a browser, which only ever says what it watches: a thousand devices at most."""

_RECEIVED = 16 * 1024
_JOIN = 10.0
"""Seconds in which a browser must have joined a namespace."""

_REST = 30.0
"""Seconds in which a browser must have read what was on its way."""

_BURST, _RATE = 20.0, 2.0
"""Messages that a browser may send at once, and in a second."""

_GOING_AWAY, _PROTOCOL, _POLICY, _BUSY = 1001, 1002, 1008, 1013
_PING = pack(Opcode.TEXT, b"2")

Ready = Callable[[int], object]
"""Gets the file number."""


class Hub(Protocol):
    """The event loop of the web server. What it calls runs on its one thread; `ready` must not block."""

    def take(self, environ: dict[str, Any]) -> socket.socket:
        """The connection of a request, which is the taker's from now on; it does not block."""

    def reads(self, sock: socket.socket, ready: Ready | None) -> None:
        """Call `ready` whenever there is something to read; None ends it."""

    def writes(self, sock: socket.socket, ready: Ready | None) -> None:
        """Call `ready` whenever there is room; None ends it."""

    def spawn(self, job: Callable[[], None]) -> None:
        """Run what may block, soon."""

    def every(self, seconds: float, job: Callable[[], None]) -> None:
        """Run what may block, again and again."""


class EnginePacket(Protocol):
    """Of python-engineio."""

    def encode(self) -> str | bytes: ...


class Owner(Protocol):
    """Who keeps the lines."""

    hub: Hub
    held: Held

    def now(self) -> float:
        """Monotonic seconds."""

    def heard(self, line: "Line", packets: list[str]) -> None:
        """Socket.IO packets; may block. No two calls for one line at a time."""

    def ended(self, line: "Line", reason: str) -> None:
        """Nothing is heard afterwards; may block."""


class Line:
    """To python-engineio's server it is a socket: it calls `send`, `close`, `closed` and the like."""

    __slots__ = (
        "_credit",
        "_credit_at",
        "_frames",
        "_heard",
        "_join_by",
        "_out",
        "_owner",
        "_pinged",
        "_reason",
        "_serving",
        "_sock",
        "_stuck_at",
        "_turn",
        "closed",
        "drained",
        "environ",
        "joined",
        "session",
        "sid",
    )

    connected = upgraded = True
    closing = False

    def __init__(self, owner: Owner, sid: str, sock: socket.socket, environ: dict[str, Any]) -> None:
        now = owner.now()
        self.sid = sid
        self.environ = environ
        self.session: dict[str, Any] = {}
        self.closed = False
        self.joined = False
        """Whether it is in a namespace."""
        self.drained: Callable[[], object] | None = None
        """Called when there is room again for a frame, after one that was not taken."""
        self._owner = owner
        self._sock = sock
        self._out = Outgoing(sock.send, owner.held)
        self._stuck_at: float | None = None
        self._frames = Frames(LARGEST_MESSAGE)
        self._heard: list[str] = []
        self._serving = False
        self._reason = ""
        self._credit, self._credit_at = _BURST, now
        self._join_by = now + _JOIN
        self._pinged = False
        self._turn = now + INTERVAL
        """When the next ping is due, or the answer to the last one."""

    def open(self) -> None:
        """From now on what it says is heard."""
        self._owner.hub.reads(self._sock, self._readable)

    def offer(self, frame: bytes) -> bool:
        """Send a WebSocket frame that many get; False while the one before has not gone."""
        if self.closed:
            return False
        try:
            taken = self._out.offer(frame)
        except (OSError, Unread):
            self.hang_up(_BUSY, "transport error")
            return False
        if not taken or self._out.pending:
            self._wait()
        return taken

    def send(self, packet: EnginePacket) -> None:
        body = packet.encode()
        self._put(pack(Opcode.BINARY, body) if isinstance(body, bytes) else pack(Opcode.TEXT, body.encode()))

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002, FBT001, FBT002 -- as engineio calls it
        self.hang_up(_GOING_AWAY, reason or "server disconnect")

    def check_ping_timeout(self) -> bool:
        """`tick` does it."""
        return not self.closed

    def hang_up(self, code: int, reason: str) -> None:
        """The close frame goes only where it can go at once."""
        if self.closed:
            return
        self.closed, self._reason = True, reason
        hub = self._owner.hub
        hub.reads(self._sock, None)
        self._no_more_waiting()
        if not self._out.pending:
            self._last(pack_close(code))
        self._out.drop()
        self._sock.close()
        self._heard.clear()
        if not self._serving:
            self._serving = True
            hub.spawn(self._serve)

    def tick(self, now: float) -> None:
        """Once a second: pings, and an end to what takes too long."""
        if self._stuck_at is not None:
            if now - self._stuck_at > _REST:
                self.hang_up(_BUSY, "too slow")
        elif now >= self._turn and self._pinged:
            self.hang_up(_GOING_AWAY, "ping timeout")
        elif now >= self._join_by and not self.joined:
            self.hang_up(_POLICY, "joined nothing")
        elif now >= self._turn:
            self._pinged, self._turn = True, now + TIMEOUT
            self._put(_PING)

    def _put(self, frame: bytes) -> None:
        if self.closed:
            return
        try:
            self._out.put(frame)
        except (OSError, Unread):
            self.hang_up(_BUSY, "transport error")
        else:
            if self._out.pending:
                self._wait()

    def _last(self, frame: bytes) -> None:
        with suppress(OSError, Unread):
            self._out.put(frame)

    def _wait(self) -> None:
        """Until there is room."""
        if self._stuck_at is None:
            self._stuck_at = self._owner.now()
            self._owner.hub.writes(self._sock, self._writable)

    def _no_more_waiting(self) -> None:
        if self._stuck_at is not None:
            self._stuck_at = None
            self._owner.hub.writes(self._sock, None)

    def _writable(self, _file: int) -> None:
        if self.closed:
            return
        try:
            if not self._out.go_on():
                return
        except (OSError, Unread):
            self.hang_up(_BUSY, "transport error")
            return
        self._no_more_waiting()
        self._turn = max(self._turn, self._owner.now() + TIMEOUT)
        if self._out.behind:
            self._out.behind = False
            if self.drained:
                self.drained()

    def _readable(self, _file: int) -> None:
        if self.closed:
            return
        try:
            data = self._sock.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.hang_up(_GOING_AWAY, "transport close")
            return
        try:
            for opcode, payload in self._frames.feed(data):
                self._take(opcode, payload)
        except (FrameError, UnicodeDecodeError) as error:
            self.hang_up(error.code if isinstance(error, FrameError) else 1007, "transport error")
        if self._heard:
            self._serving = True
            self._owner.hub.reads(self._sock, None)
            self._owner.hub.spawn(self._serve)

    def _take(self, opcode: Opcode, payload: bytes) -> None:
        """After the line is closed nothing is done any more."""
        match opcode, payload[:1]:
            case (Opcode.TEXT, b"3"):
                self._pinged, self._turn = False, self._owner.now() + INTERVAL
            case (Opcode.TEXT, b"4"):
                self._hear(payload[1:].decode())
            case (Opcode.PING, _):
                self._put(pack(Opcode.PONG, payload))
            case (Opcode.PONG, _):
                pass
            case (Opcode.CLOSE, _) | (Opcode.TEXT, b"1"):
                self.hang_up(1000, "client disconnect")
            case _:
                raise FrameError(_PROTOCOL, "no Engine.IO packet that a client sends")

    def _hear(self, packet: str) -> None:
        now = self._owner.now()
        self._credit = min(_BURST, self._credit + (now - self._credit_at) * _RATE) - 1
        self._credit_at = now
        if self._credit < 0:
            self.hang_up(_POLICY, "too many messages")
        elif not self.closed:
            self._heard.append(packet)

    def _serve(self) -> None:
        """In a job of its own; while it lasts, nothing more is read."""
        packets, self._heard = self._heard, []
        if packets:
            self._owner.heard(self, packets)
        self._serving = False
        if self.closed:
            self._owner.ended(self, self._reason)
        else:
            self._owner.hub.reads(self._sock, self._readable)
