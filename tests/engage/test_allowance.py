"""How often somebody may ask."""

from hypothesis import given
from hypothesis import strategies as st

from engage.allowance import Allowances, Policy, Verdict

TEN = Policy("requests", 10, 60)


def test_a_quota_at_once_then_one_for_each_share_of_the_window() -> None:
    allowances = Allowances(TEN)
    taken = [allowances.take("a", 0.0) for _ in range(11)]
    assert [verdict.remaining for verdict in taken] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [verdict.wait > 0 for verdict in taken] == [False] * 10 + [True]
    assert taken[10] == Verdict(0, 6.0, 60.0)
    assert allowances.take("a", 5.9).wait > 0
    assert allowances.take("a", 6.0).wait == 0
    assert allowances.take("a", 6.0).wait > 0
    assert allowances.take("b", 6.0).remaining == 9


def test_what_was_refused_costs_nothing() -> None:
    allowances = Allowances(TEN)
    for _ in range(500):
        refused = allowances.take("a", 0.0)
    assert refused.wait == 6.0


def test_headers() -> None:
    assert TEN.header() == '"requests";q=10;w=60'
    assert TEN.state(Verdict(3, 0.0, 41.2)) == '"requests";r=3;t=42'


def test_memory_is_bounded_and_keeps_those_that_ask_most() -> None:
    allowances = Allowances(TEN)
    for number in range(50_000):
        allowances.take(f"stranger {number}", 0.0)
        allowances.take("often", 0.0)
    assert len(allowances._empty_at) <= 20_001
    assert allowances.take("often", 0.0).wait > 0


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 50))
def test_no_window_has_more_than_twice_the_quota_and_none_is_refused_below_it(
    gaps: list[float], quota: int
) -> None:
    allowances, now, granted = Allowances(Policy("x", quota, 60)), 0.0, list[float]()
    for gap in gaps:
        now += gap
        recent = [at for at in granted if at > now - 60]
        verdict = allowances.take("a", now)
        if verdict.wait == 0:
            granted.append(now)
            assert len(recent) < 2 * quota
        else:
            assert len(recent) >= quota
            assert allowances.take("a", now + verdict.wait + 1e-6).wait == 0
            granted.append(now + verdict.wait)
            now += verdict.wait + 1e-6
