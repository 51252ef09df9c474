"""Devices whose traces are being erased: tried again until the store has done it."""

from engage.events import Erase

_PAUSE = 30.0
_MOST = 10_000


class Erasures:
    """Moments are monotonic."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[float, Erase]] = {}

    def failed(self, erase: Erase, now: float) -> None:
        if len(self._failed) < _MOST:
            self._failed[erase.device] = now + _PAUSE, erase

    def deadline(self) -> float | None:
        return min((moment for moment, _ in self._failed.values()), default=None)

    def due(self, now: float) -> list[Erase]:
        due = [erase for moment, erase in self._failed.values() if moment <= now]
        for erase in due:
            del self._failed[erase.device]
        return due
