"""What may be announced: a worker fetches it, and deletes it in the end."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.ports.clock import ManualClock
from common.telemetry import BUS_BAD_MESSAGES
from common.wire.codec import encode
from common.wire.keys import capture_key, quarantine_key, result_key, shown_key, snapshot_key
from common.wire.messages import Capture, Model
from common.wire.names import ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Topics
from inference.identity import Identity
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.worker import Worker
from tests.chaos.model import Brightness

OWN = capture_key("cam", 1.0, "0" * 32)
VICTIMS = capture_key("cam-1", 1.0, "0" * 32)
ORIGINALS = "image-0f9c8a4e-5d0a-4d0e-9a3b-2b6f5c1d7e88.jpg"


@pytest.fixture
def worker(broker: MemoryBroker, topics: Topics) -> Iterator[tuple[Worker, Runner]]:
    store = MemoryStore()
    settings = InferenceSettings.model_validate(
        {"bus": {"prefix": topics.prefix}, "compat": {"people_counter": True}}
    )
    me = Identity("w", "s", "production", store.bucket, Model(name="m", digest="d"), "light")
    core = Worker(me)
    runner = Runner(core, me, settings, MemoryBus(broker), store, Brightness(), ManualClock())
    runner.start()
    yield core, runner
    runner.close()


@pytest.mark.parametrize(
    ("place", "key", "good"),
    [
        ("image", OWN, True),
        ("image", VICTIMS, False),
        ("image", f"{OWN}.jpg", False),
        ("image", "captures/cam/any.jpg", False),
        ("image", "access/users/admin.json", False),
        ("image", result_key("production", "cam"), False),
        ("image", snapshot_key("production", "cam"), False),
        ("image", quarantine_key("production", OWN), False),
        ("image", ORIGINALS, False),
        ("people-counter", ORIGINALS, True),
        ("people-counter", OWN, True),
        ("people-counter", VICTIMS, False),
        ("people-counter", shown_key("cam", 1.0), False),
        ("people-counter", "access/users/admin.json", False),
    ],
)
def test_a_device_announces_its_own_pictures_only(
    worker: tuple[Worker, Runner], broker: MemoryBroker, topics: Topics, place: str, key: str, *, good: bool
) -> None:
    core, runner = worker
    topic = topics.image("cam") if place == "image" else PEOPLE_COUNTER
    path = ObjectPath(MemoryStore().bucket, key)
    bad = BUS_BAD_MESSAGES._value.get()
    with capture_logs() as logs:
        sent = encode(Capture(device_id="cam", file_path=path, creation_timestamp=1))
        broker.publish(topic, sent, retain=False)
    while not runner.loop._events.empty():
        runner.loop.step(0)
    assert core.waiting == good
    assert BUS_BAD_MESSAGES._value.get() == bad + (not good)
    assert [entry["reason"] for entry in logs if entry["log_level"] == "warning"] == (
        [] if good else [f"{key} is no capture of cam: it may announce its own only"]
    )
