"""Far more captures than the workers can see: how old results get, and in which order they come."""

from statistics import quantiles

import pytest

from tests.inference.publications import Publications
from tests.inference.test_ownership import feed
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
