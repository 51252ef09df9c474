"""Virtual time: what happens when, in one order for one seed."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Agenda:
    now: float = 0.0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _planned: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)

    def at(self, time: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (time, next(self._numbers), act))

    def next(self) -> float | None:
        """When something happens."""
        return self._planned[0][0] if self._planned else None

    def run(self, until: float) -> None:
        while self._planned and self._planned[0][0] <= until:
            self.now, _, act = heapq.heappop(self._planned)
            act()
        self.now = until
