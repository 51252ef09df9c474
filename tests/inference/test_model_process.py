"""The model's process, with a model that crashes, hangs and fails on purpose."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import psutil
import pytest

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.ports.clock import ManualClock, SystemClock
from common.wire.codec import decode, encode
from common.wire.keys import CAPTURES, trouble_key
from common.wire.messages import AnyMessage, Model, Result, Trouble, WorkerStatus
from common.wire.topics import Topics
from inference.identity import Identity
from inference.model.error import ModelError
from inference.model_process import ModelCrashed, ModelProcess, _Child
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import Timing
from inference.worker import Worker
from tests.eventually import PATIENCE, eventually
from tests.inference.camera import Agent
from tests.inference.poison import DEAD, OTHER, Delicate, broken, changing, dying, jpeg, picture


@pytest.fixture
def model() -> Iterator[ModelProcess]:
    model = ModelProcess(Delicate, timeout=PATIENCE)
    yield model
    model.close()


def patience(kind: str) -> float:
    """Seconds; only what hangs is not waited for."""
    return 1.0 if kind == "hang" else PATIENCE


def signalled(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a model is asked."""
    asked, ask = threading.Event(), _Child.ask

    def note(child: _Child, *args: Any) -> Any:
        asked.set()
        return ask(child, *args)

    monkeypatch.setattr(_Child, "ask", note)
    return asked


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
    [
        ("crash", "SIGABRT"),
        ("hang", "no answer in 1 s"),
        ("fail", "ValueError: blue is too much"),
        ("nonsense", "found.0.0.4: Input should be a finite number"),
    ],
)
def test_what_it_cannot_bear_is_an_error_and_the_next_picture_is_fine(
    model: ModelProcess, kind: str, reason: str
) -> None:
    model._timeout = patience(kind)
    with pytest.raises(ModelCrashed, match=reason):
        model.detect([picture(kind)])
    model._timeout = PATIENCE
    assert len(model.detect([picture("harmless")])) == 1


def test_a_process_that_was_killed_is_started_again(model: ModelProcess) -> None:
    (child,) = (c for c in psutil.Process().children() if "model_host" in " ".join(c.cmdline()))
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(ModelCrashed, match=r"SIGKILL|pipe"):
        model.detect([picture("harmless")])
    assert len(model.detect([picture("harmless")])) == 1


