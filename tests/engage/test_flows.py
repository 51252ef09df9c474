"""With several flows, whatever comes in whatever order: once, never back, stale by the clock alone."""

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engage.events import BrokerConnected, BrokerLost
from engage.settings import EngageSection
from tests.engage.samples import original_result, result
from tests.engage.watcher import Watcher

FLOWS = ("first", "second")
SOURCES = st.sampled_from([*FLOWS, "unknown", None])
STEPS = st.one_of(
    st.tuples(st.just("result"), SOURCES, st.integers(0, 20), st.sampled_from(["w1", "w2"]), st.booleans()),
    st.tuples(st.just("broker"), st.booleans()),
    st.tuples(st.just("wait"), st.floats(0, 8)),
)
WINDOW = 5.0


def play(steps: list[tuple[Any, ...]]) -> Watcher:
    """Capture `number` of the one device was taken, and announced, that many seconds after the start."""
    watcher = Watcher(EngageSection(flows=FLOWS)).ready()
    watcher.wait(21)
    start = watcher.wall - 21
    for step in steps:
        match step:
            case ("result", None, int(number), str(), bool(live)):
                watcher.hear(original_result("cam", start + number, count=number), flow=None, live=live)
            case ("result", str(flow), int(number), str(worker), bool(live)):
                said = result("cam", number, start + number, count=number, window=WINDOW)
                seen = said.analysis_metadata.results.model_copy(update={"worker": worker})
                metadata = said.analysis_metadata.model_copy(update={"results": seen})
                watcher.hear(said.model_copy(update={"analysis_metadata": metadata}), flow=flow, live=live)
            case ("broker", bool(up)):
                watcher.tell(BrokerConnected() if up else BrokerLost("test"))
            case ("wait", float(seconds)):
                watcher.wait(seconds)
        watcher.wait(0.3)
    return watcher


@settings(max_examples=150)
@given(steps=st.lists(STEPS, max_size=25))
def test_each_flow_takes_a_capture_once_and_never_goes_back(steps: list[tuple[Any, ...]]) -> None:
    """Who published a capture first is never replaced by who published it again."""
    told: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    for show in play(steps).shown:
        for entry in show.board.entries.values():
            for flow, shown in entry.values.items():
                found = shown.value.count, shown.value.worker
                if not told[flow] or told[flow][-1] != found:
                    told[flow].append(found)
    assert set(told) <= set(FLOWS)
    for values in told.values():
        numbers = [number for number, _ in values]
        assert numbers == sorted(set(numbers))


@settings(max_examples=150)
@given(steps=st.lists(STEPS, max_size=25), rest=st.floats(0, 12))
def test_every_flow_is_stale_by_the_clock_alone(steps: list[tuple[Any, ...]], rest: float) -> None:
    """The last thing that happens is that the broker is lost; then nothing but time."""
    watcher = play([*steps, ("broker", False)])
    watcher.wait(rest)
    watcher.wait(0.3)
    for entry in watcher.board.entries.values():
        for shown in [*entry.values.values(), *([entry.primary] if entry.primary else [])]:
            left = shown.value.stale_after - watcher.wall
            assert -0.3 < left <= 0.3 or shown.state == ("live" if left > 0 else "stale")
    watcher.wait(60)
    states = {s.state for e in watcher.board.entries.values() for s in e.values.values()}
    assert watcher.board.broker == "lost"
    assert states <= {"stale"}
    assert {entry.state for entry in watcher.board.entries.values()} <= {"stale"}


@settings(max_examples=100)
@given(steps=st.lists(STEPS, max_size=25))
def test_the_first_flow_that_has_a_value_is_shown(steps: list[tuple[Any, ...]]) -> None:
    for show in play(steps).shown:
        for entry in show.board.entries.values():
            first = next((flow for flow in FLOWS if flow in entry.values), None)
            assert entry.value
            assert entry.value.flow == first
            assert entry.state == (entry.primary.state if entry.primary else "unknown")
