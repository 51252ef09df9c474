"""A wire to a server that can be cut: what is sent meanwhile arrives never or late, and nobody is told."""

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self

from tests.servers import free_ports

_CHUNK = 65536


class Wire:
    """Passes on the connections to 127.0.0.1:`port` that come in at `self.port`."""

    def __init__(self, port: int) -> None:
        (self.port,) = free_ports(1)
        self._target = port
        self._cut = threading.Event()
        self._stop = threading.Event()
        self._ends: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="wire")

    def cut(self) -> None:
        self._cut.set()

    def mend(self) -> None:
        self._cut.clear()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector, socket.create_server(("127.0.0.1", self.port)) as door:
            selector.register(door, selectors.EVENT_READ)
            while not self._stop.wait(0.05 if self._cut.is_set() else 0):
                ready = [] if self._cut.is_set() else selector.select(0.05)
                for key, _ in ready:
                    if key.fileobj is door:
                        self._join(selector, door)
                    elif (end := key.fileobj) in self._ends:
                        self._pass_on(selector, end)
            for end in self._ends:
                end.close()

    def _join(self, selector: selectors.BaseSelector, door: socket.socket) -> None:
        near, _ = door.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            near.close()
            return
        for end, other in ((near, far), (far, near)):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends[end] = other
            selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, selector: selectors.BaseSelector, end: socket.socket) -> None:
        other = self._ends[end]
        with suppress(OSError):
            if data := end.recv(_CHUNK):
                other.sendall(data)
                return
        for gone in (end, other):
            selector.unregister(gone)
            del self._ends[gone]
            gone.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
