"""Captures that fail again and again, and a worker that cannot reach the store."""

from collections.abc import Iterable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.health import Health
from inference.shelf import Shelf
from inference.timing import Timing
from tests.inference.test_collect import announced
from tests.inference.test_ownership import SEEDS, feed, quiet, simulation
from tests.inference.world import World

ONE, TWO = announced("cam", 1.0), announced("cam", 2.0)


def test_the_pause_grows_with_each_failure_up_to_ten_minutes() -> None:
    shelf = Shelf()
    now, pauses = 0.0, []
    for _ in range(9):
        assert shelf.put(ONE, now) == []
        deadline = shelf.deadline()
        assert deadline is not None
        assert shelf.due(deadline - 0.1) == []
        assert shelf.due(deadline) == [ONE]
        assert shelf.deadline() is None
        pauses.append(deadline - now)
        now = deadline
    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_what_another_worker_gives_up_waits_out_its_pause_here() -> None:
    shelf = Shelf()
    assert not shelf.hold_back(ONE, 0)
    shelf.put(ONE, 0)
    shelf.remove([ONE.key])
    assert shelf.deadline() is None
    assert shelf.hold_back(ONE, 5)
    assert shelf.due(10) == [ONE]
    assert not shelf.hold_back(ONE, 10)


def test_what_is_finished_is_forgotten() -> None:
    shelf = Shelf()
    shelf.put(ONE, 0)
    shelf.forget([ONE.key, TWO.key])
    assert shelf.deadline() is None
    assert not shelf.hold_back(ONE, 5)


def test_when_the_store_is_back_all_are_tried_at_once() -> None:
    shelf = Shelf()
    for _ in range(3):
        shelf.put(ONE, 0)
    shelf.put(TWO, 0)
    shelf.open(5)
    assert shelf.due(5) == [ONE, TWO]
    shelf.put(ONE, 5)
    assert shelf.deadline() == 15, "and the pauses begin anew"


def test_the_shelf_is_bounded() -> None:
    shelf = Shelf(memory=2)
    pushed = [key for n in range(4) for key in shelf.put(announced("cam", float(n)), n)]
    assert pushed == ["cam-0.0", "cam-1.0"]
    assert [found.key for found in shelf.due(99)] == ["cam-2.0", "cam-3.0"]


def test_what_is_at_work_again_or_taken_is_not_pushed_out() -> None:
    shelf = Shelf(memory=1)
    shelf.put(ONE, 0)
    assert shelf.due(10) == [ONE]
    assert shelf.put(TWO, 10) == []
    shelf.remove([TWO.key])
    assert shelf.put(ONE, 11) == []
    assert shelf.put(TWO, 12) == [ONE.key]


KEYS = [announced(f"cam-{n}", 1.0) for n in range(4)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "hold back", "due", "remove", "forget", "open"]),
            st.integers(0, 3),
            st.sampled_from([0.0, 1.0, 10.0, 25.0]),
        )
    )
)
def test_it_wakes_when_the_first_of_those_that_wait_is_due(steps: list[tuple[str, int, float]]) -> None:
    """As looking at all of them each time would tell."""
    shelf, until, waiting, now = Shelf(memory=3), dict[str, float](), set[str](), 0.0
    for what, number, later in steps:
        now += later
        one = KEYS[number]
        match what:
            case "put":
                pushed = shelf.put(one, now)
                until[one.key] = shelf._pauses[one.key][1]
                waiting = (waiting | {one.key}) - set(pushed)
            case "hold back":
                waiting |= {one.key} if shelf.hold_back(one, now) else set()
            case "due":
                due = {found.key for found in shelf.due(now)}
                assert due == {key for key in waiting if until[key] <= now}
                waiting -= due
            case "open":
                shelf.open(now)
                until = dict.fromkeys(until, now)
            case _:
                (shelf.remove if what == "remove" else shelf.forget)([one.key])
                waiting -= {one.key}
        assert shelf.deadline() == min((until[key] for key in waiting), default=None)


def told(health: Health, story: Iterable[str]) -> tuple[bool, str | None]:
    for word in story:
        match word:
            case "+":
                health.succeeded()
            case "listed":
                health.searched(failed=False)
            case "not listed":
                health.searched(failed=True)
            case _:
                health.failed(word)
    return health.in_doubt, health.error


@pytest.mark.parametrize(
    ("story", "outcome"),
    [
        ("abc", (False, None)),
        ("abcd", (True, None)),
        ("abc+d", (False, None)),
        ("abcd+", (False, None)),
        (["a", "not listed"], (False, None)),
        ([*"abcd", "listed"], (False, None)),
        ([*"abcd", "not listed"], (True, "d")),
        ([*"abcd", "not listed", "+"], (True, "d")),
        ([*"abcd", "not listed", "listed"], (False, None)),
    ],
)
def test_one_failure_after_the_other_raises_a_doubt_that_a_search_settles(
    story: Iterable[str], outcome: tuple[bool, str | None]
) -> None:
    assert told(Health(), ["listed", *story]) == outcome


def test_there_is_a_doubt_until_the_first_search_succeeds() -> None:
    health = Health()
    assert told(health, []) == (True, None)
    in_doubt, error = told(health, ["not listed"])
    assert in_doubt
    assert error
    assert "searched" in error
    assert told(health, ["listed"]) == (False, None)


def test_only_what_changes_is_said() -> None:
    health = Health()
    assert not health.searched(failed=False)
    assert [health.failed("down") for _ in range(5)] == [False, False, False, True, False]
    assert [health.searched(failed=failed) for failed in (True, True, False, False)] == [
        True,
        False,
        True,
        False,
    ]


@simulation
@given(SEEDS)
def test_pictures_that_the_store_cannot_give_hold_nobody_up(seed: int) -> None:
    """All of two devices out of six; when they can be had again they are analysed too."""
    world = World(seed, 2, timing=Timing(max_batch=2))
    world.broken = {"cam-0", "cam-1"}
    keys = feed(world, 6, 30)
    world.at(120, world.broken.clear)
    good = [key for key in keys if not key.startswith(("captures/cam-0/", "captures/cam-1/"))]
    world.run(80)
    assert all(world.results[key] or key in world.superseded for key in good)
    world.run(800)
    quiet(world, keys)


@simulation
@given(SEEDS)
def test_who_cannot_reach_the_store_leaves_the_captures_to_others_and_says_why(seed: int) -> None:
    world = World(seed, 2)
    world.at(2, partial(world.locked_out.add, "w0"))
    keys = feed(world, 4, 30)
    world.run(60)
    assert all(world.results[key] or key in world.superseded for key in keys)
    core = world.running["w0"].core
    assert core.status("online").error == "locked out"
    assert core.load == 0
    world.at(61, partial(world.locked_out.discard, "w0"))
    world.run(80)
    assert core.status("online").error is None
    quiet(world, keys)
