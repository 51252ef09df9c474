"""The live channel over Socket.IO: `/live` for our page, `/test` for that of the original people-counter.

Only the loop's thread sends, in the order of revisions: a browser that joins is told so through the core. The
original page's own client is of another time: `engage.polling` serves it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import socketio  # type: ignore[import-untyped]
from flask import Flask
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError as Refusal  # type: ignore[import-untyped]

from common.ports.clock import Clock
from engage import metrics
from engage.access.roles import LOCAL, Principal
from engage.board import Board, Delta, renewed
from engage.events import Event, ResyncAsked, ViewerJoined, ViewerLeft
from engage.line import INTERVAL, LARGEST_MESSAGE, TIMEOUT, Hub, Line
from engage.lines import Lines, Members
from engage.models import OriginalResult
from engage.packets import LIVE, Packet, Packets
from engage.polling import Polling
from engage.rooms import Rooms
from engage.scope import Scope
from engage.settings import EngageSettings
from engage.watch import asked, narrowed

ORIGINAL = "/test"
_UPDATES = "devicesupdates"
_RECHECK = 5.0
"""Seconds between two looks at who the viewers are; what they show may be a few seconds old itself."""

_OTHERS = 200
"""Connections beside the viewers': of the original channel, and of those that have not joined yet."""

Identify = Callable[[dict[str, Any], object], Principal | None]
"""From the WSGI environment of the connection and the auth of Socket.IO; None: nobody who may look."""


def admit(_environ: dict[str, Any], _auth: object) -> Principal:
    """Where there is no sign-in."""
    return LOCAL


@dataclass(slots=True)
class _Viewer:
    """`line` is None where there are none: in tests without a network."""

    principal: Principal
    auth: object
    asked: Scope
    environ: dict[str, Any]
    line: Line | None

    @property
    def scope(self) -> Scope:
        return narrowed(self.asked, self.principal.sites)


