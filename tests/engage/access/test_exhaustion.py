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
from tests.engage.access.people import TEST
from tests.engage.service import Engage, settled
from tests.eventually import PATIENCE, eventually

OTHERS = 20
SOON, SILENCE = 20, 30


class Tuned(Engage):
    """With room for 20 who have not signed in, and other constants of its own."""

    tuning = "pass"

    def command(self) -> list[str]:
        own = f"live._OTHERS = {OTHERS}; assert engage._SILENCE == {SILENCE}; {self.tuning}"
        run = f"import sys; from engage import __main__ as engage, live; {own}; sys.exit(engage.main())"
        return [sys.executable, "-c", run]


class Hasty(Tuned):
    """It waits a second for the headers of a request."""

    tuning = "engage._SILENCE = 1"


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
    with Tuned(tmp_path, bus, store, ENGAGE__AUTH="true") as engage:
        settled(engage)
        yield engage


@pytest.fixture
def hasty(tmp_path: Path, bus: BusSettings, store: StoreSettings) -> Iterator[Engage]:
    with Hasty(tmp_path, bus, store, ENGAGE__AUTH="true") as engage:
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
    sock = socket.create_connection(("127.0.0.1", engage.port), PATIENCE)
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    return sock


def answer(sock: socket.socket) -> int:
    return int(sock.recv(4096).split()[1])


def test_whoever_only_connects_keeps_nobody_out_who_is_signed_in(engage: Engage, token: str) -> None:
    with ExitStack() as stack:
        answers = [answer(stack.enter_context(connect(engage))) for _ in range(OTHERS + 5)]
        assert answers == [101] * OTHERS + [503] * 5
        refused = stack.enter_context(connect(engage))
        refused.settimeout(SOON)
        while refused.recv(4096):
            """It is hung up on: the connection is one of those that REST needs too."""
        assert answer(stack.enter_context(connect(engage, f"Authorization: Bearer {token}"))) == 101
    eventually(lambda: _is_let_in(engage))


def _is_let_in(engage: Engage) -> bool:
    with connect(engage) as sock:
        return answer(sock) == 101


def test_whoever_sends_a_byte_now_and_then_is_hung_up_on(hasty: Engage) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port), PATIENCE) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{hasty.port}\r\n".encode())
        sock.settimeout(0.2)
        eventually(lambda: _is_closed(sock), within=SOON)
        assert time.monotonic() - begun > 0.5
    assert hasty.get("/healthz").status_code == 200


def _is_closed(sock: socket.socket) -> bool:
    try:
        sock.sendall(b"x")
        return not sock.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
