"""What the workers of a simulated world publish, in the order in which the broker has it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from common.wire.keys import parse_capture_key
from tests.inference.depot import EPOCH
from tests.inference.world import World


@dataclass(frozen=True, slots=True)
class Publication:
    """At a second of the world; `age` in seconds of the picture."""

    at: float
    device: str
    key: str
    age: float


class Publications(Counter[str]):
    """Takes the place of a world's `results` from now on."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.log: list[Publication] = []
        world.results = self

    def __setitem__(self, key: str, times: int) -> None:
        super().__setitem__(key, times)
        if taken := parse_capture_key(key):
            now = self._world.now
            self.log.append(Publication(now, taken.device, key, EPOCH + now - taken.taken_at))

    def behind(self) -> Iterator[float]:
        """Of results that came after one of a later capture of their device, how many seconds after it."""
        latest: dict[str, Publication] = {}
        for one in self.log:
            last = latest.get(one.device, one)
            if one.key < last.key:
                yield one.at - last.at
            else:
                latest[one.device] = one
