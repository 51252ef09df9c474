"""The embedded servers, real ones, started the way `up` starts them."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from common.settings import BusSettings, CommonSettings, StoreSettings
from headway import broker
from headway.datadir import DataDir
from headway.errors import UserError
from headway.installation import Installation, Options, prepare
from headway.ports import assign
from headway.probes import bus_trouble, store_trouble
from headway.process import Command
from headway.programs import Program, broker_program, store_program
from headway.runner import Runner
from headway.supervisor import Child
from tests.eventually import PATIENCE


class Said:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def show(self, *_state: object) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing was opened."""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDir]:
    data = DataDir.open(tmp_path / "data")
    yield data
    data.close()


@pytest.fixture
def installation(data: DataDir) -> Installation:
    return prepare(Options(assign(["web"], {})["web"], ()), data)


def run(programs: Sequence[Program], data: DataDir, check: Callable[[], None]) -> list[str]:
    """Start, check when all are ready, stop as Ctrl-C does; what was said."""
    said = Said()

    def started() -> None:
        check()
        os.kill(os.getpid(), signal.SIGINT)

    Runner(programs, data.folder("logs"), said, started).run(list)
    return said.lines


def wrong_password(bus: BusSettings) -> BusSettings:
    return bus.model_validate({**bus.model_dump(), "password": "wrong"})


def test_mosquitto_lets_in_who_has_the_password_and_nobody_else(
    data: DataDir, installation: Installation
) -> None:
    bus = installation.settings.bus

    def check() -> None:
        assert bus_trouble(bus, PATIENCE) is None
        for other in (wrong_password(bus), BusSettings(host=bus.host, port=bus.port)):
            assert "uthori" in (bus_trouble(other, PATIENCE) or "")
        assert "Connection refused" in (bus_trouble(bus.model_copy(update={"port": 1}), PATIENCE) or "")

    program = broker_program(data, installation.memory, installation.settings)
    assert "mosquitto" in program.command.argv[0]
    run([program], data, check)
    passwords = data.path / "broker" / "passwords"
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert installation.memory.mqtt_password not in passwords.read_text()


def test_nats_takes_its_place_where_there_is_no_mosquitto(
    data: DataDir, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "mosquitto", lambda: None)
    bus = installation.settings.bus

    def check() -> None:
        assert bus_trouble(bus, PATIENCE) is None
        assert bus_trouble(wrong_password(bus), PATIENCE) is not None
        assert listening_on_loopback_alone("nats-server")

    program = broker_program(data, installation.memory, installation.settings)
    assert "nats-server" in program.command.argv[0]
    run([program], data, check)


def test_the_store_keeps_its_bucket_and_refuses_strangers(data: DataDir, installation: Installation) -> None:
    store = installation.settings.store

    def check() -> None:
        assert store_trouble(store) is None
        anonymous = StoreSettings(endpoint=store.endpoint, bucket=store.bucket)
        assert "AccessDenied" in (store_trouble(anonymous) or "")
        assert listening_on_loopback_alone("weed")

    for _start in range(2):
        run([store_program(data, installation.memory, installation.settings)], data, check)


def listening_on_loopback_alone(name: str) -> bool:
    (server,) = [p for p in psutil.Process().children() if p.name() == name and p.net_connections("inet")][
        -1:
    ]
    return {c.laddr.ip for c in server.net_connections("inet") if c.status == "LISTEN"} == {"127.0.0.1"}


def stand_in(name: str, code: str, stage: int = 1) -> Program:
    command = Command((sys.executable, "-c", code), Path.cwd(), dict(os.environ))
    return Program(Child(name, stage), command, settle=PATIENCE)


def test_a_start_that_fails_says_why_and_leaves_nothing(data: DataDir, installation: Installation) -> None:
    store = store_program(data, installation.memory, installation.settings)
    with pytest.raises(UserError) as caught:
        run([store, stand_in("engage", "import sys; sys.exit('no such page')")], data, lambda: None)
    assert str(caught.value).startswith("engage ended with exit status 1; see ")
    assert "no such page" in str(caught.value)


def test_a_child_that_comes_and_goes_is_told_with_its_last_words(data: DataDir) -> None:
    mark = data.path / "mark"
    code = (
        "import pathlib, sys, signal; m = pathlib.Path(sys.argv[0] or '.'); "
        f"m = pathlib.Path({str(mark)!r}); n = m.exists(); m.touch(); print('last words', flush=True); "
        "n or sys.exit(3); signal.pause()"
    )
    camera = Program(
        Child("camera", 2, essential=False),
        stand_in("", code).command,
        0.5,
        lambda: None if mark.exists() else "",
    )
    waits = Program(Child("broker", 0), stand_in("", "import signal; signal.pause()").command)
    said = Said()

    class Quits(Said):
        def say(self, text: str) -> None:
            said.say(text)
            if text == "camera runs again":
                os.kill(os.getpid(), signal.SIGTERM)

    Runner([waits, camera], data.folder("logs"), Quits(), lambda: None).run(list)
    assert said.lines[0] == "camera ended with exit status 3; it is started again in 0.5 s\n    last words"
    assert said.lines[1] == "camera runs again"


def test_settings_of_nobody_s_server_say_what_is_wrong() -> None:
    nowhere = CommonSettings(bus=BusSettings(port=1), store=StoreSettings(endpoint="127.0.0.1:1"))
    assert bus_trouble(nowhere.bus, PATIENCE) == "Connection refused"
    assert "127.0.0.1:1" in (store_trouble(nowhere.store) or "")
