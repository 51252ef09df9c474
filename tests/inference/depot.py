"""The store of a simulated world, with the steps that change it.

In bad weather they fail now and then, and all of them while the store is away.
"""

import random
from dataclasses import dataclass, field
from uuid import UUID

from common.wire.keys import capture_key, parse_capture_key
from common.wire.messages import Capture
from inference.events import (
    Absent,
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
from inference.noting import NotNoted
from tests.inference.agenda import Agenda
from tests.inference.weather import Weather

EPOCH = 1_700_000_000.0
PAGE = 10
YOUNG = 3.0


@dataclass(kw_only=True)
class Depot(Agenda):
    """`stored`: each picture with the time when it came. `away`: from when until when the store is.
    `noted`: the same of announcements. `unheard`: pictures that were deleted since nobody heard of them.
    `foreign`: devices that a picture's key does not name. `broken`: devices whose pictures
    it cannot give. `locked_out`: workers whom it gives nothing. `torn`: what is no picture.
    """

    weather: Weather = field(default_factory=Weather)
    chance: random.Random = field(default_factory=random.Random)
    stored: dict[str, tuple[Capture, float]] = field(default_factory=dict)
    noted: dict[str, tuple[Capture, float]] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    away: tuple[float, float] = (0.0, 0.0)
    foreign: frozenset[str] = frozenset()
    broken: set[str] = field(default_factory=set)
    locked_out: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)

    def _is_away(self) -> bool:
        start, end = self.away
        return start <= self.now < end

    def _refuses(self, worker: str, key: str) -> Failed | None:
        if worker in self.locked_out:
            return Failed(key, "locked out")
        if key in self.stored and self.stored[key][0].device_id in self.broken:
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

    def _new_key(self, device: str, taken_at: float) -> str:
        token = UUID(int=self.chance.getrandbits(128))
        return f"image-{token}.jpg" if device in self.foreign else capture_key(device, taken_at, token.hex)

    def _write_down(self, worker: str, capture: Capture) -> Event:
        key = capture.file_path.key
        if self._refuses(worker, key):
            return NotNoted(key)
        self.noted[key] = capture, self.now
        return Tick()

    def _settle(self, worker: str, effect: Settle) -> Event:
        if refused := self._refuses(worker, effect.key):
            return refused
        if not effect.leave:
            self._remove(effect.key)
        return Settled(effect.key)

    def _delete(self, effect: Delete | Absent) -> Event:
        if isinstance(effect, Absent):
            self.noted.pop(effect.key, None)
            return Tick()
        if effect.reason == "superseded":
            self.superseded |= set(effect.keys)
        for key in effect.keys if not (effect.leave or self._fails()) else ():
            self.unheard |= {key} if effect.reason == "unheard" and key in self.stored else set()
            self._remove(key)
        return Tick()

    def _remove(self, key: str) -> None:
        self.stored.pop(key, None)
        self.noted.pop(key, None)

    def _sweep(self, worker: str, skew: float, after: str) -> Event:
        """Notes, captures and nameless pictures together; which come first is nobody's business."""
        if self._is_away() or worker in self.locked_out:
            return Swept((), None, failed=True)
        keys = sorted(key for key in self.stored.keys() | self.noted if key > after)[:PAGE]
        places = (place for key in keys if (place := self.noted.get(key, self.stored.get(key))))
        old = [(made, age) for made, at in places if (age := self.now - at) >= YOUNG]
        nameless = [made.file_path.key for made, _ in old if not parse_capture_key(made.file_path.key)]
        wall = EPOCH + self.now + skew
        found = tuple(Seen(made, wall - age, age) for made, age in old if self._is_told(made.file_path.key))
        return Swept(found, keys[-1] if len(keys) == PAGE else None, nameless=tuple(nameless))

    def _is_told(self, key: str) -> bool:
        return key in self.noted or parse_capture_key(key) is not None
