"""When the store is searched for captures, and what is made of those that lie there. Pure.

Where the pictures are this flow's alone, one that lies there has no result, or is to be deleted. Where flows
share them it may only wait for another flow. So a worker that does not remember it asks the results in the
store, and if that shows it to be done here, says so again: whoever did it may have died before saying it.
"""

from collections.abc import Container, Sequence
from itertools import filterfalse

from common.wire.messages import MAX_BATCH, Finished
from inference.claim import Ballots
from inference.events import Delete, Effect, Recall, Recalled, Say, Seen, Sweep, Swept
from inference.flows import Flows
from inference.notes import Unheard

SOON = 5.0


class Sweeping:
    """A sweep comes `pause` seconds after the last; `at` is when. `known` captures wait or are at work.

    Pictures of unknown devices may lie for `unheard` seconds.
    """

    def __init__(
        self,
        me: str,
        ballots: Ballots,
        flows: Flows,
        known: Container[str],
        pause: float,
        unheard: float = 600.0,
    ) -> None:
        self.at: float | None = None
        self._pause = pause
        self._me = me
        self._ballots = ballots
        self._flows = flows
        self._known = known
        self._unheard = Unheard(unheard)

    def hasten(self, at: float) -> None:
        """Unless one is under way."""
        if self.at is not None:
            self.at = min(self.at, at)

    def due(self, now: float) -> list[Effect]:
        if self.at is None or now < self.at:
            return []
        self.at = None
        return [Sweep("")]

    def swept(self, swept: Swept, now: float) -> tuple[list[Effect], Sequence[Seen]]:
        """What to do at once, and which are to be treated as announced."""
        effects, fresh = self._found(swept.found, now)
        effects += self._deserted(swept.nameless, now)
        if swept.after is not None:
            return [*effects, Sweep(swept.after)], fresh
        self._unheard.searched(failed=swept.failed)
        self.at = now + (SOON if swept.failed else self._pause)
        return effects, fresh

    def _found(self, found: Sequence[Seen], now: float) -> tuple[list[Effect], Sequence[Seen]]:
        finished = filter(self._ballots.is_finished, map(_key, found))
        effects: list[Effect] = [*self._flows.found(finished, now)]
        if not self._flows.shared:
            return effects, found
        strange = tuple(filter(self._is_strange, found))
        effects += [Recall(strange)] if strange else []
        return effects, tuple(filterfalse(self._is_strange, found))

    def _deserted(self, nameless: Sequence[str], now: float) -> list[Delete]:
        """Whose they are nobody can tell any more."""
        strange = [key for key in nameless if not self._is_known(key)]
        keys = tuple(self._unheard.found(strange, now))
        return [Delete(keys, "unheard")] if keys else []

    def recalled(self, recalled: Recalled, now: float) -> tuple[list[Effect], Sequence[Seen]]:
        """The same, once the results in the store were asked."""
        done = [key for key in recalled.done if not self._is_known(key)]
        self._ballots.finish(done)
        parts = (tuple(done[start : start + MAX_BATCH]) for start in range(0, len(done), MAX_BATCH))
        said = (Say(Finished(worker=self._me, captures=part)) for part in parts)
        return [*said, *self._flows.done_here(done, now)], recalled.undone

    def _is_strange(self, seen: Seen) -> bool:
        return not (self._is_known(_key(seen)) or self._ballots.is_finished(_key(seen)))

    def _is_known(self, key: str) -> bool:
        return key in self._known or self._ballots.is_taken(key)


def _key(seen: Seen) -> str:
    return seen.capture.file_path.key
