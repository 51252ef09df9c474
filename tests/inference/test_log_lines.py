"""A store that fails with every picture fills no log."""

from collections import Counter
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from common.adapters.memory import MemoryStore
from common.ports.clock import ManualClock, SteadyClock
from common.wire.keys import capture_key
from common.wire.messages import Capture
from common.wire.names import ObjectPath
from inference.events import Delete, Seen
from inference.kept import KeptResults
from inference.settings import InferenceSettings
from inference.steps import Desk, Steps
from tests.chaos.model import Brightness

KEYS = [capture_key(f"cam-{n}", 1_700_000_000, f"{n:032x}") for n in range(100)]
CAPTURE = Capture(device_id="cam", file_path=ObjectPath("bucket", KEYS[0]), creation_timestamp=1)
SEEN = Seen(CAPTURE, 0)


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        settings = InferenceSettings()
        desk = Desk()
        self.steps = Steps(self.store, Brightness(), settings, SteadyClock(self.clock), desk)
        self.kept = KeptResults(self.store, settings.inference, self.clock, desk)


def fetch_bad_pictures(bench: Bench) -> None:
    bench.store.down = False
    for key in KEYS:
        bench.store.put(key, b"no picture")
        bench.steps.fetch(key)


def delete_one_by_one(bench: Bench) -> None:
    for key in KEYS:
        bench.steps.delete(Delete((key,), "shed"))


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda bench: [bench.steps.fetch(key) for key in KEYS], id="fetch"),
        pytest.param(lambda bench: [bench.steps.settle(key, CAPTURE) for key in KEYS], id="settle"),
        pytest.param(lambda bench: [bench.kept.recall((SEEN,)) for _ in KEYS], id="recall"),
        pytest.param(fetch_bad_pictures, id="bad pictures"),
        pytest.param(lambda bench: [bench.steps.note_absent(key) for key in KEYS], id="not there"),
        pytest.param(delete_one_by_one, id="delete"),
    ],
)
def test_what_goes_wrong_with_a_hundred_pictures_is_said_once_a_minute(
    work: Callable[[Bench], object],
) -> None:
    bench = Bench()
    bench.store.down = True
    with capture_logs() as logs:
        work(bench)
        bench.clock.advance(60)
        work(bench)
    assert [line["count"] for line in logs] == [1, 100]


def test_each_step_is_said() -> None:
    bench = Bench()
    bench.store.down = True
    with capture_logs() as logs:
        for key in KEYS:
            bench.steps.fetch(key)
            bench.steps.settle(key, CAPTURE)
    assert Counter(line["step"] for line in logs) == {"fetch": 1, "settle": 1}
