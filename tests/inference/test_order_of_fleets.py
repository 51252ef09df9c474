"""The order of a device's results in simulated fleets, with workers of any speed."""

from collections.abc import Iterable
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from inference.timing import Timing
from tests.inference.publications import Publications
from tests.inference.test_ownership import ORDERS, SEEDS, feed, quiet, simulation, superseded_by_a_later_one
from tests.inference.weather import Order, Weather
from tests.inference.world import World

STEP = 0.004
"""Two publications of a worker in the simulation may change places within this time, in seconds."""


def fleet(seed: int, speeds: Iterable[float], weather: Weather, timing: Timing) -> World:
    """A worker for each of the speeds: so many times slower than the others."""
    slower = {f"w{number}": speed for number, speed in enumerate(speeds)}
    return World(seed, len(slower), weather=weather, timing=timing, slower=slower)


SPEEDS = st.lists(st.sampled_from([0.2, 1.0, 3.0, 10.0, 40.0]), min_size=2, max_size=6)


@simulation
@given(SEEDS, SPEEDS, st.integers(1, 6), st.floats(0.1, 1), ORDERS, st.floats(0, 0.0149), st.integers(1, 8))
def test_results_go_back_no_further_than_words_are_on_their_way(
    seed: int, speeds: list[float], devices: int, period: float, order: Order, delay: float, max_batch: int
) -> None:
    """On a prompt broker, with workers of any speed; nothing is lost, nor looked at twice."""
    world = fleet(seed, speeds, Weather(delay, order=order), Timing(max_batch=max_batch))
    published = Publications(world)
    keys = feed(world, devices, 8, period)
    world.run(400)
    quiet(world, keys)
    superseded_by_a_later_one(world, keys)
    assert set(world.analysed.values()) <= {1}
    assert not world.superseded & world.results.keys()
    assert max(published.behind(), default=0.0) <= delay + STEP


@simulation
@given(SEEDS, SPEEDS, st.floats(0.1, 1))
def test_under_policy_every_each_capture_has_its_result_whatever_the_speeds(
    seed: int, speeds: list[float], period: float
) -> None:
    world = fleet(seed, speeds, Weather(), Timing(policy="every", max_age=1e6))
    keys = feed(world, 4, 8, period)
    world.run(400)
    quiet(world, keys)
    assert world.results == dict.fromkeys(keys, 1)


@simulation
@given(SEEDS, SPEEDS)
def test_a_device_whose_clock_was_set_back_has_results_again_within_twenty_seconds(
    seed: int, speeds: list[float]
) -> None:
    """Although nobody numbers captures here: ten, and ten more where they are told of again in the end."""
    ahead, back = 2.0, 30.0
    world = fleet(seed, speeds, Weather(), Timing())
    published = Publications(world)
    for at, skew in ((ahead, 20.0), (back, 0.0)):
        world.at(at, partial(setattr, world, "skew", skew))
    keys = feed(world, 3, 60, 0.5)
    world.run(400)
    again = {
        one.device: one.at for one in reversed(published.log) if one.at > back and abs(one.age) < back - 5
    }
    assert len(again) == len({key.split("/")[1] for key in keys})
    assert max(again.values()) <= back + 25
