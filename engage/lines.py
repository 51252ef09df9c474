"""The WebSocket transport of Engine.IO 4 for many browsers on one thread.

python-engineio gives each client a queue without a bound and three threads, and under eventlet each of those
costs more memory than a whole connection does here. What the packets mean stays python-socketio's part: to
its server a Line is one of its sockets.
"""

import json
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import socketio  # type: ignore[import-untyped]
from flask import Flask

from common.ports.clock import Clock
from engage.access.client import FORWARDED
from engage.frames import Opcode, accept, pack
from engage.line import INTERVAL, LARGEST_MESSAGE, TIMEOUT, Hub, Line
from engage.models import Problem
from engage.outgoing import Held
from engage.problems import MEDIA_TYPE

_PATH = "/socket.io/"
_UNREAD = 64 * 1024
"""Bytes that the kernel is to keep for a browser; what is beyond it shows us that the browser is slow."""

_KEPT = (
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"),
    *("SERVER_PROTOCOL", "REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_COOKIE"),
    *("HTTP_AUTHORIZATION", "HTTP_USER_AGENT", *FORWARDED),
)
"""Of a request, while its connection lasts."""

_NUMBER = re.compile(r"^[0-9]{1,15}")
"""Of an event that wants an answer."""

StartResponse = Callable[..., Any]
MayConnect = Callable[[str | None, dict[str, Any]], bool]
IsKnown = Callable[[dict[str, Any]], bool]


class Lines:
    """An Owner of lines. Everything runs on the hub's one thread."""

    def __init__(
        self, hub: Hub, clock: Clock, most: int, strangers: int, may_connect: MayConnect, is_known: IsKnown
    ) -> None:
        """At most `most`; of those that have not said who they are by now, `strangers`."""
        self.hub = hub
        self.held = Held()
        self._clock = clock
        self._most = most
        self._most_strangers = strangers
        self._may_connect = may_connect
        self._is_known = is_known
        self._lines: dict[str, Line] = {}
        self._strangers: set[str] = set()

    def attach(self, app: Flask, server: socketio.Server) -> None:
        """Serve WebSockets at /socket.io/ of `app`."""
        self._app = app
        self._server = server
        others = app.wsgi_app

        def choose(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            return (self._open if _is_ours(environ) else others)(environ, start_response)

        app.wsgi_app = choose  # type: ignore[method-assign]
        self.hub.every(1.0, self._tick)

    def get(self, sid: str) -> Line | None:
        """By the id of its Engine.IO session; None: it came in another way."""
        return self._lines.get(sid)

    def now(self) -> float:
        return self._clock.monotonic()

    def heard(self, line: Line, packets: list[str]) -> None:
        """Each is done with when the next one comes; what python-socketio cannot read never reaches it."""
        for packet in packets:
            if not is_sane(packet):
                line.hang_up(1002, "no Socket.IO packet that a browser sends")
                return
            self._server.eio._trigger_event("message", line.sid, packet, run_async=False)  # noqa: SLF001 -- as its own sockets call it
        line.joined = any(
            self._server.manager.sid_from_eio_sid(line.sid, namespace)
            for namespace in list(self._server.manager.get_namespaces())
        )
        if line.joined:
            self._strangers.discard(line.sid)

    def ended(self, line: Line, reason: str) -> None:
        self._server.eio._trigger_event("disconnect", line.sid, reason, run_async=False)  # noqa: SLF001 -- likewise
        line.environ.clear()
        self._server.eio.sockets.pop(line.sid, None)
        self._lines.pop(line.sid, None)
        self._strangers.discard(line.sid)

    def _tick(self) -> None:
        now = self.now()
        for line in list(self._lines.values()):
            line.tick(now)

    def _open(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        if not self._may_connect(environ.get("HTTP_ORIGIN"), environ):
            detail = "Pages of this site may not connect; add it to engage.allowed_origins."
            return _refuse(start_response, HTTPStatus.FORBIDDEN, detail)
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket" or not key:
            return _refuse(
                start_response, HTTPStatus.BAD_REQUEST, "This is a WebSocket; connect to it as one."
            )
        if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            detail = "Only version 13 of the WebSocket protocol is spoken here."
            return _refuse(start_response, HTTPStatus.UPGRADE_REQUIRED, detail)
        is_known = self._is_known(environ)
        if len(self._lines) >= self._most or not (is_known or len(self._strangers) < self._most_strangers):
            detail = "There are too many browsers already; try again later or raise engage.viewers."
            return _refuse(start_response, HTTPStatus.SERVICE_UNAVAILABLE, detail)
        sock, sid = self.hub.take(environ), self._server.eio.generate_id()
        if not is_known:
            self._strangers.add(sid)
        self._begin(sid, sock, key, environ)
        return []

    def _begin(self, sid: str, sock: socket.socket, key: str, environ: dict[str, Any]) -> None:
        eio = self._server.eio
        kept = {name: environ[name] for name in _KEPT if name in environ} | {"flask.app": self._app}
        line = self._lines[sid] = eio.sockets[sid] = Line(self, sid, sock, kept)
        with suppress(OSError):  # a connection that is gone by now says so when it is read
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.send(_handshake(key) + pack(Opcode.TEXT, _opening(sid)))
        eio._trigger_event("connect", sid, kept, run_async=False)  # noqa: SLF001 -- likewise
        line.open()


class Members(socketio.Manager):  # type: ignore[misc]
    """Who is in which namespace. There are no rooms of python-socketio: leaving would look into every one."""

    def basic_disconnect(self, sid: str, namespace: str, **_more: object) -> None:
        for room in (sid, None):
            self.basic_leave_room(sid, namespace, room)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


def is_sane(packet: str) -> bool:
    """Whether it is a Socket.IO packet as a browser sends one: to connect, to leave, or an event."""
    kind, rest = packet[:1], packet[1:]
    if rest.startswith("/"):
        rest = rest.partition(",")[2]
    try:
        body = json.loads(_NUMBER.sub("", rest, count=1) if kind == "2" else rest) if rest else None
    except (ValueError, RecursionError):
        return False
    match kind:
        case "0":
            return body is None or isinstance(body, dict)
        case "1":
            return True
        case "2":
            return isinstance(body, list) and bool(body) and isinstance(body[0], str)
        case _:
            return False


def _is_ours(environ: dict[str, Any]) -> bool:
    """A connection that begins as a WebSocket; one that shall become one is python-engineio's."""
    if not environ["PATH_INFO"].startswith(_PATH):
        return False
    query = parse_qs(environ.get("QUERY_STRING", ""))
    return query.get("EIO") == ["4"] and query.get("transport") == ["websocket"] and "sid" not in query


def _handshake(key: str) -> bytes:
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept(key)}",
        "\r\n",
    )
    return "\r\n".join(lines).encode()


def _opening(sid: str) -> bytes:
    offer = {
        "sid": sid,
        "upgrades": [],
        "pingInterval": int(INTERVAL * 1000),
        "pingTimeout": int(TIMEOUT * 1000),
        "maxPayload": LARGEST_MESSAGE,
    }
    return b"0" + json.dumps(offer).encode()


def _refuse(start_response: StartResponse, status: HTTPStatus, detail: str) -> Iterable[bytes]:
    body = Problem(title=status.phrase, status=status, detail=detail).model_dump_json().encode()
    headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
