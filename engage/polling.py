"""The live channel for Socket.IO clients of version 2, as the original people-counter's page loads one.

python-engineio speaks Engine.IO 4 only and refuses them. This is the polling transport of Engine.IO 3, which
needs no other, for one namespace. What the protocol means is in `engage.engine_io_3`; here are the sessions:
bounded in number, in what waits for each, and in how long one lives that nobody polls.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs

from flask import Flask, Response, request

from common.ports.clock import Clock
from engage.access.client import Wsgi
from engage.engine_io_3 import CONNECTED, NOOP, Dialogue, decode, encode, event, opening

_PATH = "/socket.io/"
_SESSIONS = 500
"""Each holds a connection of those that REST and pictures need too."""

_WAITING = 10_000
"""Packets for one client; one that is further behind is hung up on, and connects anew."""

MayConnect = Callable[[str | None, dict[str, Any]], bool]


@dataclass(slots=True)
class _Session:
    dialogue: Dialogue
    packets: Queue[str]
    heard: float


class Polling:
    """Called by many threads, without a lock: every step is one operation on a dict or on a queue."""

    def __init__(self, namespace: str, may_connect: MayConnect, clock: Clock, interval: float) -> None:
        """`interval` seconds pass between two pings, at most between two answers, and until one is missed."""
        self._namespace = namespace
        self._may_connect = may_connect
        self._clock = clock
        self._interval = interval
        self._sessions: dict[str, _Session] = {}

    def attach(self, app: Flask, routes: Wsgi) -> None:
        """Serve whoever speaks Engine.IO 3 at /socket.io/; `routes` is `app` less who serves there by now."""
        app.add_url_rule(_PATH, "polling", self._serve, methods=["GET", "POST"])
        app.wsgi_app = _by_protocol(routes, app.wsgi_app)  # type: ignore[method-assign, assignment]

    def emit(self, name: str, body: object) -> None:
        """To every client that has joined the namespace; does not block."""
        self._sweep()
        packet = event(self._namespace, name, body)
        for sid, session in list(self._sessions.items()):
            if session.dialogue.joined:
                self._put(sid, session, packet)

    def _serve(self) -> Response:
        """Error codes are those of Engine.IO 3."""
        sid, get = request.args.get("sid"), request.method == "GET"
        if not self._may_connect(request.headers.get("Origin"), request.environ):
            return _refusal(403, 4, "Forbidden")
        if request.args.get("transport") != "polling" or "j" in request.args:
            return _refusal(400, 0, "Transport unknown")
        if sid is None:
            return self._open() if get else _refusal(400, 2, "Bad handshake method")
        session = self._sessions.get(sid)
        if session is None:
            return _refusal(400, 1, "Session ID unknown")
        return self._poll(sid, session) if get else self._take(sid, session)

    def _open(self) -> Response:
        self._sweep()
        if len(self._sessions) >= _SESSIONS:
            return _refusal(503, 3, "Too many sessions")
        sid = token_urlsafe(15)
        self._sessions[sid] = _Session(Dialogue(self._namespace), Queue(_WAITING), self._clock.monotonic())
        return _text(encode([opening(sid, self._interval, self._interval), CONNECTED]))

    def _poll(self, sid: str, session: _Session) -> Response:
        session.heard = self._clock.monotonic()
        packets: list[str] = []
        with suppress(Empty):
            packets.append(session.packets.get(timeout=self._interval))
            while len(packets) < _WAITING:
                packets.append(session.packets.get_nowait())
        session.heard = self._clock.monotonic()
        if session.dialogue.closed:
            self._sessions.pop(sid, None)
        return _text(encode(packets or [NOOP]))

    def _take(self, sid: str, session: _Session) -> Response:
        try:
            packets = decode(request.get_data())
        except ValueError:
            self._sessions.pop(sid, None)
            return _refusal(400, 3, "Bad request")
        for packet in packets:
            self._answer(sid, session, session.dialogue.hear(packet))
        return _text("ok")

    def _answer(self, sid: str, session: _Session, packets: Iterable[str]) -> None:
        for packet in packets:
            self._put(sid, session, packet)

    def _put(self, sid: str, session: _Session, packet: str) -> None:
        try:
            session.packets.put_nowait(packet)
        except Full:
            self._sessions.pop(sid, None)

    def _sweep(self) -> None:
        oldest = self._clock.monotonic() - 2 * self._interval
        for sid in [sid for sid, session in list(self._sessions.items()) if session.heard < oldest]:
            self._sessions.pop(sid, None)


def _by_protocol(polling: Wsgi, others: Wsgi) -> Wsgi:
    def choose(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        ours = environ["PATH_INFO"].startswith(_PATH)
        third = ours and parse_qs(environ.get("QUERY_STRING", "")).get("EIO") == ["3"]
        return (polling if third else others)(environ, start_response)

    return choose


def _text(body: str) -> Response:
    return _headers(Response(body, mimetype="text/plain"))


def _refusal(status: int, code: int, message: str) -> Response:
    body = json.dumps({"code": code, "message": message})
    return _headers(Response(body, status, mimetype="application/json"))


def _headers(response: Response) -> Response:
    """The client sends credentials; which other sites may, is decided where all answers get their headers."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
