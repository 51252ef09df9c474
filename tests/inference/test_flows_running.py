"""Flows that share their pictures, on a bus and a store: in memory, then on real servers."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import ManualClock
from common.wire.codec import encode
from common.wire.keys import CAPTURES
from common.wire.messages import Capture, Claim, Finished, Model, Renewal, Result, WorkerStatus
from common.wire.topics import Topics
from inference import metrics
from inference.identity import Identity
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import Timing
from inference.worker import Worker
from tests.chaos.model import Brightness
from tests.chaos.worker import HEARTBEAT, SLOWNESS
from tests.eventually import PATIENCE, eventually
from tests.inference.camera import Agent, jpeg
from tests.services import Ear, Services

FLOWS = ("production", "development")
TIMING = Timing(max_wait=0, listen=0, heartbeat=5, sweep=30, flow_wait=60)


class Site:
    """A worker of the production flow in memory; time stands still unless a test moves it."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        broker = MemoryBroker()
        settings = InferenceSettings.model_validate(
            {"bus": {"prefix": topics.prefix}, "inference": {"flows": FLOWS}}
        )
        model = Model(name="m", digest="d")
        me = Identity("w", "s", "production", self.store.bucket, model, "light", flows=FLOWS)
        self.worker = Worker(me, TIMING)
        self._runner = Runner(
            self.worker, me, settings, MemoryBus(broker), self.store, Brightness(), self.clock
        )
        self._runner.start()
        self._bus = MemoryBus(broker)
        self._bus.start(lambda _event: None)
        self._agent = Agent("cam", self._bus, self.store, topics)

    def say(self, flow: str, message: Claim | Renewal | Finished) -> None:
        self._bus.publish(self.topics.claim(flow, "0"), encode(message))

    def meet(self, worker: str, flow: str) -> None:
        status = WorkerStatus(worker=worker, state="online", session="s", flow=flow)
        self._bus.publish(self.topics.worker_status(worker), encode(status), retain=True)

    def capture(self) -> str:
        """Analysed, and not deleted."""
        capture: Capture = self._agent.send(jpeg(), self.clock.wall())
        before = metrics.ANALYSED._value.get()
        self.until(lambda: metrics.ANALYSED._value.get() > before and not self.worker.load)
        assert self.store.list(CAPTURES)
        return capture.file_path.key

    def until(self, condition: Callable[[], bool]) -> None:
        def met() -> bool:
            self._runner.loop.step(0.01)
            return condition()

        eventually(met, every=0)

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)
            for _ in range(5):
                self._runner.loop.step(0.001)

    def close(self) -> None:
        self._runner.close()


@pytest.fixture
def site(topics: Topics) -> Iterator[Site]:
    site = Site(topics)
    yield site
    site.close()


def test_a_picture_is_deleted_with_the_next_heartbeat_when_the_other_flow_has_done_with_it(
    site: Site,
) -> None:
    key = site.capture()
    site.pass_time(6)
    assert site.store.list(CAPTURES)
    site.say("development", Finished(worker="d", captures=(key,)))
    site.pass_time(6)
    site.until(lambda: not site.store.list(CAPTURES))


def test_what_another_flow_claims_is_nothing_to_this_one(site: Site) -> None:
    """Neither delays it nor takes it away."""
    site.say("development", Claim(worker="d", captures=(("image-7.jpg", 0),)))
    site.say("development", Renewal(worker="d", captures=(("image-7.jpg", 9),)))
    site.capture()
    assert site.worker.remembered == 1, "the picture that was left"


def test_a_flow_that_is_late_is_counted_and_logged_once_in_a_while(site: Site) -> None:
    counter = metrics.DELETED.labels("development is late")
    before = counter._value.get()
    with capture_logs() as logs:
        for _ in range(3):
            site.capture()
            site.pass_time(1)
        site.clock.advance(TIMING.flow_wait)
        site.until(lambda: counter._value.get() == before + 3 and bool(late_of(logs)))
    assert not site.store.list(CAPTURES)
    (late,) = late_of(logs)
    assert late["flow"] == "development"


def late_of(logs: Sequence[EventDict]) -> list[EventDict]:
    return [line for line in logs if "in time" in line["event"]]


def test_a_flow_that_was_not_named_is_warned_of_once(site: Site) -> None:
    with capture_logs() as logs:
        for worker, flow in [("a", "trial"), ("b", "trial"), ("c", "development"), ("d", "production")]:
            site.meet(worker, flow)
    assert [line["flow"] for line in logs] == ["trial"]
    assert "inference.flows" in logs[0]["event"]


StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(services: Services, ear: Ear) -> StartWorker:
    def start(name: str, flow: str, slowness: float = 0.0, **more: object) -> "subprocess.Popen[bytes]":
        services.environment |= {SLOWNESS: str(slowness), HEARTBEAT: "1"}
        own = {"NAME": name, "FLOW": flow, "FLOWS": ",".join(FLOWS)} | more
        process = services.start(
            "tests.chaos.worker", name, {f"INFERENCE__{key}": value for key, value in own.items()}
        )
        eventually(lambda: any(m.worker == name for m in ear.all(WorkerStatus)))
        return process

    return start


def results(ear: Ear, flow: str) -> list[str]:
    said = (r for r in ear.all(Result) if r.analysis_metadata.results.flow == flow)
    return [r.capture_id or "" for r in said]


def test_a_slow_flow_that_comes_late_has_all_and_one_that_starts_anew_nothing_twice(
    start: StartWorker, ear: Ear, bus: MqttBus, s3: S3Store, topics: Topics
) -> None:
    agents = [Agent(f"cam-{n}", bus, s3, topics) for n in range(3)]

    def send() -> list[str]:
        return [agent.send(jpeg(), time.time()).file_path.key for agent in agents]

    production = start("p1", "production")
    early = send()
    eventually(lambda: sorted(results(ear, "production")) == sorted(early))
    production.terminate()
    assert production.wait(PATIENCE) == 0
    now = time.time()
    eventually(lambda: time.time() > now + 3)  # a sweep leaves out what is being announced right now
    start("p2", "production")
    eventually(lambda: any(m.worker == "p2" for m in ear.all(Finished)))
    assert sorted(results(ear, "production")) == sorted(early), "p2 found them done"
    start("d", "development", slowness=0.2, POLICY="every")
    sent = early + [key for _ in range(4) for key in send()]
    eventually(lambda: set(results(ear, "development")) >= set(sent))
    eventually(lambda: not s3.list(CAPTURES))
    assert len(results(ear, "development")) == len(sent)
    assert set(early) < set(results(ear, "production"))
