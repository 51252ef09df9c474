"""Time as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds that never jump, and go on while the machine sleeps; for deadlines and ages."""

    def wall(self) -> float:
        """Unix seconds; for what people and other machines read."""


class SystemClock:
    """`time.monotonic` stands still in sleep: after it everything would look as young as before."""

    def __init__(self) -> None:
        self._steady: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        """The former is Linux's; on macOS the latter goes on in sleep, where `time.monotonic` is another."""

    def monotonic(self) -> float:
        return time.clock_gettime(self._steady)

    def wall(self) -> float:
        return time.time()


class ManualClock:
    """Stands still until told otherwise; both faces advance together."""

    def __init__(self, monotonic: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._wall += seconds
