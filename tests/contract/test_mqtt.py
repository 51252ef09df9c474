"""What only a real connection shows: who is let in, the socket, a broker that never answers."""

import hashlib
import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from common.adapters.mqtt import MqttBus
from common.adapters.mqtt_client import LARGEST
from common.ports.bus import (
    BusEvent,
    Connected,
    Delivered,
    Disconnected,
    Received,
    Refused,
    Undelivered,
    Will,
)
from common.settings import BusSettings
from common.telemetry import BUS_BAD_MESSAGES
from tests.contract.rigs import STOPPED, USUAL, Ear, Listen, bus_of, socket_of
from tests.eventually import PATIENCE, eventually
from tests.servers import USER, Mosquitto, MqttServer, Nats, free_ports


@pytest.fixture(params=["mosquitto", "nats"])
def server(request: pytest.FixtureRequest) -> MqttServer:
    found: MqttServer = request.getfixturevalue(request.param)
    return found


def test_speaks_mqtt_5_with_mosquitto_and_3_1_1_with_nats(
    mosquitto: Mosquitto, nats: Nats, listen: Listen
) -> None:
    said = [listen(s.settings()).connected().all(Connected)[0].server for s in (mosquitto, nats)]
    assert said == [f"127.0.0.1:{mosquitto.port} MQTT 5", f"127.0.0.1:{nats.port} MQTT 3.1.1"]


def test_does_not_let_nagle_wait(server: MqttServer, listen: Listen) -> None:
    ear = listen(server.settings()).connected()
    assert socket_of(bus_of(ear)).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_its_thread_is_named_after_the_client(mosquitto: Mosquitto, listen: Listen) -> None:
    ear = listen(mosquitto.settings()).connected()
    assert ear.threads == {f"paho-mqtt-client-ear-0-{mosquitto.port}"}


@pytest.mark.parametrize(
    "wrong", [{"password": "canary"}, {"username": "nobody"}, {"username": None, "password": None}]
)
def test_a_wrong_password_is_said(server: MqttServer, listen: Listen, wrong: dict[str, Any]) -> None:
    ear = listen(server.settings(**wrong)).disconnected()
    reason = ear.all(Disconnected)[0].reason
    assert reason.startswith(f"127.0.0.1:{server.port} refused us: ")
    assert ": check bus.username and bus.password" in reason
    assert "canary" not in reason
    assert not ear.all(Connected)


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[Mosquitto]:
    """Retains nothing."""
    with Mosquitto(tmp_path, options=("retain_available false",)) as server:
        yield server


def test_a_broker_that_retains_nothing_is_said_to_be_of_no_use(forgetful: Mosquitto, listen: Listen) -> None:
    """It takes no client with a will."""
    bus = MqttBus(forgetful.settings(), "w1", Will("a", b"gone"))
    said: SimpleQueue[BusEvent] = SimpleQueue()
    bus.start(said.put)
    event = said.get(timeout=PATIENCE)
    bus.stop()
    needed = "Headway needs retained messages: let it retain messages (Mosquitto: retain_available)"
    where = f"127.0.0.1:{forgetful.port}"
    assert event == Disconnected(f"{where} refused us: Retain not supported: {needed}")
    with capture_logs() as logs:
        listen(forgetful.settings()).connected()
    assert [entry["advice"] for entry in logs if entry["log_level"] == "error"] == [needed]


