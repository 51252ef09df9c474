"""Which captures are overtaken: a later one of the device has its result already. Pure.

Theory. Under policy `latest` the results of a device are not to go back in time. Workers claim the latest
capture of a device, so it is one slower than its fellows, or one that tries a step again, that would publish
a result after that of a later capture. Three rules prevent it:

1. Finished says which captures have a result. Who hears it treats what is older as superseded: it claims it
   to delete it, and starts no further step of what it has claimed.
2. Who has published says so at once, not only at the end of its batch, where somebody else owns an older
   capture of the device, and says it again to whoever claims one afterwards.
3. Who publishes treats older captures of its own in the same way from then on.

What is left is the time that these words are on their way, and words that are lost.

Older is what the device's clock says, and that may be set back. So a capture with a higher sequence number
is never overtaken, nor one that came to the store, or was first heard of, ten seconds after the result.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

TRUST = 10.0
"""Seconds. What comes so long after a result is later than it, whatever its device's clock says."""


class Taken(NamedTuple):
    """What tells the order of a device's captures: its own time, its number, and when the capture was born,
    as an Announced has it.
    """

    key: str
    device: str
    at: float
    sequence: int | None
    born: float


@dataclass(slots=True)
class _Result:
    """Known since a monotonic second; `ours`: the broker has it from this worker."""

    taken: Taken
    since: float
    ours: bool = False


class Order:
    """The latest result of each device, for the `memory` devices last heard of; with 0 none is overtaken."""

    def __init__(self, memory: int = 100_000) -> None:
        self._memory = memory
        self._latest: OrderedDict[str, _Result] = OrderedDict()

    def __len__(self) -> int:
        return len(self._latest)

    def answered(self, taken: Taken, now: float) -> None:
        """It has a result, or will have it before any other of this worker's."""
        last = self._latest.get(taken.device)
        if last is None or (last.taken.key != taken.key and not _overtakes(last, taken)):
            self._latest[taken.device] = _Result(taken, now)
        self._latest.move_to_end(taken.device)
        if len(self._latest) > self._memory:
            self._latest.popitem(last=False)

    def published(self, taken: Taken) -> bool:
        """The broker has our result. Whether that is the latest known of its device."""
        last = self._latest.get(taken.device)
        if last is None or last.taken.key != taken.key:
            return False
        last.ours = True
        return True

    def is_overtaken(self, taken: Taken) -> bool:
        last = self._latest.get(taken.device)
        return last is not None and _overtakes(last, taken)

    def ours_after(self, taken: Taken) -> str | None:
        """The capture that overtakes this one by a result that this worker has published."""
        last = self._latest.get(taken.device)
        return last.taken.key if last and last.ours and _overtakes(last, taken) else None


def _overtakes(last: _Result, taken: Taken) -> bool:
    before = last.taken
    follows = before.sequence is not None and taken.sequence is not None and taken.sequence > before.sequence
    return taken.at < before.at and not follows and taken.born <= last.since + TRUST
