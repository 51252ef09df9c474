"""One picture at a time, and patience with a camera that fails."""

from ingest.backoff import Backoff

STEPS = (1, 2, 5, 10, 30, 60)
PATIENCE = 15.0
_SILENT = f"the camera has not answered for {PATIENCE:.0f} s"


class Shutter:
    """Knows whether a picture is being taken, when the next may be, and what is wrong with the camera."""

    def __init__(self) -> None:
        self._backoff = Backoff(STEPS)
        self._since: float | None = None
        self.error: str | None = None

    @property
    def busy(self) -> bool:
        return self._since is not None

    @property
    def ready_at(self) -> float:
        """Not before this, by the camera's failures."""
        return self._backoff.until

    def deadline(self) -> float | None:
        """When a camera that has not answered counts as in trouble; None where it already does."""
        return None if self._since is None or self.error == _SILENT else self._since + PATIENCE

    def watch(self, now: float) -> None:
        """Notice a camera that does not answer. It is not asked again: only its answer frees the hands."""
        deadline = self.deadline()
        if deadline is not None and now >= deadline:
            self.error = _SILENT

    def started(self, now: float) -> None:
        self._since = now

    def succeeded(self) -> None:
        self._since = None
        self.error = None
        self._backoff.succeeded()

    def failed(self, now: float, reason: str, *, lasting: bool) -> None:
        self._since = None
        self.error = reason
        self._backoff.failed(now, lasting=lasting)
