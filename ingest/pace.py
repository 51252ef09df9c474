"""When the next picture is due."""

import math


class Pace:
    """On a grid of `interval` seconds from the first picture on; what a stall missed is not made up for."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self.due = float("-inf")

    def change(self, interval: float) -> None:
        """The next picture is due `interval` seconds after the last one was."""
        self.due += interval - self._interval
        self._interval = interval

    def started(self, now: float) -> None:
        """A picture is being taken. The next one is due at least half an interval from now."""
        if self._interval == 0:
            return
        if math.isinf(self.due):
            self.due = now
        missed = math.floor((now - self.due) / self._interval + 0.5)
        self.due += (missed + 1) * self._interval
