"""`headway device forget` on a real broker and a real store."""

import threading
from functools import partial

import pytest

from common.adapters.mqtt import MqttBus
from common.ports.clock import SystemClock
from common.wire.codec import encode
from common.wire.keys import result_key
from engage.access.audit import Audit
from engage.access.vault import Vault
from headway import clearing
from tests.common.messages import SMALL_CAPTURE, SMALL_RESULT
from tests.eventually import eventually
from tests.headway.ground import ONLINE, Ground, everything_of_cam_1, keys_of, stored
from tests.servers import Weed
from tests.services import Ear

Told = pytest.CaptureFixture[str]
_TOPICS = 5
"""That the broker retains of cam-1."""


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


def test_forget_takes_back_what_was_on_its_way_too(ground: Ground, bus: MqttBus, ear: Ear) -> None:
    """A worker has two pictures of it yet, and its agent is stopped meanwhile."""
    everything_of_cam_1(ground)
    topics = ground.topics

    def cleared(topic: str, times: int) -> bool:
        return [received.topic for received in ear.heard if not received.payload].count(topic) >= times

    def late() -> None:
        for times, flow in enumerate(("production", "new"), 1):
            eventually(partial(cleared, topics.result("production", "cam-1"), times))
            ground.store.put(result_key(flow, "cam-1"), b"x")
            bus.publish(topics.result(flow, "cam-1"), encode(SMALL_RESULT), retain=True)
        offline = ONLINE.model_copy(update={"state": "offline"})
        bus.publish(topics.device_status("cam-1"), encode(offline), retain=True)

    worker = threading.Thread(target=late)
    worker.start()
    assert ground.device("forget", "cam-1", "--yes") == 0
    worker.join()
    assert ground.knows() == {"cam-1-2": ["result of production"]}
    assert stored(ground.store) == set(keys_of("cam-1-2"))


@pytest.mark.parametrize("by", ["status", "picture"])
def test_what_a_device_that_still_runs_says_after_that_stays(
    ground: Ground, bus: MqttBus, ear: Ear, capsys: Told, by: str
) -> None:
    everything_of_cam_1(ground)
    topics = ground.topics

    def speak() -> None:
        eventually(lambda: [not r.payload for r in ear.heard if "cam-1" in r.topic].count(True) == _TOPICS)
        if by == "status":
            bus.publish(topics.device_status("cam-1"), encode(ONLINE), retain=True)
        else:
            bus.publish(topics.image("cam-1"), encode(SMALL_CAPTURE))
        bus.publish(topics.result("production", "cam-1"), encode(SMALL_RESULT), retain=True)

    agent = threading.Thread(target=speak)
    agent.start()
    assert ground.device("forget", "cam-1", "--yes") == 0
    agent.join()
    assert "cam-1 has spoken again and is back: stop its agent first." in capsys.readouterr().err
    assert "result of production" in ground.knows()["cam-1"]
    assert "device config" not in ground.knows()["cam-1"]


def test_forget_does_not_wait_for_ever(
    ground: Ground, bus: MqttBus, ear: Ear, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "QUIET", 0.3)
    everything_of_cam_1(ground)
    over = threading.Event()

    def speak() -> None:
        while not over.wait(0.05):
            bus.publish(ground.topics.result("production", "cam-1"), encode(SMALL_RESULT), retain=True)

    worker = threading.Thread(target=speak)
    worker.start()
    assert ground.device("forget", "cam-1", "--yes") == 1
    over.set()
    worker.join()
    assert "Workers still speak of cam-1" in capsys.readouterr().err
    assert ear.heard


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
