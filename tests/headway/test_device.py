"""`headway device` on a real broker and a real store."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import SystemClock
from common.wire.codec import encode
from common.wire.keys import result_key, shown_key, snapshot_key, trouble_key
from common.wire.messages import DeviceConfig, DeviceSettings, DeviceStatus
from common.wire.topics import Kind, Topics
from engage.access.audit import Audit
from engage.access.vault import Vault
from headway import toml
from headway.__main__ import cli, run
from headway.line import Line
from headway.registry import filters, registered
from tests.common.messages import EVERY, SMALL_RESULT
from tests.eventually import eventually
from tests.servers import Mosquitto, Weed, free_ports
from tests.services import Ear

Told = pytest.CaptureFixture[str]
ONLINE = DeviceStatus(
    device_id="cam-1",
    state="online",
    session="s",
    interval=1,
    agent_version="0.1.0",
    name="\x1b[1m[bold]Gate",
)


class Ground:
    """A broker and a store that know some devices, and the command line that finds them by their settings."""

    def __init__(
        self, mosquitto: Mosquitto, weed: Weed, topics: Topics, store: S3Store, folder: Path
    ) -> None:
        self.topics = topics
        self.store = store
        self._bus = mosquitto.settings(prefix=topics.prefix)
        keep = {"endpoint", "bucket", "access_key"}
        tables = {
            "bus": self._bus.model_dump(include={"host", "port", "username", "prefix"})
            | {"password": self._bus.secret()},
            "store": weed.settings(bucket=store.bucket).model_dump(include=keep)
            | {"secret_key": weed.secret},
        }
        self.data = folder
        (folder / "headway.toml").write_text(toml.dump(tables))

    def device(self, *words: str) -> int:
        line = ["device", "--data", str(self.data), *words]
        return run(lambda **options: cli.main(line, prog_name="headway", **options))

    def retain(self, payloads: Mapping[str, bytes]) -> None:
        with Line(self._bus) as line:
            line.retain(payloads)

    def retain_status(self, *statuses: DeviceStatus) -> None:
        self.retain({self.topics.device_status(status.device_id): encode(status) for status in statuses})

    def knows(self) -> dict[str, list[str]]:
        with Line(self._bus, *filters(self.topics)) as line:
            found = registered(self.topics, line.retained())
        return {device: sorted(entry.topics.values()) for device, entry in found.items()}

    def config(self, device: str) -> DeviceConfig | None:
        with Line(self._bus, *filters(self.topics, device)) as line:
            entry = registered(self.topics, line.retained()).get(device)
        return entry.config if entry else None


@pytest.fixture
def ground(mosquitto: Mosquitto, weed: Weed, topics: Topics, s3: S3Store, tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(mosquitto, weed, topics, s3, tmp_path)
    yield ground
    with Line(mosquitto.settings(prefix=topics.prefix), f"{topics.prefix}/#") as line:
        line.retain(dict.fromkeys(line.retained(), b""))
    s3.close()


def everything_of_cam_1(ground: Ground) -> None:
    """In flows that engage shows and in others; and what is of a device whose name begins alike."""
    topics, other = ground.topics, SMALL_RESULT.model_copy(update={"device_id": "cam-1-2"})
    trouble = next(sent.message for sent in EVERY if sent.name == "trouble")
    config = next(sent.message for sent in EVERY if sent.name == "device config")
    ground.retain(
        {
            topics.device_status("cam-1"): encode(ONLINE.model_copy(update={"state": "offline"})),
            topics.device_config("cam-1"): encode(config),
            topics.result("production", "cam-1"): encode(SMALL_RESULT),
            topics.result("trial", "cam-1"): b"cannot be read",
            topics.trouble("trial", "cam-1"): encode(trouble),
            topics.result("production", "cam-1-2"): encode(other),
        }
    )
    for key in keys_of("cam-1") + keys_of("cam-1-2"):
        ground.store.put(key, b"x")


def keys_of(device: str) -> list[str]:
    kept = [
        key(flow, device)
        for flow in ("production", "trial", "stored")
        for key in (result_key, trouble_key, snapshot_key)
    ]
    return [*kept, shown_key(device, 1e9), shown_key(device, 2e9)]


def stored(store: S3Store) -> set[str]:
    return {
        info.key
        for prefix in ("results/", "troubles/", "snapshots/", "shown-")
        for info in store.list(prefix)
    }


def test_forget_clears_the_broker_and_the_store_of_one_device(ground: Ground, capsys: Told) -> None:
    everything_of_cam_1(ground)
    assert ground.device("forget", "cam-1", "--yes") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].split(": ")[1].split(", ")[:5] == [
        "device config",
        "device status",
        "result of production",
        "result of trial",
        "trouble of trial",
    ]
    assert all(key in told.out for key in keys_of("cam-1"))
    assert told.out.endswith("Forgotten: cam-1\n")
    assert ground.knows() == {"cam-1-2": ["result of production"]}
    assert stored(ground.store) == set(keys_of("cam-1-2"))
    clock = SystemClock()
    ((_, entry),) = Audit(Vault(ground.store, clock), clock).recent(10)
    assert (entry.action, entry.target, entry.kind) == ("forget device", "cam-1", "shell")


def test_forget_asks_first(ground: Ground, capsys: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    everything_of_cam_1(ground)
    ground.retain_status(ONLINE)
    before = ground.knows(), stored(ground.store)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: "n")
    assert ground.device("forget", "cam-1") == 130
    assert "online and comes back when it speaks again" in capsys.readouterr().err
    assert (ground.knows(), stored(ground.store)) == before


def test_nothing_is_known_of_it(ground: Ground, capsys: Told) -> None:
    assert ground.device("forget", "cam-9", "--yes") == 1
    assert capsys.readouterr().err.startswith("headway: Nothing is known of cam-9")


def test_a_store_that_is_away_leaves_the_broker_as_it_was(ground: Ground, weed: Weed, capsys: Told) -> None:
    everything_of_cam_1(ground)
    before = ground.knows()
    weed.kill()
    assert ground.device("forget", "cam-1", "--yes") == 1
    assert f"127.0.0.1:{weed.port}" in capsys.readouterr().err
    weed.start()
    assert ground.knows() == before


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