def test_the_password_may_come_from_a_file(mosquitto: Mosquitto, listen: Listen, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(mosquitto.secret + "\n")
    listen(mosquitto.settings(password=None, password_file=file)).connected()


def test_nobody_there_is_said_again_and_again(listen: Listen) -> None:
    (port,) = free_ports(1)
    with capture_logs() as logs:
        ear = listen(BusSettings(host="127.0.0.1", port=port)).disconnected(3)
    assert [line["count"] for line in logs] == [1], "once a minute in the log"
    assert ear.all(Disconnected)[0].reason == f"cannot reach 127.0.0.1:{port}: Connection refused"


def test_a_host_that_has_no_address_is_said(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system says it; to find that out may take it a minute."""

    def unknown(*_: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ear = listen(BusSettings(host="nowhere.invalid")).disconnected()
    assert ear.all(Disconnected)[0].reason == "cannot reach nowhere.invalid:1883: Name or service not known"


def test_stops_at_once_while_the_server_never_answers(listen: Listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ear = listen(BusSettings(port=silent.getsockname()[1]))
        silent.settimeout(PATIENCE)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)
            start = monotonic()
            ear.bus.stop()
            assert monotonic() - start < STOPPED


def test_stops_while_connecting_within_its_time_limit(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.adapters.mqtt._CONNECT", 0.5)
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for filler in (first, second):  # with its backlog full, the kernel leaves others without an answer
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        ear = listen(BusSettings(port=deaf.getsockname()[1]))
        start = monotonic()
        ear.bus.stop()
        assert monotonic() - start < USUAL


def test_the_broker_forgets_what_expires(mosquitto: Mosquitto, listen: Listen, prefix: str) -> None:
    """What is said and what is left as a will; nothing else."""
    will = Will(f"{prefix}/will", b"will", expires=1)
    leaver = Ear(MqttBus(mosquitto.settings(), f"leaver-{mosquitto.port}", will))
    leaver.bus.publish(f"{prefix}/said", b"said", retain=True, expires=1)
    leaver.bus.publish(f"{prefix}/stays", b"stays", retain=True)
    watcher = listen(mosquitto.settings())
    watcher.bus.subscribe(f"{prefix}/#")
    watcher.connected()
    leaver.start()
    watcher.until(lambda e: len(e.payloads()) == 2)
    socket_of(bus_of(leaver)).shutdown(socket.SHUT_RDWR)
    assert watcher.until(lambda e: len(e.payloads()) > 2).payloads() == [b"said", b"stays", b"will"]

    def retained() -> set[bytes]:
        late = listen(mosquitto.settings())
        late.bus.subscribe(f"{prefix}/#")
        return set(late.until(lambda e: b"stays" in e.payloads()).payloads())

    eventually(lambda: retained() == {b"stays"}, every=0.2)
    leaver.connected(2).bus.stop()


def test_two_clients_of_one_name_are_told(mosquitto: Mosquitto) -> None:
    """They throw each other out; Mosquitto 2.0 says nothing to whom it throws out."""
    name = f"twin-{mosquitto.port}"
    with ExitStack() as stack:
        twins = [Ear(MqttBus(mosquitto.settings(), name)) for _ in range(2)]
        for twin in twins:
            stack.callback(twin.bus.stop)
            twin.start()
            twin.connected()
        for twin in twins:
            twin.until(lambda t: any(f"uses the name {name}" in e.reason for e in t.all(Disconnected)))


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Mosquitto]:
    """Nobody may subscribe below `closed/`; without its plug-in Mosquitto refuses no filter."""
    plugin = next(Path("/usr").glob("lib*/**/mosquitto_dynamic_security.so"), None)
    assert plugin, "mosquitto_dynamic_security.so is missing: it comes with mosquitto"
    rules = tmp_path / "rules.json"
    server = Mosquitto(tmp_path, options=(f"plugin {plugin}", f"plugin_opt_config_file {rules}"))
    salt, rounds = b"salt" * 3, 101
    digest = hashlib.pbkdf2_hmac("sha512", server.secret.encode(), salt, rounds)
    user = {
        "username": USER,
        "password": b64encode(digest).decode(),
        "salt": b64encode(salt).decode(),
        "iterations": rounds,
        "roles": [{"rolename": "most"}],
    }
    closed = [
        {"acltype": kind, "topic": topic, "priority": 0, "allow": False}
        for kind, topic in (("subscribePattern", "closed/#"), ("publishClientSend", "sealed/#"))
    ]
    kinds = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
    everything = {
        "defaultACLAccess": dict.fromkeys(kinds, True),
        "clients": [user],
        "roles": [{"rolename": "most", "acls": closed}],
    }
    rules.write_text(json.dumps(everything))
    rules.chmod(0o600)
    with server:
        yield server


def test_a_message_that_is_refused_comes_back_with_what_to_do(strict: Mosquitto, listen: Listen) -> None:
    ear = listen(strict.settings()).connected()
    ear.bus.publish("sealed/a", b"a", token=1)
    ear.until(lambda e: e.all(Undelivered))
    reason = "Not authorized: let this user write to that topic in the broker's access rules"
    assert ear.all(Undelivered) == [Undelivered(1, reason)]


def test_a_filter_that_is_refused_is_said_and_the_others_stand(strict: Mosquitto, listen: Listen) -> None:
    """Asked for before the session, in it, and in the next one."""
    ear = listen(strict.settings())
    ear.bus.subscribe("closed/a", "open/a")
    ear.connected().bus.subscribe("open/b", "closed/b")
    ear.until(lambda e: {refused.filter for refused in e.all(Refused)} == {"closed/a", "closed/b"})
    assert {refused.reason for refused in ear.all(Refused)} == {"Not authorized"}
    for topic in ("closed/a", "closed/b", "open/a", "open/b"):
        ear.bus.publish(topic, topic.encode())
    ear.until(lambda e: e.payloads() == [b"open/a", b"open/b"])
    ear.events.clear()
    strict.restart()
    ear.connected().until(lambda e: {r.filter for r in e.all(Refused)} == {"closed/a", "closed/b"})


def test_no_publish_overtakes_one_that_another_thread_is_sending(
    mosquitto: Mosquitto, listen: Listen, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = listen(mosquitto.settings()).connected()
    ear.bus.subscribe(f"{prefix}/x")
    client = bus_of(ear)._client
    send, sending, go_on = client.publish, threading.Event(), threading.Event()

    def hesitate(topic: str, payload: bytes, **options: Any) -> Any:
        if payload == b"first":
            sending.set()
            assert go_on.wait(PATIENCE)
        return send(topic, payload, **options)

    monkeypatch.setattr(client, "publish", hesitate)
    thread = threading.Thread(target=ear.bus.publish, args=(f"{prefix}/x", b"first"))
    thread.start()
    assert sending.wait(PATIENCE)
    ear.bus.publish(f"{prefix}/x", b"second")
    go_on.set()
    thread.join()
    assert ear.until(lambda e: len(e.payloads()) == 2).payloads() == [b"first", b"second"]


def test_publishes_of_many_threads_each_stay_in_order(
    server: MqttServer, listen: Listen, prefix: str
) -> None:
    ear = listen(server.settings(queue=10_000)).connected()
    ear.bus.subscribe(f"{prefix}/+")

    def speak(name: int) -> None:
        for i in range(300):
            ear.bus.publish(f"{prefix}/{name}", str(i).encode(), token=name * 1000 + i)

    threads = [threading.Thread(target=speak, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ear.until(lambda e: len(e.payloads()) >= 1200 and len(e.outcomes()) >= 1200)
    for name in range(4):
        tokens = [
            token % 1000 for kind, token in ear.outcomes() if kind is Delivered and token // 1000 == name
        ]
        assert tokens == list(range(300))
        heard = [e.payload for e in ear.all(Received) if e.topic == f"{prefix}/{name}"]
        assert heard == [str(i).encode() for i in range(300)]


def test_a_message_that_is_too_large_takes_nothing_with_it(
    server: MqttServer, listen: Listen, prefix: str
) -> None:
    """A broker of MQTT 5 keeps it to itself, and one of 3.1.1 sends it."""
    bad = BUS_BAD_MESSAGES._value.get()
    speaker = listen(server.settings()).connected()
    speaker.bus.publish(f"{prefix}/x", bytes(2 * LARGEST), retain=True, token=1)
    speaker.bus.publish(f"{prefix}/y", b"kept", retain=True, token=2)
    speaker.until(lambda e: len(e.outcomes()) == 2)
    ear = listen(server.settings())
    ear.bus.subscribe(f"{prefix}/#")
    ear.until(lambda e: b"kept" in e.payloads())
    speaker.bus.publish(f"{prefix}/x", bytes(2 * LARGEST))
    speaker.bus.publish(f"{prefix}/y", b"live")
    ear.until(lambda e: b"live" in e.payloads())
    assert ear.payloads() == [b"kept", b"live"]
    assert BUS_BAD_MESSAGES._value.get() - bad == (2 if isinstance(server, Nats) else 0)
    assert not ear.all(Disconnected)


def test_a_connection_cut_under_load_loses_nothing(server: MqttServer, listen: Listen, prefix: str) -> None:
    ear = listen(server.settings(queue=10_000)).connected()
    ear.bus.subscribe(f"{prefix}/x")
    for i in range(1000):
        if i == 500:
            socket_of(bus_of(ear)).shutdown(socket.SHUT_RDWR)
        ear.bus.publish(f"{prefix}/x", str(i).encode(), token=i)
    ear.connected(2).until(lambda e: len(e.outcomes()) >= 1000)
    assert sorted(ear.outcomes(), key=lambda o: o[1]) == [(Delivered, i) for i in range(1000)]


def test_a_stop_in_the_middle_of_falling_back_to_3_1_1_leaves_nothing(nats: Nats) -> None:
    """The watch for leaked threads fails this test when a client of the fall-back stays behind."""
    for delay in range(12):
        ear = Ear(MqttBus(nats.settings(), f"short-{delay}"))
        ear.start()
        eventually(iter([False] * delay + [True]).__next__, every=0.001)
        ear.bus.stop()
