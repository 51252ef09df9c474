"""The web service: `python -m engage --config headway.toml`."""

import gc
import os
import warnings

gc.set_threshold(50_000, 20, 20)  # few objects here are garbage in circles: imports and devices all stay
os.environ["EVENTLET_NO_GREENDNS"] = "yes"  # its own resolver knows less than the system's

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is in maintenance; its one home is this file
    import eventlet  # type: ignore[import-untyped]
    import eventlet.tpool  # type: ignore[import-untyped]
    import eventlet.wsgi  # type: ignore[import-untyped]

eventlet.monkey_patch()

import socket  # noqa: E402 -- what is imported before the patch would block every browser at once
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402
from uuid import uuid4  # noqa: E402

import structlog  # noqa: E402

from common import service  # noqa: E402
from common.adapters.mqtt import MqttBus  # noqa: E402
from common.adapters.s3 import S3Store  # noqa: E402
from common.ports.clock import SystemClock  # noqa: E402
from engage.access.application import open_access  # noqa: E402
from engage.app import create_app  # noqa: E402
from engage.line import Ready  # noqa: E402
from engage.live import Live  # noqa: E402
from engage.runner import Runner  # noqa: E402
from engage.settings import EngageSettings  # noqa: E402
from engage.snapshots import Pictures  # noqa: E402

_SILENCE = 30
"""Seconds until a connection that says nothing is closed; browsers on the live channel answer pings."""

_BACKLOG = 4096
"""Connections that may wait to be accepted: all browsers come at once when another replica dies."""

_CONNECTIONS = 1000
"""Of HTTP; those of the live channel do not count among them."""

_WHOLE = 120
"""Seconds that a request may take from its first byte to the last of its answer; one waits 30 s at most."""

_original = eventlet.patcher.original("socket").socket


class _Hub:
    """A Hub: eventlet's own, without a green thread for each connection."""

    def __init__(self) -> None:
        self._hub = eventlet.hubs.get_hub()
        self._listeners: dict[tuple[str, int], Any] = {}
        self.fail: Callable[[BaseException], None] = print
        """Gets the error of a job, which nobody expected."""

    def take(self, environ: dict[str, Any]) -> socket.socket:
        eventlet.wsgi.WSGI_LOCAL.already_handled = True
        taken = environ["eventlet.input"].get_socket().fd
        family, kind, protocol, file = taken.family, taken.type, taken.proto, taken.detach()
        sock: socket.socket = _original(family, kind, protocol, file)
        sock.setblocking(False)
        return sock

    def reads(self, sock: socket.socket, ready: Ready | None) -> None:
        self._listen(self._hub.READ, sock.fileno(), ready)

    def writes(self, sock: socket.socket, ready: Ready | None) -> None:
        self._listen(self._hub.WRITE, sock.fileno(), ready)

    def _listen(self, kind: str, file: int, ready: Ready | None) -> None:
        if known := self._listeners.pop((kind, file), None):
            self._hub.remove(known)
        if ready:
            listener = self._hub.add(kind, file, ready, _closed, _closed)
            listener.greenlet = self._hub.greenlet  # it would keep the one that asked
            self._listeners[kind, file] = listener

    def spawn(self, job: Callable[[], None]) -> None:
        eventlet.spawn_n(self._run, job)

    def every(self, seconds: float, job: Callable[[], None]) -> None:
        def repeat() -> None:
            while True:
                eventlet.sleep(seconds)
                job()

        eventlet.spawn_n(self._run, repeat)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 -- the loop's boundary takes it: the service ends
            self.fail(error)


class _Protocol(eventlet.wsgi.HttpProtocol):  # type: ignore[misc]
    """HTTP in which nobody keeps a connection by sending, or reading, a byte now and then."""

    def handle_one_request(self) -> None:
        with eventlet.Timeout(_WHOLE) as whole:
            try:
                super().handle_one_request()
                if getattr(self, "environ", {}).get("HTTP_UPGRADE"):
                    self.close_connection = True  # the live channel has it, or refused it
            except eventlet.Timeout as late:
                if late is not whole:
                    raise
                self.close_connection = True

    def parse_request(self) -> bool:
        """The headers, in the time that a silent connection has."""
        came = False
        with eventlet.Timeout(_SILENCE, False):
            came = bool(super().parse_request())
        self.close_connection |= not came
        return came


def _closed(*_: object) -> None:
    """For files that others close; ours are never listened to when they close."""


def main() -> int:
    socket.getaddrinfo = partial(eventlet.tpool.execute, eventlet.patcher.original("socket").getaddrinfo)
    gc.freeze()
    settings = service.start(EngageSettings, "engage", metrics=False)
    own = settings.engage
    try:
        family = socket.AF_INET6 if ":" in own.host else socket.AF_INET
        listener = eventlet.listen((own.host, own.port), family, backlog=_BACKLOG, reuse_port=False)
    except OSError as error:
        sys.exit(f"engage: cannot listen on {own.host}:{own.port}: {error.strerror}; set engage.port")
    store, clock = S3Store(settings.store), SystemClock()
    access = open_access(own, store, clock, eventlet.tpool.execute)
    hub = _Hub()
    live = Live(settings, clock, hub, access.viewer_of)
    bus = MqttBus(settings.bus, f"headway-engage-{uuid4().hex[:12]}", ping=own.ping)
    runner = Runner(settings, bus, store, live, clock)
    hub.fail = runner.loop.stop
    pictures = Pictures(store, own)
    look = lambda: runner.board  # noqa: E731
    app = create_app(settings, look, runner.tell, live, pictures, runner.waiting, access, clock)
    options = {"max_size": _CONNECTIONS, "socket_timeout": _SILENCE, "protocol": _Protocol}
    eventlet.spawn(eventlet.wsgi.server, listener, app, log_output=False, debug=False, **options)
    runner.start()
    structlog.get_logger(__name__).info("listening", url=f"http://{own.host}:{own.port}/")
    return service.run(runner.loop, [runner.close, pictures.close, access.close])


if __name__ == "__main__":
    sys.exit(main())
