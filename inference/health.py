"""Whether this worker can reach the store at all, or only some captures cannot be had. Pure.

Steps that fail one after another raise a doubt, and a worker in doubt claims nothing: it would keep captures
from others who can reach the store. Searching the store settles it.
"""

_DOUBTFUL = 4


class Health:
    """`error` says what is wrong while the store cannot be reached."""

    def __init__(self) -> None:
        self._failures = 0
        self._reason = ""
        self.error: str | None = None

    @property
    def in_doubt(self) -> bool:
        return self._failures >= _DOUBTFUL

    def failed(self, reason: str) -> bool:
        """A step failed. Whether that raises the doubt."""
        self._failures += 1
        self._reason = reason
        return self._failures == _DOUBTFUL

    def succeeded(self) -> None:
        """A step had an answer from the store."""
        if self.error is None:
            self._failures = 0

    def searched(self, *, failed: bool) -> bool:
        """The store was searched. Whether that changes what is to be said of this worker."""
        before = self.error
        if not failed:
            self._failures, self.error = 0, None
        elif self.in_doubt:
            self.error = self._reason
        return self.error != before
