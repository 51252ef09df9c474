"""Whether this worker can reach the store and have its results published, or only some captures fail. Pure.

Steps that fail one after another raise a doubt, and a worker in doubt claims nothing: it would keep captures
from others who can do what it cannot. Searching the store settles a doubt about the store, and before the
first search that succeeds there is one. Whether the broker takes results again only a result can tell: one
batch is tried now and then.
"""

_DOUBTFUL = 4
_NEVER = "the store could not be searched since the worker started"
_PAUSE = 10.0


class Health:
    """Times are monotonic."""

    def __init__(self) -> None:
        self._failures = _DOUBTFUL
        self._reason = _NEVER
        self._store_error: str | None = None
        self._refusals = 0
        self._bus_error: str | None = None
        self._resting_until: float | None = None

    @property
    def error(self) -> str | None:
        """What is wrong while the store cannot be reached, or the broker takes no results."""
        return self._store_error or self._bus_error

    @property
    def in_doubt(self) -> bool:
        return self._failures >= _DOUBTFUL or self._resting_until is not None

    def deadline(self) -> float | None:
        """When the broker is to be tried again."""
        return self._resting_until

    def rest(self, now: float) -> None:
        """Time passes; the rest that a refusing broker calls for may be over."""
        if self._resting_until is not None and self._resting_until <= now:
            self._resting_until = None

    def failed(self, reason: str) -> bool:
        """A step failed. Whether that raises the doubt."""
        self._failures += 1
        self._reason = reason
        return self._failures == _DOUBTFUL

    def succeeded(self) -> None:
        """A step had an answer from the store."""
        if self._store_error is None:
            self._failures = 0

    def refused(self, reason: str, now: float) -> bool:
        """The broker did not take a result. Whether that changes what is to be said of this worker."""
        self._refusals += 1
        if self._refusals < _DOUBTFUL:
            return False
        self._resting_until = now + _PAUSE
        before, self._bus_error = self._bus_error, f"the MQTT broker takes no results: {reason}"
        return before is None

    def published(self) -> bool:
        """The broker took a result. Whether that changes what is to be said."""
        before, self._bus_error = self._bus_error, None
        self._refusals, self._resting_until = 0, None
        return before is not None

    def searched(self, *, failed: bool) -> bool:
        """The store was searched. Whether that changes what is to be said."""
        before = self._store_error
        if not failed:
            self._failures, self._store_error = 0, None
        elif self._failures >= _DOUBTFUL:
            self._store_error = self._reason
        return self._store_error != before
