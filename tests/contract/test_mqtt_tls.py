"""MQTT over TLS: whom a client trusts, and that it never hangs."""

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
import trustme

from common.ports.bus import Connected, Delivered, Disconnected
from common.settings import BusSettings
from tests.contract.rigs import USUAL, Listen, bus_of, socket_of
from tests.eventually import PATIENCE
from tests.servers import Mosquitto


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> Iterator[Mosquitto]:
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    with Mosquitto(tmp_path, options=(f"certfile {chain}", f"keyfile {key}")) as server:
        yield server


def written(authority: trustme.CA, file: Path) -> Path:
    authority.cert_pem.write_to_path(file)
    return file


def test_tls_with_its_own_authority(
    tls: Mosquitto, authority: trustme.CA, tmp_path: Path, listen: Listen, prefix: str
) -> None:
    ear = listen(tls.settings(tls=True, ca_file=written(authority, tmp_path / "ca.pem"))).connected()
    assert socket_of(bus_of(ear)).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    ear.bus.publish(f"{prefix}/x", b"x", token=1)
    ear.until(lambda e: e.outcomes() == [(Delivered, 1)])


@pytest.mark.parametrize("trusted", ["another authority", "the system's"])
def test_tls_refuses_a_certificate_of_a_stranger(
    tls: Mosquitto, trusted: str, tmp_path: Path, listen: Listen
) -> None:
    stranger = written(trustme.CA(), tmp_path / "stranger.pem") if trusted == "another authority" else None
    ear = listen(tls.settings(tls=True, ca_file=stranger)).disconnected()
    reason = ear.all(Disconnected)[0].reason
    assert reason.startswith(f"cannot reach 127.0.0.1:{tls.port}: its certificate is not to be trusted")
    assert not ear.all(Connected)


def test_tls_refuses_a_certificate_for_another_host(
    tls: Mosquitto, authority: trustme.CA, tmp_path: Path, listen: Listen
) -> None:
    ca = written(authority, tmp_path / "ca.pem")
    ear = listen(tls.settings(host="localhost", tls=True, ca_file=ca)).disconnected()
    assert "its certificate is not to be trusted" in ear.all(Disconnected)[0].reason


def test_tls_stops_within_its_time_limit_in_a_handshake_that_hangs(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.adapters.mqtt._CONNECT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ear = listen(BusSettings(port=silent.getsockname()[1], tls=True))
        silent.settimeout(PATIENCE)
        connection, _ = silent.accept()
        with connection:
            start = monotonic()
            ear.bus.stop()
            assert monotonic() - start < USUAL
