"""Captures whose steps fail again and again, each with a growing pause before it is tried once more. Pure.

One that the store cannot give must not hold a place in a batch for ever: it is let go after some failures
and put here. Everything else goes on meanwhile, here and at the other workers, who may have it.
"""

from collections import OrderedDict
from collections.abc import Iterable

from inference.collect import Announced

_FIRST, _LAST = 10.0, 600.0


class Shelf:
    """`memory` captures at most."""

    def __init__(self, memory: int = 1_000) -> None:
        self._memory = memory
        self._pauses: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """How long each waits and until when; kept until it is finished."""
        self._waiting: dict[str, Announced] = {}

    def put(self, announced: Announced, now: float) -> list[str]:
        """It has failed again. The keys of those who waited here and are pushed out of memory."""
        last, _ = self._pauses.pop(announced.key, (_FIRST / 2, 0.0))
        pause = min(_LAST, 2 * last)
        self._pauses[announced.key] = pause, now + pause
        self._waiting[announced.key] = announced
        oldest = list(self._pauses)[: -self._memory]
        pushed = [key for key in oldest if key in self._waiting]
        self.forget(oldest)
        return pushed

    def hold_back(self, announced: Announced, now: float) -> bool:
        """Whether it waits here, because it is too early to try it again."""
        _, until = self._pauses.get(announced.key, (0.0, now))
        if until <= now:
            return False
        self._waiting[announced.key] = announced
        return True

    def due(self, now: float) -> list[Announced]:
        """What is to be tried again now, and waits here no more."""
        due = [announced for key, announced in self._waiting.items() if self._pauses[key][1] <= now]
        self.remove(announced.key for announced in due)
        return due

    def open(self, now: float) -> None:
        """What failed them all is over: each may be tried at once."""
        self._pauses = OrderedDict((key, (_FIRST / 2, now)) for key in self._pauses)

    def remove(self, keys: Iterable[str]) -> None:
        """Another worker tries."""
        for key in keys:
            self._waiting.pop(key, None)

    def forget(self, keys: Iterable[str]) -> None:
        """It is finished."""
        for key in keys:
            self._waiting.pop(key, None)
            self._pauses.pop(key, None)

    def deadline(self) -> float | None:
        return min((self._pauses[key][1] for key in self._waiting), default=None)