class Live:
    """An Audience. With a hub, the connections are ours; without one, tests reach it by `test_client`."""

    def __init__(
        self, settings: EngageSettings, clock: Clock, hub: Hub | None = None, identify: Identify = admit
    ) -> None:
        self._compat = settings.compat.people_counter
        self._origins = frozenset(settings.engage.allowed_origins)
        self._flows = settings.engage.flows
        self._most = settings.engage.viewers
        self._clock = clock
        self._hub = hub
        self._identify = identify
        options: dict[str, Any] = {
            "async_mode": "eventlet" if hub else "threading",
            "async_handlers": False,
            "transports": ["websocket", "polling"] if self._compat else ["websocket"],
            "cors_allowed_origins": self._may_connect,
            "client_manager": Members(),
            "ping_interval": INTERVAL,
            "ping_timeout": TIMEOUT,
            "max_http_buffer_size": LARGEST_MESSAGE,
        }
        self._socketio = SocketIO(**options)
        self._lines = self._open_lines(hub) if hub else None
        self._polling = Polling(ORIGINAL, self._may_connect, clock, INTERVAL)
        self._viewers: dict[str, _Viewer] = {}
        self._rooms = Rooms()

    def attach(self, app: Flask, tell: Callable[[Event], bool]) -> None:
        """Serve at /socket.io/ of `app`; `tell` takes what browsers do."""
        self._tell = tell
        routes = app.wsgi_app
        self._socketio.init_app(app)
        on = self._server.on  # Flask-SocketIO's would make a request of each event, and keep it
        on("connect", self._connect, namespace=LIVE)
        on("disconnect", self._disconnect, namespace=LIVE)
        on("resync", self._resync, namespace=LIVE)
        on("watch", self._watch, namespace=LIVE)
        if self._lines and self._hub:
            self._lines.attach(app, self._server)
            self._hub.every(_RECHECK, self.recheck)
        if self._compat:
            on("connect", self._welcome, namespace=ORIGINAL)
            self._polling.attach(app, routes)

    def show(self, before: Board, board: Board, delta: Delta) -> None:
        packets = self._packets(board)
        for news in self._rooms.news(before, board, delta):
            self._send(news.viewers, packets.changes(news))
        if self._compat:
            self._originals(renewed(before, board, delta))

    def snapshot(self, viewers: Sequence[str], board: Board) -> None:
        packets = self._packets(board)
        for scope, names in self._rooms.snapshots(viewers, board.revision).items():
            self._send(names, packets.snapshot(scope))

    def _originals(self, results: Iterable[OriginalResult]) -> None:
        """One by one, for pages of the original people-counter."""
        for result in results:
            body = result.model_dump(by_alias=True)
            self._socketio.emit(_UPDATES, body, namespace=ORIGINAL)
            self._polling.emit(_UPDATES, body)

    def recheck(self) -> None:
        """Whoever may not look any more is hung up on; whoever may see other sites is shown those."""
        for name, viewer in list(self._viewers.items()):
            principal = self._identify(viewer.environ, viewer.auth)
            if name not in self._viewers:
                continue
            if principal is None:
                self._server.disconnect(name, namespace=LIVE)
                if viewer.line:
                    viewer.line.close(reason="not signed in any more")
            elif principal.sites != viewer.principal.sites:
                viewer.principal = principal
                self._rooms.enter(name, viewer.scope)
                self._ask(name)

    def _connect(self, name: str, environ: dict[str, Any], auth: object) -> None:
        try:
            scope = asked(auth, self._flows)
        except ValueError as error:
            raise Refusal(str(error)) from None
        principal = self._identify(environ, auth)
        if principal is None:
            raise Refusal("sign in first, or send a token that is valid")
        line = None
        if self._lines and (line := self._lines.get(self._session(name))) is None:
            raise Refusal("connect with the transport `websocket`")
        if len(self._viewers) >= self._most:
            raise Refusal("there are too many viewers already; try again later")
        viewer = self._viewers[name] = _Viewer(principal, auth, scope, environ, line)
        self._rooms.enter(name, viewer.scope)
        if not self._tell(ViewerJoined(name)):
            self._forget(name)
            raise Refusal("too much is going on here; try again later")
        if line:
            line.drained = partial(self._ask, name)
        metrics.VIEWERS.set(len(self._viewers))

    def _disconnect(self, name: str, _reason: object) -> None:
        self._forget(name)
        self._tell(ViewerLeft(name))

    def _forget(self, name: str) -> None:
        self._viewers.pop(name, None)
        self._rooms.leave(name)
        metrics.VIEWERS.set(len(self._viewers))

    def _resync(self, name: str, *_anything: object) -> None:
        self._tell(ResyncAsked(name))

    def _watch(self, name: str, body: object = None, *_anything: object) -> dict[str, str]:
        """The answer, for those who ask for one; what is not well formed changes nothing."""
        try:
            scope = asked(body, self._flows)
        except ValueError as error:
            return {"error": str(error)}
        if viewer := self._viewers.get(name):
            viewer.asked = scope
            self._rooms.enter(name, viewer.scope)
            self._ask(name)
        return {}

    def _ask(self, name: str) -> None:
        """A snapshot is due; where even that cannot be noted, the browser comes again."""
        viewer = self._viewers.get(name)
        if viewer and not self._tell(ResyncAsked(name)) and viewer.line:
            viewer.line.close(reason="overloaded")

    def _open_lines(self, hub: Hub) -> Lines:
        """Whoever only connects takes no room from those who are signed in."""
        is_known = lambda environ: self._identify(environ, None) is not None  # noqa: E731
        return Lines(hub, self._clock, self._most + _OTHERS, _OTHERS, self._may_connect, is_known)

    @property
    def _server(self) -> socketio.Server:
        return self._socketio.server  # type: ignore[attr-defined]  # Flask-SocketIO's types lack it

    def _session(self, name: str) -> str:
        """The Engine.IO session that a viewer came with."""
        return str(self._server.manager.eio_sid_from_sid(name, LIVE))

    def _packets(self, board: Board) -> Packets:
        return Packets(board, self._clock.monotonic(), self._clock.wall())

    def _send(self, names: Iterable[str], packet: Packet) -> None:
        """Whoever has no room for it is behind from then on."""
        frame = packet.frame()
        for name in names:
            viewer = self._viewers[name]
            if viewer.line is None:
                body = orjson.loads(packet.body)
                self._socketio.emit(packet.event, body, namespace=LIVE, to=name)
            elif not viewer.line.offer(frame):
                self._rooms.behind(name)
                metrics.BEHIND.inc()

    def _welcome(self, _name: str, environ: dict[str, Any], auth: object = None) -> None:
        """They ask REST for what was before. Their page has no sign-in, so where there is one, none come."""
        principal = self._identify(environ, auth)
        if principal is None or principal.kind != "local":
            raise Refusal("the page of the original people-counter cannot sign in")

    def _may_connect(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Pages of our own host and of the allowed origins; other programs send no origin."""
        host = environ.get("HTTP_HOST")
        return origin is None or origin in self._origins or origin in {f"http://{host}", f"https://{host}"}
