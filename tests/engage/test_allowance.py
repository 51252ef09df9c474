"""How often somebody may do something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.allowance import MOST_KEPT, Allowance, Allowances, Costs, Verdict

TEN = Allowance(10, 6)
PAIR, SLOW = Allowance(2, 10), Allowance(1, 100)


def by(*names: str, allowance: Allowance = TEN) -> Costs:
    return tuple(((name,), allowance) for name in names)


ANN: Costs = ((("ann",), PAIR), (("all",), Allowance(3, 1)))
BOB: Costs = ((("bob",), PAIR), (("all",), Allowance(3, 1)))


@pytest.mark.parametrize(
    ("costs", "story"),
    [
        (by("a"), [(0, 9, 0, 6), (0, 8, 0, 12), (3, 7, 0, 15), (600, 9, 0, 6)]),
        (by("a", allowance=SLOW), [(0, 0, 0, 100), (1, 0, 99, 99), (99.5, 0, 0.5, 0.5), (100, 0, 0, 100)]),
        (
            by("a", allowance=PAIR),
            [(0, 1, 0, 10), (0, 0, 0, 20), (0, 0, 10, 20), (4, 0, 6, 16), (10, 0, 0, 20)],
        ),
        (ANN, [(0, 1, 0, 10), (0, 0, 0, 20), (0, 0, 10, 20), (10, 0, 0, 20)]),
    ],
    ids=["a burst", "one at a time", "what waits is not counted", "the tightest decides"],
)
def test_what_is_left_how_long_to_wait_and_when_all_is_back(
    costs: Costs, story: list[tuple[float, int, float, float]]
) -> None:
    allowances = Allowances()
    assert [(now, *allowances.take(costs, now)) for now, *_ in story] == story


def test_where_one_refuses_nothing_is_counted_from_the_others() -> None:
    allowances = Allowances()
    for _ in range(2):
        allowances.take(ANN, 0)
    assert allowances.take(ANN, 0) == Verdict(0, 10, 20)
    assert allowances.take(BOB, 0).wait == 0, "what ann was refused is there for bob"
    assert allowances.take(BOB, 0) == Verdict(0, 1, 10), "all three of everybody's are gone"


def test_what_is_given_back_was_never_taken_and_more_saves_nothing_up() -> None:
    allowances = Allowances()
    for _ in range(50):
        assert allowances.take(ANN, 0) == Verdict(1, 0, 10)
        allowances.give_back(ANN)
    for _ in range(50):
        allowances.give_back(ANN)
    allowances.give_back(by("nobody"))
    assert [allowances.take(ANN, 0).wait for _ in range(3)] == [0, 0, 10]


def test_memory_is_bounded_and_keeps_those_that_ask_most() -> None:
    allowances = Allowances()
    for number in range(50_000):
        allowances.take(by(f"stranger {number}"), 0.0)
        allowances.take(by("often"), 0.0)
    assert len(allowances._empty_at) <= MOST_KEPT + 1
    assert allowances.take(by("often"), 0.0).wait > 0


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 50))
def test_no_window_has_more_than_twice_the_burst_and_none_is_refused_below_it(
    gaps: list[float], burst: int
) -> None:
    allowances, costs = Allowances(), by("a", allowance=Allowance(burst, 60 / burst))
    now, granted = 0.0, list[float]()
    for gap in gaps:
        now += gap
        recent = [at for at in granted if at > now - 60]
        verdict = allowances.take(costs, now)
        if verdict.wait == 0:
            granted.append(now)
            assert len(recent) < 2 * burst
        else:
            assert len(recent) >= burst
            assert allowances.take(costs, now + verdict.wait + 1e-6).wait == 0
            granted.append(now + verdict.wait)
            now += verdict.wait + 1e-6
