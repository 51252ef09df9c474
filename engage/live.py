"""The live channel over Socket.IO: `/live` for our page, `/test` for that of the original people-counter.

Only the loop's thread sends, in the order of revisions: a browser that joins is told so through the core. The
original page's own client is of another time: `engage.polling` serves it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from flask import Flask, request
from flask_socketio import SocketIO

from common.ports.clock import Clock
from engage import metrics
from engage.events import Event, ResyncAsked, ViewerJoined, ViewerLeft
from engage.models import Changes, OriginalResult, Snapshot
from engage.polling import Polling
from engage.settings import EngageSettings

LIVE = "/live"
ORIGINAL = "/test"
_UPDATES = "devicesupdates"
_PING = 5
"""Seconds; a connection that is half open shows within two of them."""

_LARGEST_MESSAGE = 16 * 1024
"""From a browser, which only ever says `resync`."""


class Live:
    """An Audience. `eventlet` needs its monkey patch before anything is imported; tests use `threading`."""

    def __init__(
        self, settings: EngageSettings, mode: Literal["eventlet", "threading"], clock: Clock
    ) -> None:
        self._compat = settings.compat.people_counter
        self._origins = frozenset(settings.engage.allowed_origins)
        options: dict[str, Any] = {
            "async_mode": mode,
            "transports": ["websocket", "polling"] if self._compat else ["websocket"],
            "cors_allowed_origins": self._may_connect,
            "always_connect": True,
            "manage_session": False,
            "ping_interval": _PING,
            "ping_timeout": _PING,
            "max_http_buffer_size": _LARGEST_MESSAGE,
        }
        self._socketio = SocketIO(**options)
        self._polling = Polling(ORIGINAL, self._may_connect, clock, _PING)
        self._most = settings.engage.viewers
        self._viewers: set[str] = set()

    def attach(self, app: Flask, tell: Callable[[Event], bool]) -> None:
        """Serve at /socket.io/ of `app`; `tell` takes what browsers do."""
        on = self._socketio.on

        @on("connect", namespace=LIVE)
        def connect(_auth: object = None) -> bool:
            if len(self._viewers) >= self._most or not tell(ViewerJoined(_viewer())):
                return False
            self._viewers.add(_viewer())
            metrics.VIEWERS.set(len(self._viewers))
            return True

        @on("disconnect", namespace=LIVE)
        def disconnect(_reason: object = None) -> None:
            self._viewers.discard(_viewer())
            metrics.VIEWERS.set(len(self._viewers))
            tell(ViewerLeft(_viewer()))

        @on("resync", namespace=LIVE)
        def resync(*_anything: object) -> None:
            tell(ResyncAsked(_viewer()))

        routes = app.wsgi_app
        self._socketio.init_app(app)
        if self._compat:
            on("connect", namespace=ORIGINAL)(_welcome)
            self._polling.attach(app, routes)

    def changes(self, changes: Changes) -> None:
        self._emit("changes", changes)

    def snapshot(self, viewers: Sequence[str], snapshot: Snapshot) -> None:
        self._emit("snapshot", snapshot, to=list(viewers))

    def originals(self, results: Sequence[OriginalResult]) -> None:
        for result in results:
            body = result.model_dump(by_alias=True)
            self._socketio.emit(_UPDATES, body, namespace=ORIGINAL)
            self._polling.emit(_UPDATES, body)

    def _emit(self, event: str, message: Changes | Snapshot, to: list[str] | None = None) -> None:
        """`to` may be a list; the types say otherwise."""
        body = message.model_dump(by_alias=True)
        self._socketio.emit(event, body, namespace=LIVE, to=to)  # type: ignore[arg-type]

    def _may_connect(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Pages of our own host and of the allowed origins; other programs send no origin."""
        host = environ.get("HTTP_HOST")
        return origin is None or origin in self._origins or origin in {f"http://{host}", f"https://{host}"}


def _welcome(_auth: object = None) -> None:
    """A namespace is there once something waits for its clients. They ask REST for what was before."""


def _viewer() -> str:
    return str(request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO puts it there
