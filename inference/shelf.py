"""Captures whose steps fail again and again, each with a growing pause before it is tried once more. Pure.

One that the store cannot give must not hold a place in a batch for ever: it is let go after some failures
and put here. Everything else goes on meanwhile, here and at the other workers, who may have it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

from inference.collect import Announced

_FIRST, _LAST = 10.0, 600.0


class Shelf:
    """`memory` captures at most."""

    def __init__(self, memory: int = 1_000) -> None:
        self._memory = memory
        self._pauses: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """How long each waits and until when; kept until it is finished."""
        self._waiting: dict[str, Announced] = {}
        self._first: float | None = None
        """When the first of those is to be tried again: asked for at every event."""

    def put(self, announced: Announced, now: float) -> list[str]:
        """It has failed again. The keys of those who waited here and are pushed out of memory."""
        self.remove([announced.key])
        last, _ = self._pauses.pop(announced.key, (_FIRST / 2, 0.0))
        pause = min(_LAST, 2 * last)
        self._pauses[announced.key] = pause, now + pause
        self._let_wait(announced, now + pause)
        oldest = list(islice(self._pauses, max(0, len(self._pauses) - self._memory)))
        pushed = [key for key in oldest if key in self._waiting]
        self.forget(oldest)
        return pushed

    def hold_back(self, announced: Announced, now: float) -> bool:
        """Whether it waits here, because it is too early to try it again."""
        _, until = self._pauses.get(announced.key, (0.0, now))
        if until <= now:
            return False
        self._let_wait(announced, until)
        return True

    def _let_wait(self, announced: Announced, until: float) -> None:
        self._waiting[announced.key] = announced
        self._first = until if self._first is None else min(self._first, until)

    def due(self, now: float) -> list[Announced]:
        """What is to be tried again now, and waits here no more."""
        if self._first is None or now < self._first:
            return []
        due = [announced for key, announced in self._waiting.items() if self._pauses[key][1] <= now]
        self.remove(announced.key for announced in due)
        return due

    def open(self, now: float) -> None:
        """What failed them all is over: each may be tried at once."""
        self._pauses = OrderedDict((key, (_FIRST / 2, now)) for key in self._pauses)
        self._first = now if self._waiting else None

    def remove(self, keys: Iterable[str]) -> None:
        """Another worker tries."""
        gone = [key for key in keys if self._waiting.pop(key, None)]
        if any(self._pauses[key][1] == self._first for key in gone):
            self._first = min((self._pauses[key][1] for key in self._waiting), default=None)

    def forget(self, keys: Iterable[str]) -> None:
        """It is finished."""
        keys = list(keys)
        self.remove(keys)
        for key in keys:
            self._pauses.pop(key, None)

    def deadline(self) -> float | None:
        return self._first
