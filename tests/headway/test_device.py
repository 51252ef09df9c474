"""`headway device` on a real broker and a real store."""

import json
import threading
from pathlib import Path

import pytest

from common.adapters.mqtt import MqttBus
from common.wire.codec import encode
from common.wire.messages import DeviceConfig, DeviceSettings
from common.wire.topics import Kind, Topics
from headway.__main__ import cli, run
from headway.registry import filters
from tests.eventually import eventually
from tests.headway.ground import ONLINE, Ground, everything_of_cam_1
from tests.servers import free_ports
from tests.services import Ear

Told = pytest.CaptureFixture[str]


def test_list_shows_what_the_broker_retains(
    ground: Ground, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert ground.device("list") == 0
    assert capsys.readouterr().out == "The broker knows no device.\n"
    everything_of_cam_1(ground)
    ground.retain_status(ONLINE.model_copy(update={"device_id": "cam-2"}))
    assert ground.device("list", "--json") == 0
    devices = {d["deviceID"]: d for d in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: (d["state"], d["flows"], d["applied"]) for name, d in devices.items()} == {
        "cam-1": ("offline", ["production", "trial"], False),
        "cam-1-2": ("unknown", ["production"], True),
        "cam-2": ("online", [], True),
    }
    assert devices["cam-1"]["config"]["revision"] == 3
    assert ground.device("list") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told, "names are shown, not obeyed"
    assert "?[1m[bold]Gate" in told
    assert "3, not applied" in told


def test_set_adds_to_what_is_wanted(ground: Ground, capsys: Told) -> None:
    assert ground.device("set", "cam-1", "--interval", "5", "--name", "Gate", "--site", "yard") == 0
    assert capsys.readouterr().out == "cam-1: set; it is applied when the device is online\n"
    assert ground.device("set", "cam-1", "--pause", "--site", "") == 0
    config = ground.config("cam-1")
    assert config
    assert config.revision == 2
    assert config.by
    wanted = config.settings
    assert (wanted.interval, wanted.name, wanted.site, wanted.paused) == (5, "Gate", None, True)
    assert ground.device("set", "cam-1", "--own", "--group", "north") == 0
    config = ground.config("cam-1")
    assert config
    assert config.revision == 3
    assert config.settings.model_dump(exclude_none=True) == {"group": "north"}


def test_set_wins_over_the_largest_revision(ground: Ground) -> None:
    largest = DeviceConfig(device_id="cam-1", revision=10**9, settings=DeviceSettings(paused=True))
    ground.retain({ground.topics.device_config("cam-1"): encode(largest)})
    assert ground.device("set", "cam-1", "--interval", "5") == 0
    config = ground.config("cam-1")
    assert config
    assert (config.revision, config.settings) == (1, DeviceSettings(interval=5, paused=True))


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["cam-1"], 2, "name at least one setting"),
        (["cam/1", "--pause"], 2, "'cam/1' cannot be a device"),
        (["cam-1", "--interval", "0"], 2, "--interval"),
        (["cam-1", "--name", "x" * 101], 1, "headway: --name cannot be that"),
        (["cam-1", "--site", "two\nlines"], 1, "headway: --site cannot be that"),
    ],
)
def test_what_cannot_be_set(
    ground: Ground, capsys: Told, words: list[str], status: int, sentence: str
) -> None:
    assert ground.device("set", *words) == status
    assert sentence in capsys.readouterr().err
    assert ground.config("cam-1") is None


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        ({"applied": 1}, 0, "cam-1: set and applied\n"),
        (
            {"error": "the desired settings are refused: odd"},
            1,
            "cam-1 says: the desired settings are refused",
        ),
    ],
)
def test_set_waits_for_the_answer_of_a_device_that_is_online(
    ground: Ground,
    ear: Ear,
    bus: MqttBus,
    capsys: Told,
    answer: dict[str, object],
    status: int,
    sentence: str,
) -> None:
    ground.retain_status(ONLINE)

    def reply() -> None:
        eventually(lambda: any(received.topic.endswith("/config") for received in ear.heard))
        payload = encode(ONLINE.model_copy(update=answer))
        bus.publish(ground.topics.device_status("cam-1"), payload, retain=True)

    device = threading.Thread(target=reply)
    device.start()
    assert ground.device("set", "cam-1", "--pause") == status
    device.join()
    told = capsys.readouterr()
    assert sentence in told.out + told.err


def test_without_settings_or_a_broker_it_says_what_to_do(tmp_path: Path, capsys: Told) -> None:
    def device(*words: str) -> str:
        line = ["device", *words]
        assert run(lambda **options: cli.main(line, prog_name="headway", **options)) == 1
        return capsys.readouterr().err

    assert "name the folder of `headway up` with --data" in device("--data", str(tmp_path), "list")
    (port,) = free_ports(1)
    (tmp_path / "h.toml").write_text(f"[bus]\nport = {port}\n")
    told = device("--config", str(tmp_path / "h.toml"), "list")
    assert told.startswith("headway: The MQTT broker cannot be used: cannot reach 127.0.0.1")
    assert told.count("\n") == 1


def test_more_than_a_queue_can_be_retained(ground: Ground) -> None:
    ground.retain_status(*(ONLINE.model_copy(update={"device_id": f"cam-{n}"}) for n in range(1500)))
    assert len(ground.knows()) == 1500


def test_every_kind_that_is_of_a_device_is_asked_for(topics: Topics) -> None:
    kinds = {
        place.kind for topic in filters(topics, "cam-1") if (place := topics.parse(topic.replace("+", "f")))
    }
    assert kinds == {Kind.IMAGE, Kind.RESULT, Kind.TROUBLE, Kind.DEVICE_CONFIG, Kind.DEVICE_STATUS}
