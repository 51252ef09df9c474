"""A worker whose results the broker does not take: it says why, rests, and tries again."""

from collections.abc import Iterator
from itertools import count

from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Model, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import (
    Analyse,
    Analysed,
    Effect,
    Event,
    Fetch,
    Fetched,
    NotPublished,
    Online,
    Publish,
    Published,
    Say,
    Seen,
    Settle,
    Settled,
    Show,
    Shown,
    Sweep,
    Swept,
    Tick,
)
from inference.health import Health
from inference.identity import Identity
from inference.timing import Timing
from inference.worker import Worker

NUMBERS = count()


def test_only_results_refused_in_a_row_are_a_doubt_and_a_result_settles_it() -> None:
    health = Health()
    said = [health.refused("no", now) for now in range(3)]
    assert not health.published()
    said += [health.refused("no", now) for now in range(3, 8)]
    assert said == [False] * 6 + [True, False]
    assert health.error == "the MQTT broker takes no results: no"
    health.succeeded()
    assert not health.searched(failed=False)
    assert health.deadline() == 17
    states = []
    for now in (16.9, 17.0):
        health.rest(now)
        states.append((health.in_doubt, health.error is None))
    assert health.published()
    states.append((health.in_doubt, health.error is None))
    assert states == [(True, False), (False, False), (False, True)]


class Site:
    """A worker that is alone, on a broker that takes results or not."""

    def __init__(self) -> None:
        me = Identity("w", "s", "production", "bucket", Model(name="m", digest="d"), "light")
        self.worker = Worker(me, Timing(max_wait=0, listen=0, sweep=1e6, heartbeat=1e6))
        self.takes = False
        self.published: list[str] = []
        self.said: list[WorkerStatus] = []
        self.claims = 0
        self.now = 0.0
        self.tell(Online())

    def capture(self) -> None:
        number = next(NUMBERS)
        path = ObjectPath("bucket", capture_key("cam", float(number), f"{number:032x}"))
        capture = Capture(device_id=f"cam-{number}", file_path=path, creation_timestamp=float(number))
        self.tell(Seen(capture, 0.0))

    def tell(self, event: Event) -> None:
        for effect in self.worker.handle(event, self.now):
            for outcome in self._outcomes(effect):
                self.tell(outcome)

    def _outcomes(self, effect: Effect) -> Iterator[Event]:
        match effect:
            case Say(Claim()):
                self.claims += 1
            case Say(WorkerStatus() as status):
                self.said.append(status)
            case Fetch():
                yield Fetched(effect.key)
            case Show():
                yield Shown(effect.key)
            case Publish() if self.takes:
                self.published.append(effect.key)
                yield Published(effect.key)
            case Settle():
                yield Settled(effect.key)
            case Publish():
                yield NotPublished(effect.key, "Not authorized")
            case Analyse():
                yield Analysed(effect.keys)
            case Sweep():
                yield Swept((), None)

    def until(self, end: float) -> None:
        while (due := self.worker.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.tell(Tick())
        self.now = end


def test_a_worker_whose_results_are_refused_rests_and_tries_one_batch_now_and_then() -> None:
    site = Site()
    for _ in range(40):
        site.capture()
        site.until(site.now + 1)
    assert site.claims <= 8, "one batch after each rest, not one a second"
    assert [status.error for status in site.said][-1] == "the MQTT broker takes no results: Not authorized"
    site.takes = True
    site.until(site.now + 30)
    assert len(site.published) == 40
    assert site.said[-1].error is None
    assert site.worker.load == site.worker.waiting == 0
