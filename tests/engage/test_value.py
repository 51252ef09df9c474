"""How old a result is, until when it holds, and which of two is newer."""

from typing import Any

import pytest

from engage.value import MAX_WINDOW, Value, supersedes, value_of
from tests.engage.samples import WALL, original_result, result


def value(number: int | None, at: float, **more: Any) -> Value:
    """Announced and taken at `at`, seconds after the start."""
    changes = {"sequence": number, "captureID": f"captures/cam/{number}-{at}.jpg"} | more
    now = changes.get("receivedAt", WALL + at)
    return value_of(result("cam", 0, WALL + at, **changes), "production", now, live=True)


@pytest.mark.parametrize(
    ("fields", "live", "late", "age", "left"),
    [
        pytest.param({}, True, 0.2, 0.2, 5.8, id="clocks agree"),
        pytest.param({}, False, 60, 60, -54, id="retained and long past its deadline"),
        pytest.param({}, True, 20, 20, -14, id="held up on its way: the worker's clock is believed"),
        pytest.param(
            {}, True, 3600, 0, 6, id="the worker's clock is an hour behind: its durations are believed"
        ),
        pytest.param({}, True, -3600, 0, 6, id="the worker's clock is an hour ahead"),
        pytest.param(
            {}, False, -3600, 0, 6, id="retained by a worker ahead of us: never longer than promised"
        ),
        pytest.param({"staleAfter": None}, True, 0, 0, 30, id="no deadline"),
        pytest.param({"staleAfter": 1e11}, True, 0, 0, MAX_WINDOW, id="a deadline beyond reason"),
        pytest.param({"staleAfter": 0}, True, 0, 0, 0, id="a deadline before the announcement"),
        pytest.param({"receivedAt": None}, True, 1, 1, 5, id="no receive time: when it was published"),
    ],
)
def test_moments(fields: dict[str, Any], *, live: bool, late: float, age: float, left: float) -> None:
    now = WALL + late
    value = value_of(result("cam", 1, WALL, **fields), "production", now, live=live)
    assert value.age(now) == pytest.approx(age, abs=1e-3)
    assert value.stale_after - now == pytest.approx(left, abs=1e-3)


def test_an_original_result_counts_from_its_arrival() -> None:
    value = value_of(original_result("cam", WALL - 2), None, WALL, live=True)
    assert (value.received, value.stale_after, value.skew) == (WALL, WALL + 30, None)


def test_a_retained_one_without_any_moment_is_stale_at_once_and_of_unknown_age() -> None:
    value = value_of(original_result("cam", WALL - 2), None, WALL, live=False)
    assert (value.received, value.age(WALL), value.stale_after) == (None, None, WALL)


@pytest.mark.parametrize(
    ("device_clock", "skew"), [(0.0, None), (5.0, None), (-5.0, None), (5.1, 5.1), (-3600.0, -3600.0)]
)
def test_skew_is_told_from_over_five_seconds(device_clock: float, skew: float | None) -> None:
    assert value(1, 0, creationTimestamp=WALL + device_clock).skew == skew


OLD = value(10, 10)


@pytest.mark.parametrize(
    ("new", "newer"),
    [
        pytest.param(value(11, 11), True, id="next"),
        pytest.param(value(11, 10), True, id="next, by a clock that stands"),
        pytest.param(value(9, 9), False, id="before"),
        pytest.param(value(10, 10), False, id="the same"),
        pytest.param(value(9, 9, receivedAt=WALL + 12), False, id="an older picture announced late"),
        pytest.param(value(1, 11), True, id="restarted: numbers begin anew, the clock goes on"),
        pytest.param(value(11, 11, creationTimestamp=WALL - 999), True, id="the device's clock was set back"),
        pytest.param(
            value(11, 9, receivedAt=WALL + 9),
            False,
            id="left over from before a restart: a higher number only",
        ),
        pytest.param(value(None, 11), True, id="no number, taken later"),
        pytest.param(value(None, 9, receivedAt=WALL + 12), False, id="no number, taken earlier"),
        pytest.param(value(1, 1, receivedAt=WALL + 700), True, id="the old one is long past its deadline"),
        pytest.param(
            value(1, 1, receivedAt=WALL + 600), False, id="the old one is past its deadline, not for long"
        ),
    ],
)
def test_newer(new: Value, *, newer: bool) -> None:
    assert supersedes(new, OLD, restarted=None) is newer


@pytest.mark.parametrize("number", [None, 1])
@pytest.mark.parametrize(("behind", "behind_before"), [(45, 0), (45, 20), (0, 45), (3600, 0), (-45, 0)])
def test_a_worker_whose_clock_is_wrong_holds_nothing_back(
    number: int | None, behind: float, behind_before: float
) -> None:
    """Nor goes back to what another one has published before, as far as numbers tell."""

    def published(number: int | None, at: float, behind: float) -> Value:
        stamp = WALL + at - behind
        fields: dict[str, Any] = {"receivedAt": stamp, "publishedAt": stamp, "staleAfter": stamp + 6}
        fields |= {"sequence": number, "captureID": f"captures/cam/{at}.jpg", "creationTimestamp": WALL + at}
        return value_of(result("cam", 0, WALL, **fields), "production", WALL + at, live=True)

    old = published(number, 10, behind_before)
    new = published(number and number + 1, 11, behind)
    assert supersedes(new, old, restarted=None)
    assert number is None or not supersedes(old, new, restarted=None)


def test_a_clock_far_ahead_does_not_hold_back_what_comes_after_it_is_set() -> None:
    ahead = value(None, 10, creationTimestamp=WALL + 86_400)
    assert supersedes(value(None, 11), ahead, restarted=None)
    assert not supersedes(value(None, 9), ahead, restarted=None)


def test_a_restart_begins_a_new_order() -> None:
    reset = value(1, 20, creationTimestamp=WALL - 999)
    assert not supersedes(reset, OLD, restarted=None)
    assert supersedes(reset, OLD, restarted=WALL + 15)
    assert not supersedes(reset, OLD, restarted=WALL + 25)
    assert not supersedes(value(9, 9), OLD, restarted=WALL + 5)
