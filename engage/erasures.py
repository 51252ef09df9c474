"""Devices whose traces are erased: again when what was on its way has come, and until it is done."""

from engage.events import Erase

_PAUSE = 30.0
_MOST = 10_000


class Erasures:
    """Moments are monotonic."""

    def __init__(self) -> None:
        self._later: dict[str, tuple[float, Erase]] = {}

    def again(self, erase: Erase, now: float) -> None:
        """Unless there are too many."""
        if len(self._later) < _MOST:
            self._later[erase.device] = now + _PAUSE, erase

    def deadline(self) -> float | None:
        return min((moment for moment, _ in self._later.values()), default=None)

    def due(self, now: float) -> list[Erase]:
        due = [erase for moment, erase in self._later.values() if moment <= now]
        for erase in due:
            del self._later[erase.device]
        return due
