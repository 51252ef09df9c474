"""When pictures are taken, and how long a failing camera is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.backoff import Backoff
from ingest.capture import PATIENCE, STEPS, Shutter
from ingest.pace import Pace


@pytest.mark.parametrize(
    ("taken", "due"),
    [
        pytest.param([10.0], 11.0, id="the first sets the grid"),
        pytest.param([10.0, 11.02], 12.0, id="a late one does not shift it"),
        pytest.param([10.0, 14.9], 16.0, id="a stall is not made up for"),
        pytest.param([10.0, 11.4], 12.0, id="over half an interval is left"),
        pytest.param([10.0, 11.6], 13.0, id="less than half an interval is skipped"),
        pytest.param([10.0, 3610.0], 3611.0, id="an hour asleep"),
    ],
)
def test_the_next_picture_is_due_on_a_grid(taken: list[float], due: float) -> None:
    pace = Pace(1.0)
    for now in taken:
        pace.started(now)
    assert pace.due == pytest.approx(due)


@pytest.mark.parametrize("interval", [0.5, 1.0, 60.0])
def test_a_new_interval_counts_from_the_last_picture(interval: float) -> None:
    pace = Pace(1.0)
    pace.change(7.0)
    assert pace.due == float("-inf"), "the first is taken at once"
    pace.started(10.0)
    pace.change(interval)
    assert pace.due == 10.0 + interval
    pace.started(pace.due)
    assert pace.due == pytest.approx(10.0 + 2 * interval)


def test_without_an_interval_a_picture_is_always_due() -> None:
    pace = Pace(0)
    pace.started(10.0)
    assert pace.due < 10.0


@given(st.floats(0.02, 3600), st.lists(st.floats(0, 1e5), min_size=1, max_size=50))
def test_pictures_never_come_in_bursts(interval: float, stalls: list[float]) -> None:
    pace, now = Pace(interval), 1000.0
    for stall in stalls:
        pace.started(now)
        assert now + interval * 0.49 <= pace.due <= now + interval * 1.51
        now = pace.due + stall


def test_each_failure_in_a_row_waits_longer_and_success_forgets() -> None:
    backoff = Backoff(STEPS)
    waits = []
    for _ in range(8):
        backoff.failed(100.0)
        waits.append(backoff.until - 100)
    assert waits == [1, 2, 5, 10, 30, 60, 60, 60]
    backoff.succeeded()
    assert backoff.until < 100
    backoff.failed(100.0)
    assert backoff.until == 101
    backoff.failed(100.0, lasting=True)
    assert backoff.until == 160


def test_a_silent_camera_is_noticed_once_and_freed_by_its_answer() -> None:
    shutter = Shutter()
    shutter.started(100.0)
    assert shutter.deadline() == 100 + PATIENCE
    shutter.watch(100 + PATIENCE - 0.1)
    errors = [shutter.error]
    shutter.watch(100 + PATIENCE)
    errors.append(shutter.error)
    assert errors == [None, "the camera has not answered for 15 s"]
    assert shutter.deadline() is None
    shutter.succeeded()
    assert (shutter.busy, shutter.error) == (False, None)
