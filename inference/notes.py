"""Pictures whose keys do not name their devices, as those of the original people-counter's agents. Pure.

Theory. Whose picture it is stands in the announcement alone, so that is noted in the store, where sweeps find
it when all have died who heard it: at once by the worker whose turn the capture is, and at a heartbeat by
everybody else who still has it, should that one have died too soon. Whoever deletes the picture deletes the
note. A picture that none of them heard announced is nobody's: its device has sent later ones or is gone. It
is given a while, by the watch of whoever finds it, and is then deleted unseen.
"""

from collections.abc import Callable, Iterable, Mapping

from common.wire.keys import parse_capture_key
from common.wire.messages import Capture
from inference.claim import Ballots
from inference.collect import Announced
from inference.noting import Note


class Notes:
    """Of captures in `known`; `turn` is when this worker is to take one, 0 being first."""

    def __init__(
        self, known: Mapping[str, Announced], ballots: Ballots, turn: Callable[[Capture], int]
    ) -> None:
        self._known = known
        self._ballots = ballots
        self._turn = turn
        self._owed: dict[str, None] = {}

    def announced(self, capture: Capture) -> list[Note]:
        """Before it is known."""
        key = capture.file_path.key
        if key in self._known or self._ballots.is_finished(key) or parse_capture_key(key):
            return []
        if self._turn(capture) == 0:
            return [Note(capture)]
        self.owe(key)
        return []

    def owe(self, key: str) -> None:
        """It is not noted yet, as far as we know."""
        self._owed[key] = None

    def tidy(self) -> list[Note]:
        """Now and then."""
        owed, self._owed = self._owed, {}
        return [Note(self._known[key].capture) for key in owed if key in self._known]


class Unheard:
    """Nameless pictures that sweeps find, each until it has been there for `patience` seconds.

    `memory` of them at most; the others' time begins later.
    """

    def __init__(self, patience: float, memory: int = 100_000) -> None:
        self._patience = patience
        self._memory = memory
        self._since: dict[str, float] = {}
        self._found: dict[str, float] = {}

    def found(self, keys: Iterable[str], now: float) -> list[str]:
        """Which of these have waited long enough."""
        for key in keys:
            if key in self._since or len(self._found) < self._memory:
                self._found[key] = self._since.get(key, now)
        return [key for key in keys if self._found.get(key, now) + self._patience <= now]

    def searched(self, *, failed: bool) -> None:
        """A sweep is over, and saw all that is there unless it failed."""
        self._since, self._found = (self._since if failed else self._found), {}
