"""The servers that other tests stand on: they come back after a kill and listen on loopback only."""

import socket

import psutil
import pytest

from tests.eventually import PATIENCE
from tests.servers import Mosquitto, Nats, Server, Weed


def _listening(server: Server) -> set[str]:
    return {c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"}


@pytest.mark.parametrize("name", ["mosquitto", "nats", "weed"])
def test_comes_back_on_its_port_after_a_kill(name: str, request: pytest.FixtureRequest) -> None:
    server: Mosquitto | Nats | Weed = request.getfixturevalue(name)
    port, pid = server.port, server.pid
    server.kill()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    server.start()
    assert (server.port, server.running) == (port, True)
    assert server.pid != pid


@pytest.mark.parametrize("name", ["mosquitto", "nats", "weed"])
def test_listens_on_loopback_only(name: str, request: pytest.FixtureRequest) -> None:
    assert _listening(request.getfixturevalue(name)) == {"127.0.0.1"}
