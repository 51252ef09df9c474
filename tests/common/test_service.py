"""A service as its supervisor sees it: a process, its signals, its exit status and what it writes."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.eventually import PATIENCE, eventually

CANARY = "canary-7f3a"


class Service:
    """One process of `tests.common.tiny`."""

    def __init__(self, errors: Path, arguments: tuple[str, ...], environ: dict[str, str]) -> None:
        self._errors = errors
        with errors.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.common.tiny", *arguments],
                stderr=file,
                stdout=subprocess.DEVNULL,
                env=environ,
                cwd=Path(__file__).parents[2],
            )

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return self._errors.read_text()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said().splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        """The first log line with that event, waited for."""

        def found() -> dict[str, Any] | None:
            whole = [line for line in self.said().splitlines(keepends=True) if line.endswith("\n")]
            return next((e for e in map(json.loads, whole) if e["event"] == name), None)

        found_event = eventually(found, failure=self.said)
        assert found_event
        return found_event


Run = Callable[..., Service]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    services: list[Service] = []

    def run(*arguments: str, **environ: str) -> Service:
        services.append(Service(tmp_path / f"log{len(services)}", arguments, environ))
        return services[-1]

    yield run
    for service in services:
        service.process.kill()
        service.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_in_order(run: Run, number: signal.Signals) -> None:
    service = run()
    service.event("ready")
    service.process.send_signal(number)
    assert service.ended() == 0
    assert [event["event"] for event in service.events()] == ["metrics", "ready", "first step", "second step"]


def test_an_error_is_logged_and_is_its_exit_status(run: Run) -> None:
    service = run("--bus.username", "fail")
    assert service.ended() == 1
    error = service.events()[-1]
    assert error["event"] == "stopped by an error"
    assert "RuntimeError: failed as told" in error["exception"]
    assert [event["event"] for event in service.events()][-3:-1] == ["first step", "second step"]


def test_a_step_that_fails_does_not_keep_others_from_closing(run: Run) -> None:
    service = run("--bus.username", "fail to close")
    service.event("ready")
    service.process.terminate()
    assert service.ended() == 1
    assert [e["event"] for e in service.events()][-3:] == ["first step", "second step", "stopped by an error"]


def test_wrong_settings_are_one_sentence(run: Run) -> None:
    service = run("--bus.port", CANARY)
    assert service.ended() == 1
    assert service.said().startswith("tiny: setting bus.port in the flags: Input should be a valid integer")
    assert service.said().count("\n") == 1
    assert CANARY not in service.said()


def test_help_is_no_error(run: Run) -> None:
    assert run("--help").ended() == 0


def test_metrics_are_served_on_a_free_port(run: Run) -> None:
    url = run().event("metrics")["url"]
    with urlopen(url, timeout=PATIENCE) as answer:
        text = answer.read().decode()
    assert "headway_bus_bad_messages_total 0.0" in text
    assert "process_resident_memory_bytes" in text


def test_a_taken_port_for_metrics_is_one_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = run("--telemetry.metrics_port", str(port))
        assert service.ended() == 1
    assert service.said().startswith(
        f"tiny: cannot serve metrics on 127.0.0.1:{port}: Address already in use;"
    )
    assert service.said().count("\n") == 1


def test_settings_come_from_all_three_places(run: Run, tmp_path: Path) -> None:
    (tmp_path / "headway.toml").write_text("[store]\nendpoint = 'file:1'\n")
    file = f"{tmp_path}/headway.toml"
    for service, endpoint in [
        (run("--config", file), "file:1"),
        (run("--config", file, HEADWAY_STORE__ENDPOINT="env:2"), "env:2"),
        (run("--config", file, "--store.endpoint", "flag:3", HEADWAY_STORE__ENDPOINT="env:2"), "flag:3"),
    ]:
        assert service.event("ready")["endpoint"] == endpoint
