"""The model's process, with a model that crashes, hangs and fails on purpose."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.ports.clock import ManualClock, SystemClock
from common.wire.codec import decode, encode
from common.wire.keys import CAPTURES
from common.wire.messages import Model, Result, Trouble
from common.wire.topics import Topics
from inference.identity import Identity
from inference.model.error import ModelError
from inference.model_process import ModelCrashed, ModelProcess
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import Timing
from inference.worker import Worker
from tests.eventually import eventually
from tests.inference.camera import Agent
from tests.inference.poison import OTHER, Delicate, broken, changing, jpeg, picture


@pytest.fixture
def model() -> Iterator[ModelProcess]:
    model = ModelProcess(Delicate, timeout=1.0)
    yield model
    model.close()


def test_it_is_the_detector_that_it_holds(model: ModelProcess) -> None:
    assert (model.name, model.digest, model.profile, model.labels) == (
        "delicate",
        "d" * 64,
        "light",
        ("person",),
    )
    assert model.detect([]) == []
    assert model.detect([picture("harmless")] * 3) == Delicate().detect([picture("harmless")] * 3)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("crash", "SIGABRT"), ("hang", "no answer in 1 s"), ("fail", "ValueError: blue is too much")],
)
def test_what_it_cannot_bear_is_an_error_and_the_next_picture_is_fine(
    model: ModelProcess, kind: str, reason: str
) -> None:
    with pytest.raises(ModelCrashed, match=reason):
        model.detect([picture(kind)])
    assert len(model.detect([picture("harmless")])) == 1


def test_a_process_that_was_killed_is_started_again(model: ModelProcess) -> None:
    (child,) = (c for c in psutil.Process().children() if "model_host" in " ".join(c.cmdline()))
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(ModelCrashed, match=r"SIGKILL|pipe"):
        model.detect([picture("harmless")])
    assert len(model.detect([picture("harmless")])) == 1


def test_another_model_that_comes_up_after_a_crash_does_not_answer_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the GPU is gone: its results would bear the wrong digest."""
    model = ModelProcess(changing, timeout=1.0)
    monkeypatch.setenv(OTHER, "1")
    with pytest.raises(ModelCrashed):
        model.detect([picture("crash")])
    with pytest.raises(ModelError, match="runs on other, not cpu"):
        model.detect([picture("harmless")])
    model.close()


def test_pictures_fit_where_dev_shm_is_small(model: ModelProcess) -> None:
    """A container has 64 MB there, and one picture of 24 megapixels has 72."""
    assert not [line for line in Path("/proc/self/maps").read_text().splitlines() if "/dev/shm/" in line]
    large = np.full((4000, 6000, 3), 128, np.uint8)
    assert model.detect([large, large]) == Delicate().detect([large, large])


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        ModelProcess(broken, timeout=1.0)


def test_a_poisoned_picture_is_tried_twice_and_set_aside_and_the_others_are_counted(
    broker: MemoryBroker, topics: Topics, model: ModelProcess
) -> None:
    store = MemoryStore(clock=SystemClock())
    settings = InferenceSettings.model_validate({"bus": {"prefix": topics.prefix}})
    me = Identity("w", "s", "production", store.bucket, Model(name="m", digest="d"), "light", "cpu")
    worker = Worker(me, Timing(model_batch=4, max_wait=0.2, listen=0.01))
    runner = Runner(worker, me, settings, MemoryBus(broker), store, model, SystemClock())
    runner.start()
    sender = MemoryBus(broker)
    sender.start(lambda _event: None)
    kinds = {"cam-1": "harmless", "cam-2": "crash", "cam-3": "harmless", "cam-4": "harmless"}
    clock = ManualClock()
    for device, kind in kinds.items():
        Agent(device, sender, store, topics).send(jpeg(kind), clock.wall())

    def over() -> bool:
        runner.loop.step(0.05)
        return worker.load == worker.waiting == 0 and not store.list(CAPTURES)

    eventually(over, within=20, every=0)
    runner.close()
    kept = {t: decode(topics, t, p) for t, p in broker.retained.items() if "worker" not in t}
    counted = {m.device_id for m in kept.values() if isinstance(m, Result)}
    (trouble,) = (m for m in kept.values() if isinstance(m, Trouble))
    assert counted == {"cam-1", "cam-3", "cam-4"}
    assert trouble.device_id == "cam-2"
    assert "SIGABRT" in trouble.reason
    assert store.get(trouble.quarantined, 10_000) == jpeg("crash")
    assert store.get(f"{trouble.quarantined}.json", 10_000) == encode(trouble)
