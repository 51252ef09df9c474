"""Nobody who has not signed in uses up what the others need: at the real service."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.adapters.s3 import S3Store
from common.ports.clock import SystemClock
from common.settings import BusSettings, StoreSettings
from engage.access.admin import Admin
from engage.access.roles import Role
from engage.access.vault import Vault
from engage.live import _OTHERS
from tests.engage.access.people import TEST
from tests.engage.service import Engage, settled
from tests.eventually import eventually

_HASTY = "import sys; from engage import __main__ as engage; engage._SILENCE = 1; sys.exit(engage.main())"


class Hasty(Engage):
    """It waits a second for the headers of a request."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", _HASTY]


@pytest.fixture
def token(store: StoreSettings) -> Iterator[str]:
    own = S3Store(store)
    own.ensure_bucket()
    vault = Vault(own, SystemClock())
    yield Admin(vault, SystemClock()).issue("test", Role.VIEWER, None, None, TEST)[0].text
    vault.close()
    own.close()


@pytest.fixture
def engage(tmp_path: Path, bus: BusSettings, store: StoreSettings) -> Iterator[Engage]:
    with Hasty(tmp_path, bus, store, ENGAGE__AUTH="true") as engage:
        settled(engage)
        yield engage


def connect(engage: Engage, *headers: str) -> socket.socket:
    """A WebSocket that says nothing."""
    lines = (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: 127.0.0.1:{engage.port}",
        *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )
    sock = socket.create_connection(("127.0.0.1", engage.port), 5)
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    return sock


def answer(sock: socket.socket) -> int:
    return int(sock.recv(4096).split()[1])


def test_whoever_only_connects_keeps_nobody_out_who_is_signed_in(engage: Engage, token: str) -> None:
    with ExitStack() as stack:
        answers = [answer(stack.enter_context(connect(engage))) for _ in range(_OTHERS + 5)]
        assert answers == [101] * _OTHERS + [503] * 5
        refused = stack.enter_context(connect(engage))
        refused.settimeout(0.7)
        while refused.recv(4096):
            """It is hung up on: the connection is one of those that REST needs too."""
        assert answer(stack.enter_context(connect(engage, f"Authorization: Bearer {token}"))) == 101
    eventually(lambda: _is_let_in(engage), within=5)


def _is_let_in(engage: Engage) -> bool:
    with connect(engage) as sock:
        return answer(sock) == 101


def test_whoever_sends_a_byte_now_and_then_is_hung_up_on(engage: Engage) -> None:
    with socket.create_connection(("127.0.0.1", engage.port), 5) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{engage.port}\r\n".encode())
        sock.settimeout(0.2)
        begun = time.monotonic()
        eventually(lambda: _is_closed(sock), within=5)
        assert time.monotonic() - begun > 0.5
    assert engage.get("/healthz").status_code == 200


def _is_closed(sock: socket.socket) -> bool:
    try:
        sock.sendall(b"x")
        return not sock.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
