"""What flows that share their pictures promise each other, in simulated worlds."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from inference.collect import Policy
from inference.timing import Timing
from tests.inference.flow_world import FlowWorld, run, share
from tests.inference.test_ownership import (
    ORDERS,
    SEEDS,
    TROUBLES,
    Trouble,
    cause,
    feed,
    quiet,
    simulation,
    superseded_by_a_later_one,
)
from tests.inference.weather import Weather

WAIT = 120.0
POLICIES = st.sampled_from(["latest", "every"])
SPEEDS = st.floats(0.001, 0.5)


def timing(policy: Policy = "latest", wait: float = WAIT) -> Timing:
    return Timing(policy=policy, flow_wait=wait, max_age=1e6, keep=0)


@simulation
@given(
    SEEDS,
    st.lists(st.tuples(st.integers(1, 3), SPEEDS, st.builds(timing, POLICIES)), min_size=2, max_size=3),
    st.builds(Weather, st.floats(0, 1), st.floats(0, 0.3), st.floats(0, 0.3), ORDERS, st.just(30.0)),
    TROUBLES,
    TROUBLES,
)
def test_in_any_weather_and_trouble_every_flow_looks_at_every_capture(
    seed: int,
    flows: list[tuple[int, float, Timing]],
    weather: Weather,
    troubles: list[Trouble],
    more: list[Trouble],
) -> None:
    """But for those that it superseded itself; and in the end nothing is left or remembered."""
    worlds = share(seed, {f"flow-{n}": flow for n, flow in enumerate(flows)}, weather)
    keys = feed(worlds[0], 3, 10)
    cause(worlds[0], troubles)
    cause(worlds[1], more)
    run(worlds, 500)
    for world in worlds:
        quiet(world, keys)
        if world.timing.policy == "latest":
            superseded_by_a_later_one(world, keys)


@simulation
@given(SEEDS, SPEEDS, SPEEDS, st.integers(1, 3), st.integers(1, 3))
def test_without_failures_a_slow_flow_misses_nothing_and_no_work_is_done_twice(
    seed: int, work: float, other_work: float, workers: int, others: int
) -> None:
    worlds = share(
        seed, {"production": (workers, work, timing()), "development": (others, other_work, timing("every"))}
    )
    keys = feed(worlds[0], 3, 10)
    run(worlds, 60)
    for world in worlds:
        quiet(world, keys)
        assert set(world.analysed.values()) == {1}
        assert not world.missed
    assert set(worlds[1].analysed) == set(keys)


def beside_nobody(workers: int) -> tuple[FlowWorld, FlowWorld]:
    """Production, beside a development flow of which nothing runs yet."""
    production, development = share(
        3, {"production": (workers, 0.01, timing(wait=40)), "development": (0, 0.01, timing(wait=40))}
    )
    return production, development


def test_a_flow_that_is_away_costs_a_wait_and_nothing_else() -> None:
    production, development = worlds = beside_nobody(2)
    keys = feed(production, 2, 5)
    run(worlds, 39)
    assert set(production.results) == production.analysed.keys() == set(keys)
    assert set(production.stored) == set(keys)
    run(worlds, 150)
    quiet(production, keys)
    assert production.missed == set(keys)
    assert set(production.analysed.values()) == {1}
    assert not development.results


def test_a_flow_that_starts_late_finds_what_waited() -> None:
    production, development = worlds = beside_nobody(2)
    keys = feed(production, 2, 5)
    development.at(30, partial(development.start, "d"))
    run(worlds, 150)
    for world in worlds:
        quiet(world, keys)
        superseded_by_a_later_one(world, keys)
        assert not world.missed


def test_workers_that_start_anew_do_not_look_again_at_what_waits_for_another_flow() -> None:
    production, _ = worlds = beside_nobody(2)
    keys = feed(production, 2, 5)
    cause(production, [("crash", 10 + n, n, 5) for n in range(2)])
    run(worlds, 150)
    quiet(production, keys)
    assert production.accepted.keys() == set(keys)
    assert set(production.analysed.values()) == {1}
