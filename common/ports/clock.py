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


class SteadyClock:
    """Its wall shows what that of `true` showed when this was made, and the time since: it never jumps.

    For stamps that are compared with each other; `off` makes them those of the true wall.
    """

    def __init__(self, true: Clock) -> None:
        self.true = true
        self._began = true.wall() - true.monotonic()

    def monotonic(self) -> float:
        return self.true.monotonic()

    def wall(self) -> float:
        return self._began + self.true.monotonic()

    def off(self) -> float:
        """Seconds by which the true wall is ahead of this one now."""
        return self.true.wall() - self.wall()


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

    def jump(self, seconds: float) -> None:
        """Set the wall only."""
        self._wall += seconds
