"""Logs that machines can read, and that tell no secret."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import ManualClock
from common.ports.store import StoreError
from common.settings import BusSettings, StoreSettings, TelemetrySettings
from common.telemetry import SeldomLog, configure_logs
from tests.contract.rigs import Ear
from tests.servers import Mosquitto, Weed, free_ports

CANARY = "canary-7f3a"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Written:
    """What has gone to standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """Logging is as it was when the test ends."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield Written(capsys)
    logging.captureWarnings(capture=False)
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


def configured(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "pretty", "json"] = "auto",
) -> Any:
    configure_logs(TelemetrySettings(log_level=level, log_format=form), "tiny")
    return structlog.get_logger("test")


def lines(stream: Written) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_off_a_terminal_each_line_is_json(written: Written) -> None:
    configured().info("two\nlines", number=1, path="ü", odd={1, 2})
    (line,) = lines(written)
    assert (line["event"], line["number"], line["path"]) == ("two\nlines", 1, "ü")
    assert (line["service"], line["level"]) == ("tiny", "info")
    assert line["timestamp"].endswith("Z")


def test_on_a_terminal_it_is_for_people(monkeypatch: pytest.MonkeyPatch, written: Written) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configured().info("hello", topic="a/b")
    assert written.getvalue() == ""
    assert "hello" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_attempts_that_a_library_repeats_are_left_out(written: Written) -> None:
    configured()
    logging.getLogger("urllib3.connectionpool").warning("Retrying (Retry(total=1)) after connection broken")
    logging.getLogger("urllib3.connectionpool").error("another matter")
    assert [line["event"] for line in lines(written)] == ["another matter"]


def test_what_many_threads_have_to_say_at_once_is_said_once_a_minute() -> None:
    clock = ManualClock()
    seldom = SeldomLog(structlog.get_logger("test"), clock)

    def complain() -> None:
        for number in range(100):
            seldom.warning("no", "a", number=number)
            seldom.warning("no", "b")

    with capture_logs() as logs:
        threads = [threading.Thread(target=complain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [(line["count"], "number" in line) for line in logs] in (
            [(1, True), (1, False)],
            [(1, False), (1, True)],
        )
        clock.advance(60)
        seldom.warning("no", "a")
    assert (logs[-1]["event"], logs[-1]["count"]) == ("no", 400)


def test_control_characters_from_outside_do_not_reach_a_terminal(written: Written) -> None:
    configured(form="pretty").info("hello", topic="a\x1b]0;owned\x07b", cause="x\ny")
    assert "\x1b]0" not in written.getvalue()
    assert written.getvalue().count("\n") == 1


@pytest.mark.parametrize(("level", "said"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(written: Written, level: Any, said: int) -> None:
    log = configured(level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert len(lines(written)) == said


def test_every_thread_names_the_service(written: Written) -> None:
    log = configured()
    thread = threading.Thread(target=lambda: log.info("from a thread"))
    thread.start()
    thread.join()
    assert lines(written)[0]["service"] == "tiny"


def test_a_thread_that_dies_is_an_error_in_the_log(written: Written) -> None:
    configured()
    thread = threading.Thread(target=lambda: 1 // 0, name="poor")
    thread.start()
    thread.join()
    (line,) = lines(written)
    assert (line["event"], line["thread"], line["level"]) == ("a thread ended by an error", "poor", "error")
    assert "ZeroDivisionError" in line["exception"]


def test_what_libraries_log_becomes_json_too(written: Written) -> None:
    configured()
    logging.getLogger("paho").warning("retrying %s", "x")
    logging.getLogger("paho").info("too quiet")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = lines(written)
    assert (first["event"], first["logger"], first["level"]) == ("retrying x", "paho", "warning")
    assert "DeprecationWarning: old" in second["event"]


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_a_traceback_tells_no_secret(written: Written, form: Any) -> None:
    log = configured(form=form)

    def connect(password: str, secret: SecretStr) -> None:
        opened = f"{password}{secret.get_secret_value()}"
        raise OSError(len(opened))

    try:
        connect(CANARY, SecretStr(CANARY))
    except OSError:
        log.exception("failed", secret=SecretStr(CANARY))
    assert "OSError" in written.getvalue()
    assert CANARY not in written.getvalue()


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_no_way_of_failing_tells_a_secret(
    written: Written, form: Any, mosquitto: Mosquitto, weed: Weed
) -> None:
    log = configured("debug", form)
    (closed,) = free_ports(1)
    wrong = SecretStr(CANARY)
    for bus_settings in (
        mosquitto.settings(password=wrong),
        BusSettings(port=closed, username="u", password=wrong),
    ):
        ear = Ear(MqttBus(bus_settings, "canary"))
        ear.start()
        ear.disconnected()
        ear.bus.stop()
        log.warning("settings", settings=bus_settings, events=ear.events)
    for store_settings in (
        weed.settings(secret_key=wrong),
        StoreSettings(endpoint=f"127.0.0.1:{closed}", access_key="u", secret_key=wrong),
    ):
        store = S3Store(store_settings)
        try:
            store.put("a", b"x")
        except StoreError:
            log.exception("failed", settings=store_settings)
        store.close()
    assert written.getvalue().count("\n") >= 4
    assert CANARY not in written.getvalue()
