"""The one loop: what it handles when, and how it ends."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from common.loop import Loop
from common.ports.clock import ManualClock, SystemClock
from tests.eventually import PATIENCE

TICK = "tick"


class Recorder:
    """Remembers its events; `then` tells its effects, `due` its deadline."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.times: list[float] = []
        self.due: float | None = None
        self.then: Callable[[str], Sequence[str]] = lambda _event: ()

    def handle(self, event: str, now: float) -> Sequence[str]:
        self.events.append(event)
        self.times.append(now)
        return self.then(event)

    def deadline(self) -> float | None:
        return self.due


@pytest.fixture
def core() -> Recorder:
    return Recorder()


@pytest.fixture
def effects() -> list[str]:
    return []


@pytest.fixture
def loop(core: Recorder, effects: list[str], clock: ManualClock) -> Loop[str, str]:
    return Loop(core, effects.append, TICK, clock)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def drain(loop: Loop[str, str], steps: int) -> None:
    for _ in range(steps):
        assert loop.step(0)


def test_events_come_in_order_with_the_time(loop: Loop[str, str], core: Recorder, clock: ManualClock) -> None:
    for event in "abc":
        loop.post(event)
    for _ in range(3):
        loop.step(0)
        clock.advance(1)
    assert core.events == ["a", "b", "c"]
    assert core.times == [1000, 1001, 1002]


def test_effects_are_performed_in_order_before_the_next_event(
    loop: Loop[str, str], core: Recorder, effects: list[str]
) -> None:
    core.then = lambda event: (f"{event}1", f"{event}2")
    loop.post("a")
    loop.post("b")
    loop.step(0)
    assert (core.events, effects) == (["a"], ["a1", "a2"])
    loop.step(0)
    assert effects == ["a1", "a2", "b1", "b2"]


def test_a_step_without_work_does_nothing(loop: Loop[str, str], core: Recorder) -> None:
    assert loop.step(0)
    assert core.events == []


@pytest.mark.parametrize(("due", "ticks"), [(None, 0), (1000.5, 0), (1000.0, 1), (999.0, 1)])
def test_a_tick_comes_when_it_is_due(
    loop: Loop[str, str], core: Recorder, due: float | None, ticks: int
) -> None:
    core.due = due
    loop.step(0)
    assert core.events == [TICK] * ticks


def test_a_tick_is_on_time_under_a_flood(loop: Loop[str, str], core: Recorder, clock: ManualClock) -> None:
    for i in range(100):
        loop.post(str(i))
    core.due = 1005.0

    def in_a_second(event: str) -> tuple[str, ...]:
        clock.advance(1)
        if event == TICK:
            core.due = None
        return ()

    core.then = in_a_second
    drain(loop, 101)
    assert core.events.index(TICK) == 5


def test_a_core_that_always_wants_a_tick_still_gets_its_events(loop: Loop[str, str], core: Recorder) -> None:
    core.due = 0.0
    for event in "ab":
        loop.post(event)
    drain(loop, 5)
    assert core.events == [TICK, "a", TICK, "b", TICK]
    loop.stop()
    assert not all(loop.step(0) for _ in range(2))


def test_waiting_ends_with_an_event_of_another_thread(core: Recorder) -> None:
    loop = Loop[str, str](core, lambda _: None, TICK, SystemClock())
    thread = threading.Thread(target=loop.post, args=("a",))
    thread.start()
    assert loop.step(PATIENCE)
    thread.join()
    assert core.events == ["a"]


def test_work_aside_comes_back_as_an_event(
    loop: Loop[str, str], core: Recorder, pool: ThreadPoolExecutor
) -> None:
    loop.aside(pool, lambda: threading.current_thread().name)
    loop.step(PATIENCE)
    assert core.events[0].startswith("ThreadPoolExecutor")


def test_an_error_aside_ends_the_loop_with_that_error(loop: Loop[str, str], pool: ThreadPoolExecutor) -> None:
    loop.aside(pool, lambda: str(1 // 0))
    with pytest.raises(ZeroDivisionError):
        loop.run()


def test_what_was_cancelled_aside_is_silent(
    loop: Loop[str, str], core: Recorder, pool: ThreadPoolExecutor
) -> None:
    go_on = threading.Event()
    pool.submit(go_on.wait)
    loop.aside(pool, lambda: "never")
    pool.shutdown(wait=False, cancel_futures=True)
    go_on.set()
    pool.shutdown()
    loop.step(0)
    assert core.events == []


@pytest.mark.parametrize("where", ["core", "effect"])
def test_an_error_ends_the_loop(core: Recorder, clock: ManualClock, where: str) -> None:
    def fail(_: str) -> NoReturn:
        raise ValueError(where)

    loop = Loop[str, str](core, fail, TICK, clock)
    core.then = fail if where == "core" else lambda _event: ("effect",)
    loop.post("a")
    with pytest.raises(ValueError, match=where):
        loop.run()


def test_stopping_handles_what_came_before(loop: Loop[str, str], core: Recorder) -> None:
    loop.post("a")
    loop.stop()
    loop.post("b")
    loop.run()
    assert core.events == ["a"]


def test_stopping_takes_no_longer_than_a_second_of_old_events(
    loop: Loop[str, str], core: Recorder, clock: ManualClock
) -> None:
    for i in range(1000):
        loop.post(str(i))

    def slowly(_: str) -> tuple[str, ...]:
        clock.advance(0.125)
        return ()

    core.then = slowly
    loop.stop()
    loop.stop()
    loop.run()
    assert len(core.events) == 8


def test_stopping_takes_no_longer_than_a_second_with_an_error(
    loop: Loop[str, str], core: Recorder, clock: ManualClock
) -> None:

    def slowly(_: str) -> tuple[str, ...]:
        clock.advance(2)
        return ()

    core.then = slowly
    for event in "ab":
        loop.post(event)
    loop.stop(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        loop.run()
    assert core.events == ["a"]


def test_the_first_error_counts(loop: Loop[str, str]) -> None:
    loop.stop(OSError("first"))
    loop.stop(OSError("second"))
    with pytest.raises(OSError, match="first"):
        loop.run()


def test_a_full_backlog_refuses_offers_and_takes_outcomes(loop: Loop[str, str], core: Recorder) -> None:
    taken = sum(loop.offer(str(i)) for i in range(20_100))
    assert (taken, loop.refused) == (20_000, 100)
    loop.post("outcome")
    drain(loop, 20_001)
    assert core.events[-1] == "outcome"
    assert loop.offer("again")


def test_a_signal_handler_may_stop_a_loop_that_is_busy_with_its_queue() -> None:
    """With `queue.Queue` this hangs: the handler waits for the lock that the thread below it holds."""
    core = Recorder()
    loop = Loop[str, str](core, lambda _: None, TICK, SystemClock())
    left = iter(range(100))

    def interrupt(_signal: int, _frame: object) -> None:
        if next(left, None) is None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            loop.stop()
        else:
            loop.post("interrupted")

    def keep_busy(event: str) -> tuple[str, ...]:
        if event == "again":
            loop.post(event)
        return ()

    usual = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
    try:
        core.then = keep_busy
        loop.post("again")
        loop.run()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, usual)
    assert core.events.count("interrupted") == 100