@pytest.mark.parametrize("kind", ["hang", "crash"])
def test_nobody_waits_for_a_model_that_was_stopped(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Not for an answer, nor for another one to be loaded."""
    model = ModelProcess(Delicate, timeout=10 * PATIENCE)
    waits = signalled(monkeypatch)
    asking = ThreadPoolExecutor(1)
    answer = asking.submit(model.detect, [picture(kind)])
    assert waits.wait(PATIENCE)
    model.stop()
    assert isinstance(answer.exception(PATIENCE), ModelCrashed)
    with pytest.raises(ModelError, match="did not start"):
        model.detect([picture("harmless")])
    asking.shutdown()
    model.close()


def test_another_model_that_comes_up_after_a_crash_does_not_answer_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the GPU is gone: its results would bear the wrong digest."""
    model = ModelProcess(changing, timeout=PATIENCE)
    monkeypatch.setenv(OTHER, "1")
    with pytest.raises(ModelCrashed):
        model.detect([picture("crash")])
    with pytest.raises(ModelError, match="runs on other, not cpu"):
        model.detect([picture("harmless")])
    model.close()


@pytest.mark.parametrize(
    ("kind", "reason"), [("crash", "SIGABRT"), ("hang", "no answer in 1 s"), ("fail", "blue is too much")]
)
def test_a_model_that_bears_no_picture_any_more_is_to_blame_itself(
    monkeypatch: pytest.MonkeyPatch, kind: str, reason: str
) -> None:
    """As with too little memory or a dead GPU: the next start may find it well again."""
    model = ModelProcess(dying, timeout=PATIENCE)
    monkeypatch.setenv(DEAD, kind)
    with pytest.raises(ModelCrashed):
        model.detect([picture("fail")])
    model._timeout = patience(kind)
    with pytest.raises(ModelError, match=f"cannot bear a harmless picture either: .*{reason}"):
        model.detect([picture("harmless")])
    model._timeout = PATIENCE
    monkeypatch.delenv(DEAD)
    assert len(model.detect([picture("harmless")])) == 1
    model.close()


def test_pictures_fit_where_dev_shm_is_small(model: ModelProcess) -> None:
    """A container has 64 MB there, and one picture of 24 megapixels has 72."""
    assert not [line for line in Path("/proc/self/maps").read_text().splitlines() if "/dev/shm/" in line]
    large = np.full((4000, 6000, 3), 128, np.uint8)
    assert model.detect([large, large]) == Delicate().detect([large, large])


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        ModelProcess(broken, timeout=PATIENCE)


@dataclass
class Site:
    """A worker with a model, on a bus and a store in memory."""

    worker: Worker
    runner: Runner
    store: MemoryStore
    topics: Topics
    broker: MemoryBroker

    def send(self, kinds: dict[str, str]) -> None:
        """A picture of each device, of this kind."""
        sender, clock = MemoryBus(self.broker), ManualClock()
        sender.start(lambda _event: None)
        for device, kind in kinds.items():
            Agent(device, sender, self.store, self.topics).send(jpeg(kind), clock.wall())

    def over(self) -> bool:
        self.runner.loop.step(0.05)
        return self.worker.load == self.worker.waiting == 0 and not self.store.list(CAPTURES)

    def kept(self) -> list[AnyMessage]:
        return [decode(self.topics, t, p) for t, p in self.broker.retained.items() if "worker" not in t]


StartSite = Callable[[ModelProcess], Site]


@pytest.fixture
def site(broker: MemoryBroker, topics: Topics) -> Iterator[StartSite]:
    with ExitStack() as stack:

        def start(model: ModelProcess) -> Site:
            store = MemoryStore(clock=SystemClock())
            settings = InferenceSettings.model_validate({"bus": {"prefix": topics.prefix}})
            me = Identity("w", "s", "production", store.bucket, Model(name="m", digest="d"), "light", "cpu")
            worker = Worker(me, Timing(model_batch=4, max_wait=0.2, listen=0.01))
            runner = Runner(worker, me, settings, MemoryBus(broker), store, model, SystemClock())
            runner.start()
            stack.callback(model.close)
            stack.callback(runner.close)
            return Site(worker, runner, store, topics, broker)

        yield start


@pytest.mark.parametrize(("kind", "reason"), [("crash", "SIGABRT"), ("nonsense", "finite number")])
def test_a_poisoned_picture_is_tried_twice_and_set_aside_and_the_others_are_counted(
    site: StartSite, kind: str, reason: str
) -> None:
    at = site(ModelProcess(Delicate, timeout=PATIENCE))
    at.send({"cam-1": "harmless", "cam-2": kind, "cam-3": "harmless", "cam-4": "harmless"})
    eventually(at.over, every=0)
    counted = {m.device_id for m in at.kept() if isinstance(m, Result)}
    (trouble,) = (m for m in at.kept() if isinstance(m, Trouble))
    assert counted == {"cam-1", "cam-3", "cam-4"}
    assert trouble.device_id == "cam-2"
    assert reason in trouble.reason
    assert at.store.get(trouble.quarantined, 10_000) == jpeg(kind)
    for note in (f"{trouble.quarantined}.json", trouble_key("production", "cam-2")):
        assert at.store.get(note, 10_000) == encode(trouble)


def test_a_model_that_bears_no_picture_any_more_ends_the_worker_and_sets_none_aside(
    site: StartSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = site(ModelProcess(dying, timeout=PATIENCE))
    monkeypatch.setenv(DEAD, "crash")
    at.send({"cam-1": "crash", "cam-2": "crash"})
    with pytest.raises(ModelError, match="cannot bear a harmless picture"):
        eventually(at.over, every=0)
    assert len(at.store.list(CAPTURES)) == 2
    assert not at.store.list("quarantine/")
    assert not at.kept()


def test_a_worker_that_is_to_end_says_so_first_and_does_not_wait_for_its_model(
    site: StartSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelProcess(Delicate, timeout=10 * PATIENCE)
    at, asked = site(model), signalled(monkeypatch)
    at.send({"cam-1": "hang", "cam-2": "hang"})
    eventually(lambda: at.over() or asked.is_set(), every=0)
    at.runner.leave()
    said = decode(at.topics, topic := at.topics.worker_status("w"), at.broker.retained[topic])
    assert isinstance(said, WorkerStatus)
    assert said.state == "offline"
    ended_at = monotonic()
    model.stop()
    at.runner.close()
    assert monotonic() - ended_at < PATIENCE
    assert not at.kept()
    assert len(at.store.list(CAPTURES)) == 2, "they are for others"
