"""When results are kept in the store: seldom, never far behind, and the last one in the end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inference.keeping import Keeper

PAUSE = 5.0


def test_a_first_result_is_kept_at_once_and_an_early_one_when_the_device_has_been_quiet() -> None:
    keeper = Keeper(PAUSE)
    assert keeper.published("cam", 0)
    assert not keeper.published("cam", 4.9)
    assert keeper.published("yard", 4.9), "each device has its own pause"
    assert keeper.deadline() == 9.9
    assert keeper.due(9.8) == []
    assert keeper.due(9.9) == ["cam"]
    assert keeper.due(20) == []
    assert keeper.deadline() is None


def test_a_result_that_is_kept_settles_what_was_owed() -> None:
    keeper = Keeper(PAUSE)
    assert [keeper.published("cam", now) for now in (0, 4, 5)] == [True, False, True]
    assert keeper.deadline() is None


def test_without_a_pause_every_result_is_kept() -> None:
    keeper = Keeper(0)
    assert keeper.published("cam", 1)
    assert keeper.published("cam", 1)


def test_what_the_store_did_not_take_is_owed_again() -> None:
    keeper = Keeper(PAUSE)
    keeper.published("cam", 0)
    keeper.owe("cam", 1)
    assert keeper.due(6) == ["cam"]


def test_without_a_pause_a_store_that_is_away_is_not_asked_without_a_break() -> None:
    keeper = Keeper(0)
    assert keeper.published("cam", 1)
    keeper.owe("cam", 1)
    assert keeper.deadline() == 2
    assert (keeper.due(1.9), keeper.due(2)) == ([], ["cam"])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), max_size=60))
def test_the_store_is_never_far_behind_and_has_the_last_result_in_the_end(
    results: list[tuple[str, float]],
) -> None:
    keeper, now = Keeper(PAUSE), 0.0
    owed: dict[str, float] = {}  # since when the store lacks something that was published
    writes: dict[str, list[float]] = {}

    def kept(device: str, at: float) -> None:
        assert at <= owed.pop(device) + 2 * PAUSE
        writes.setdefault(device, []).append(at)

    def until(end: float) -> None:
        while (due := keeper.deadline()) is not None and due <= end:
            for device in keeper.due(due):
                kept(device, due)

    for device, pause in results:
        now += pause
        until(now)
        owed.setdefault(device, now)
        if keeper.published(device, now):
            kept(device, now)
        else:
            assert now < writes[device][-1] + PAUSE
    until(now + PAUSE)
    assert not owed
    for times in writes.values():
        assert all(later >= earlier + PAUSE for earlier, later in pairwise(times))
