"""The store of a simulated world, with the steps that change it.

In bad weather they fail now and then, and all of them while the store is away.
"""

import random
from dataclasses import dataclass, field

from common.wire.messages import Capture
from inference.events import (
    Delete,
    Event,
    Failed,
    Fetched,
    Hopeless,
    Missing,
    Seen,
    Settle,
    Settled,
    Swept,
    Tick,
)
from tests.inference.agenda import Agenda
from tests.inference.weather import Weather

EPOCH = 1_700_000_000.0
PAGE = 10
YOUNG = 3.0


@dataclass(kw_only=True)
class Depot(Agenda):
    """`stored`: each picture with the time when it came. `away`: from when until when the store is.
    `broken`: devices whose pictures it cannot give. `locked_out`: workers whom it gives nothing. `torn`: what
    is no picture.
    """

    weather: Weather = field(default_factory=Weather)
    chance: random.Random = field(default_factory=random.Random)
    stored: dict[str, tuple[Capture, float]] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    away: tuple[float, float] = (0.0, 0.0)
    broken: set[str] = field(default_factory=set)
    locked_out: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)

    def _is_away(self) -> bool:
        start, end = self.away
        return start <= self.now < end

    def _refuses(self, worker: str, key: str) -> Failed | None:
        if worker in self.locked_out:
            return Failed(key, "locked out")
        if key.split("/")[1] in self.broken:
            return Failed(key, "broken")
        return Failed(key, "flaky") if self._fails() else None

    def _fails(self) -> bool:
        return self._is_away() or (
            self.now < self.weather.until and self.chance.random() < self.weather.loss / 4
        )

    def _fetch(self, worker: str, key: str) -> Event:
        if refused := self._refuses(worker, key):
            return refused
        if key in self.torn:
            return Hopeless(key, "bad picture")
        return Fetched(key) if key in self.stored else Missing(key)

    def _settle(self, worker: str, effect: Settle) -> Event:
        if refused := self._refuses(worker, effect.key):
            return refused
        if not effect.leave:
            self.stored.pop(effect.key, None)
        return Settled(effect.key)

    def _delete(self, effect: Delete) -> Event:
        if effect.reason == "superseded":
            self.superseded |= set(effect.keys)
        for key in effect.keys if not (effect.leave or self._fails()) else ():
            self.stored.pop(key, None)
        return Tick()

    def _sweep(self, worker: str, skew: float, after: str) -> Event:
        if self._is_away() or worker in self.locked_out:
            return Swept((), None, failed=True)
        keys = sorted(key for key in self.stored if key > after)[:PAGE]
        aged = ((made, self.now - at) for made, at in map(self.stored.__getitem__, keys))
        found = tuple(Seen(made, EPOCH + self.now + skew - age, age) for made, age in aged if age >= YOUNG)
        return Swept(found, keys[-1] if len(keys) == PAGE else None)
