"""Policy `every`: all captures are analysed, oldest first, up to an age at which they are shed. Pure."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice

from common.wire.messages import MAX_BATCH, Capture
from inference.collect import Announced, Selection

_SPARE = 64


class Backlog:
    """Waiting captures in the order in which they were heard of, `memory` at most; else like a Collector."""

    def __init__(
        self,
        max_batch: int,
        max_wait: float,
        patience: float,
        max_age: float,
        turn: Callable[[Capture], int],
        memory: int = 50_000,
    ) -> None:
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._patience = patience
        self._max_age = max_age
        self._turn = turn
        self._memory = memory
        self._waiting: OrderedDict[str, Announced] = OrderedDict()
        self._ages: list[tuple[float, str]] = []
        """A heap by `born`, which is not the order of hearing; what no longer waits is passed over."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, announced: Announced) -> list[str]:
        """Let it wait; the keys that this pushes out of memory."""
        if announced.key in self._waiting:
            return []
        self._waiting[announced.key] = announced
        heappush(self._ages, (announced.born, announced.key))
        self._compact()
        pushed = list(islice(self._waiting, max(0, len(self._waiting) - self._memory)))
        self.remove(pushed)
        return pushed

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._waiting.pop(key, None)

    def reconsider(self) -> None:
        """`turn` may answer otherwise; it is asked each time, so there is nothing to do."""

    def select(self, now: float) -> Selection | None:
        """A ripe batch, and with it what is too old; either may be empty, not both."""
        old = self._older_than(now - self._max_age, MAX_BATCH - self._max_batch)
        ready = [a for a in self._first() if a.key not in old and self._opens(a) <= now]
        ripe = len(ready) >= self._max_batch or (
            ready and min(a.since for a in ready) + self._max_wait <= now
        )
        chosen = tuple(a.key for a in ready) if ripe else ()
        return Selection(chosen, tuple(old)) if chosen or old else None

    def deadline(self) -> float | None:
        """When a batch will be ripe if nothing more arrives."""
        return min((max(self._opens(a), a.since + self._max_wait) for a in self._first()), default=None)

    def _first(self) -> Iterator[Announced]:
        return islice(self._waiting.values(), self._max_batch)

    def _older_than(self, born: float, most: int) -> dict[str, None]:
        """They stay: whoever claims them removes them."""
        old: dict[str, None] = {}
        while self._ages and self._ages[0][0] <= born and len(old) < most:
            at, key = heappop(self._ages)
            if self._stands(at, key):
                old[key] = None
        for key in old:
            heappush(self._ages, (self._waiting[key].born, key))
        return old

    def _stands(self, born: float, key: str) -> bool:
        return key in self._waiting and self._waiting[key].born == born

    def _compact(self) -> None:
        """Half of the places at most are left ones."""
        if len(self._ages) > 2 * len(self._waiting) + _SPARE:
            self._ages = [(announced.born, key) for key, announced in self._waiting.items()]
            heapify(self._ages)

    def _opens(self, announced: Announced) -> float:
        return announced.since + self._turn(announced.capture) * self._patience
