"""The core, whatever happens in whatever order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engage.events import (
    BrokerConnected,
    BrokerLost,
    DeviceCleared,
    DeviceStatusReceived,
    Heard,
    MessagesHeard,
    ResultReceived,
    Tick,
    TroubleReceived,
    WorkerStatusReceived,
)
from engage.settings import EngageSection
from tests.engage.samples import device_status, result, trouble, worker_status
from tests.engage.watcher import Watcher

DEVICES = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("trouble"), DEVICES, st.integers(0, 30), st.floats(-700, 2), st.booleans()),
    st.tuples(st.just("result"), DEVICES, st.integers(0, 30), st.floats(-20, 2), st.booleans()),
    st.tuples(st.just("status"), DEVICES, st.sampled_from(["online", "offline"]), st.sampled_from("xy")),
    st.tuples(st.just("broker"), st.booleans()),
    st.tuples(st.just("wait"), st.one_of(st.floats(0, 8), st.just(600.0))),
)


def test_what_is_heard_together_is_as_if_heard_one_by_one() -> None:
    one_by_one, together = Watcher().ready(), Watcher().ready()
    at = one_by_one.now
    heard: list[Heard] = [
        DeviceStatusReceived(device_status("cam"), at, live=True),
        ResultReceived(result("cam", 2, at.wall), "production", at, live=True),
        ResultReceived(result("cam", 1, at.wall - 1), "production", at, live=True),
        ResultReceived(result("gone", 1, at.wall - 1), "production", at, live=True),
        TroubleReceived(trouble("cam", 3, at.wall), "production", at, live=True),
        WorkerStatusReceived(worker_status("worker-1"), at, live=True),
        DeviceCleared("gone", at),
    ]
    one_by_one.tell(*heard)
    together.tell(MessagesHeard(tuple(heard)))
    assert together.entry("cam") == one_by_one.entry("cam")
    assert together.board.entries == one_by_one.board.entries
    assert together.board.workers == one_by_one.board.workers != {}
    assert together.board.tag == one_by_one.board.tag


@settings(max_examples=200)
@given(steps=st.lists(STEPS, max_size=40))
def test_what_a_browser_puts_together_is_what_is_shown(steps: list[tuple[Any, ...]]) -> None:
    """The watcher compares after every change; at last states are true by the clock."""
    watcher = Watcher(EngageSection(devices=2)).ready()
    for step in steps:
        match step:
            case ("result", str(name), int(number), float(at), bool(live)):
                watcher.hear(result(name, number, watcher.wall + at, count=number, window=5), live=live)
            case ("trouble", str(name), int(number), float(at), bool(live)):
                watcher.suffer(trouble(name, number, watcher.wall + at), live=live)
            case ("status", str(name), "online" | "offline" as state, str(session)):
                watcher.status(device_status(name, state, session))
            case ("broker", bool(up)):
                watcher.tell(BrokerConnected() if up else BrokerLost("test"))
            case ("wait", float(seconds)):
                watcher.wait(seconds)
    watcher.wait(0.3)
    for entry in watcher.board.entries.values():
        if entry.value is not None and entry.state != "offline":
            left = entry.value.stale_after - watcher.wall
            assert -0.3 < left <= 0 or entry.state == ("live" if left > 0 else "stale")
    revisions = [show.board.revision for show in watcher.shown]
    assert revisions == sorted(revisions)
    assert watcher.tell(Tick()) == []


@settings(max_examples=100)
@given(order=st.permutations(range(8)), drops=st.sets(st.integers(0, 7)))
def test_in_whatever_order_results_come_the_count_never_goes_back(order: list[int], drops: set[int]) -> None:
    watcher = Watcher().ready()
    start = watcher.wall
    for number in [n for n in order if n not in drops]:
        watcher.hear(result("cam", number, start + number / 10, count=number))
        watcher.wait(0.3)
    counts = [
        entry.value.count for show in watcher.shown for entry in show.board.entries.values() if entry.value
    ]
    assert counts == sorted(counts)
