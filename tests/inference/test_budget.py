"""What a picture costs in calls to the store, the dearest thing in the pipeline beside the model."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.ports.clock import ManualClock
from common.ports.store import StoreError
from common.wire.codec import encode
from common.wire.keys import CAPTURES, result_key
from common.wire.messages import Capture, Model, Result
from common.wire.topics import Topics
from inference.identity import Identity
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import Timing
from inference.worker import Worker
from tests.chaos.model import Brightness
from tests.eventually import eventually
from tests.inference.camera import Agent, jpeg

DEVICES = 6


class CountingStore(MemoryStore):
    """`calls` is by method and folder; nothing can be put into `full`."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self.calls: Counter[str] = Counter()
        self.full = ""

    def put(self, key: str, data: bytes, content_type: str = "image/jpeg") -> None:
        folder, *_ = key.split("/")
        if folder == self.full:
            raise StoreError("no room", transient=True)
        super().put(key, data, content_type)
        self.calls[f"put {folder}"] += 1

    def get(self, key: str, limit: int) -> bytes:
        folder, *_ = key.split("/")
        self.calls[f"get {folder}"] += 1
        return super().get(key, limit)

    def delete(self, keys: Iterable[str]) -> None:
        self.calls["delete"] += 1
        super().delete(keys)


class Site:
    """One worker and its devices in memory; time stands still unless a test moves it."""

    def __init__(self, topics: Topics) -> None:
        self.clock = ManualClock()
        self.store = CountingStore(self.clock)
        broker, store = MemoryBroker(), self.store
        settings = InferenceSettings.model_validate({"bus": {"prefix": topics.prefix}})
        me = Identity("w", "s", "production", store.bucket, Model(name="m", digest="d"), "light", "cpu")
        self._worker = Worker(me, Timing(max_wait=0, listen=0, keep=5))
        self._runner = Runner(self._worker, me, settings, MemoryBus(broker), store, Brightness(), self.clock)
        self._runner.start()
        sender = MemoryBus(broker)
        sender.start(lambda _event: None)
        self._agents = [Agent(f"cam-{n}", sender, store, topics) for n in range(DEVICES)]

    def round(self) -> list[Capture]:
        """A capture of each device, from announcement to deletion."""
        sent = [agent.send(jpeg(), self.clock.wall()) for agent in self._agents]
        self.until(lambda: self._worker.load == self._worker.waiting == 0 and not self.store.list(CAPTURES))
        return sent

    def until(self, condition: Callable[[], bool]) -> None:
        def met() -> bool:
            self._runner.loop.step(0.01)
            return condition()

        eventually(met, every=0)

    def kept(self) -> list[str]:
        """The captures whose results are kept."""
        names = [info.key for info in self.store.list(result_key("production"))]
        return [Result.model_validate_json(self.store.get(name, 100_000)).capture_id or "" for name in names]

    def close(self) -> None:
        self._runner.close()


@pytest.fixture
def site(topics: Topics) -> Iterator[Site]:
    site = Site(topics)
    yield site
    site.close()


def keys(captures: list[Capture]) -> list[str]:
    return [capture.file_path.key for capture in captures]


def test_a_picture_costs_one_get_one_put_and_one_delete_and_now_and_then_a_result(site: Site) -> None:
    rounds = 5
    for _ in range(rounds):
        site.round()
        site.clock.advance(1)
    pictures = rounds * DEVICES
    assert site.store.calls == {
        "put captures": pictures,  # the agents'
        "get captures": pictures,
        "put snapshots": pictures,
        "delete": pictures,
        "put results": DEVICES,
    }


def test_the_last_result_of_a_device_that_falls_silent_is_kept_in_the_end(site: Site) -> None:
    first = site.round()
    site.clock.advance(1)
    last = site.round()
    assert site.kept() == keys(first)
    site.clock.advance(5)
    site.until(lambda: site.kept() == keys(last))


def test_what_is_owed_is_kept_before_the_worker_ends(topics: Topics) -> None:
    site = Site(topics)
    site.round()
    last = site.round()
    site.close()
    assert site.kept() == keys(last)


def test_a_late_result_does_not_take_the_place_of_another_workers_later_one(site: Site) -> None:
    site.round()
    (newest, *_) = site.round()
    name = result_key("production", newest.device_id)
    known = Result.model_validate_json(site.store.get(name, 100_000))
    rival = known.model_copy(
        update={"creation_timestamp": newest.creation_timestamp + 0.5, "capture_id": "rival"}
    )
    site.store.put(name, encode(rival))
    site.clock.advance(5)
    site.until(lambda: site.store.calls["put results"] == 2 * DEVICES)
    assert site.kept()[0] == "rival"


@pytest.mark.parametrize("damage", [b"", b"{", b" " * 300_000])
def test_a_damaged_result_is_replaced(site: Site, damage: bytes) -> None:
    site.round()
    last = site.round()
    site.store.put(result_key("production", "cam-0"), damage)
    site.clock.advance(5)
    site.until(lambda: site.store.calls["put results"] == 2 * DEVICES + 1)
    assert site.kept() == keys(last)


def test_a_result_that_the_store_refuses_is_tried_again_and_holds_nothing_up(site: Site) -> None:
    site.store.full = "results"
    last = site.round()
    assert site.kept() == []
    site.store.full = ""
    site.clock.advance(5)
    site.until(lambda: site.kept() == keys(last))


def test_a_clock_that_is_set_meanwhile_moves_no_capture(site: Site) -> None:
    """It was announced two seconds ago, whatever the clock said then."""
    sent = [agent.send(jpeg(), site.clock.wall()) for agent in site._agents]
    site.clock.advance(2)
    site.clock.jump(-3600)
    site.until(lambda: not site.store.list(CAPTURES))
    name = result_key("production", sent[0].device_id)
    said = Result.model_validate_json(site.store.get(name, 100_000))
    now = site.clock.wall()
    assert (said.received_at, said.published_at, said.stale_after) == (now - 2, now, now + 3)
    assert said.analysis_metadata.results.queue_ms == 2000
