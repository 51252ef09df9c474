"""The system's clock, on systems that sleep."""

import threading
import time

import pytest

from common.loop import Loop
from common.ports.clock import ManualClock, SystemClock
from tests.eventually import PATIENCE

ASLEEP = 3600.0
READINGS = {time.CLOCK_BOOTTIME: 5000.0 + ASLEEP, time.CLOCK_MONOTONIC: 5000.0}


@pytest.mark.parametrize(("is_linux", "reads"), [(True, 5000.0 + ASLEEP), (False, 5000.0)])
def test_seconds_of_sleep_count_where_the_system_counts_them(
    monkeypatch: pytest.MonkeyPatch, reads: float, *, is_linux: bool
) -> None:
    monkeypatch.setattr(time, "clock_gettime", READINGS.__getitem__)
    if not is_linux:
        monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert SystemClock().monotonic() == reads


class Sleeper:
    """A core with one deadline, an hour from now."""

    def __init__(self) -> None:
        self.ticks: list[float] = []

    def handle(self, _event: str, now: float) -> list[str]:
        self.ticks.append(now)
        return []

    def deadline(self) -> float | None:
        return None if self.ticks else 1000.0 + ASLEEP


def test_what_fell_due_in_sleep_is_done_soon_after_it() -> None:
    """Waiting for events goes by another clock, which slept: it is never long, whatever the deadline."""
    clock, core = ManualClock(1000.0), Sleeper()
    loop = Loop[str, str](core, lambda _: None, "tick", clock)
    sleep = threading.Timer(0.1, clock.advance, [ASLEEP])
    sleep.start()
    start = time.monotonic()
    while not core.ticks:
        loop.step()
    assert 0.1 <= time.monotonic() - start < PATIENCE
    sleep.join()
