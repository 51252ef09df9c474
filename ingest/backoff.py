"""How long to wait after failures in a row."""

from collections.abc import Sequence


class Backoff:
    """Each failure in a row waits for the next of `steps`, the last one for ever after; success forgets."""

    def __init__(self, steps: Sequence[float]) -> None:
        self._steps = steps
        self._failures = 0
        self.until = float("-inf")
        """No new attempt before this moment."""

    def failed(self, now: float, *, lasting: bool = False) -> None:
        """`lasting` goes straight to the longest wait."""
        self._failures = len(self._steps) if lasting else self._failures + 1
        self.until = now + self._steps[min(self._failures, len(self._steps)) - 1]

    def succeeded(self) -> None:
        self._failures = 0
        self.until = float("-inf")
