"""Far more captures than the workers can see: how old results get, and in which order they come."""

from collections import Counter
from statistics import quantiles

import pytest

from common.wire.keys import parse_capture_key
from tests.inference.depot import EPOCH
from tests.inference.test_ownership import feed
from tests.inference.world import World

WORK = 0.4
SECONDS = 30
WARM_UP = 5


class Publications(Counter[str]):
    """Of captures, in order; with the device and how old the picture was."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.log: list[tuple[str, str, float]] = []

    def __setitem__(self, key: str, times: int) -> None:
        super().__setitem__(key, times)
        if (taken := parse_capture_key(key)) and self._world.now > WARM_UP:
            self.log.append((taken.device, key, EPOCH + self._world.now - taken.taken_at))

    def behind(self) -> int:
        """How many came after a later one of their device."""
        latest: dict[str, str] = {}
        late = 0
        for device, key, _ in self.log:
            late += key < latest.get(device, "")
            latest[device] = max(key, latest.get(device, ""))
        return late


@pytest.mark.parametrize(("workers", "devices"), [(1, 4), (2, 12), (4, 16)])
def test_results_are_younger_than_two_rounds_and_in_order(workers: int, devices: int) -> None:
    world = World(5, workers, work=WORK)
    world.results = published = Publications(world)
    feed(world, devices, SECONDS, period=0.1)
    world.run(SECONDS)
    whole_round = devices * (SECONDS - WARM_UP) / len(published.log)
    ages = [age for *_, age in published.log]
    assert quantiles(ages, n=100)[98] <= 2 * whole_round
    assert published.behind() <= len(ages) / 20
