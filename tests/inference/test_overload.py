"""Far more captures than the workers can see: how old results get, and in which order they come."""

from statistics import quantiles

import pytest

from tests.inference import depot
from tests.inference.publications import Publications
from tests.inference.test_ownership import feed, quiet, superseded_by_a_later_one
from tests.inference.world import World

WORK = 0.4
SECONDS = 30
WARM_UP = 5


@pytest.mark.parametrize(("workers", "devices"), [(1, 4), (2, 12), (4, 16)])
def test_results_are_younger_than_two_rounds_and_in_order(workers: int, devices: int) -> None:
    world = World(5, workers, work=WORK)
    published = Publications(world)
    feed(world, devices, SECONDS, period=0.1)
    world.run(SECONDS)
    ages = [one.age for one in published.log if one.at > WARM_UP]
    whole_round = devices * (SECONDS - WARM_UP) / len(ages)
    assert quantiles(ages, n=100)[98] <= 2 * whole_round
    assert max(published.behind(), default=0.0) <= world.weather.delay + 0.004


@pytest.mark.parametrize("workers", [1, 3])
def test_a_thousand_captures_that_one_device_took_while_no_worker_ran_are_handled_at_once(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depot, "PAGE", 1000)
    world = World(3, workers)
    keys: list[str] = []
    for second in range(-1010, -10):
        world.now = second
        keys.append(world.capture("cam", announce=False))
    world.run(3)
    quiet(world, keys)
    assert 1 <= len(world.results) <= workers


@pytest.mark.parametrize("workers", [1, 3])
def test_so_are_five_thousand_that_it_announces_in_one_second(workers: int) -> None:
    world = World(3, workers)
    keys: list[str] = []
    for n in range(5000):
        world.at(1 + n / 5000, lambda: keys.append(world.capture("cam")))
    world.run(5)
    quiet(world, keys)
    superseded_by_a_later_one(world, keys)
