"""Which pictures other flows still need, where flows share them, and who deletes them in the end. Pure.

Theory. The flows that share the pictures are named alike to all their workers. None of them deletes a
picture that it has done with: it says Finished, as it does alone, and leaves the picture. When every flow has
said so, the owner in the first flow named deletes it, together with others, at its next heartbeat. No flow
waits for another one. What an owner left that died, or of which a word was lost, lies in the store until a
sweep: it deletes what all have finished, and what this flow finished `wait` seconds ago and another did not.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from common.wire.keys import parse_capture_key
from inference.events import Delete

_SWEEPS = 2


class Flows:
    """What is done here, in flow `mine`, and in the other flows `declared`; of each the `memory` latest.

    A sweep comes every `sweep` seconds. Times are monotonic.
    """

    def __init__(
        self, mine: str, declared: Sequence[str], wait: float, sweep: float, memory: int = 100_000
    ) -> None:
        self._wait = wait
        self._forget_after = wait + _SWEEPS * sweep
        self._memory = memory
        self._tidies = mine in declared[:1]
        self._done: dict[str, OrderedDict[str, None]] = {
            flow: OrderedDict() for flow in declared if flow != mine
        }
        self._left: OrderedDict[str, float] = OrderedDict()
        """What was done here before all others had done with it, and since when; longest ago first."""
        self._over: list[str] = []
        """What all have done with and this worker is to delete."""

    def __len__(self) -> int:
        """Pictures that were left here, as far as is known for another flow."""
        return len(self._left) + len(self._over)

    @property
    def shared(self) -> bool:
        return bool(self._done)

    def awaited(self, key: str) -> str | None:
        """A flow that has not done with it."""
        return next((flow for flow, done in self._done.items() if key not in done), None)

    def done_elsewhere(self, flow: str, keys: Iterable[str]) -> None:
        """Another flow says that it has done with them."""
        if (done := self._done.get(flow)) is None:
            return
        for key in keys:
            done[key] = None
            done.move_to_end(key)
            self._review(key)
        while len(done) > self._memory:
            done.popitem(last=False)

    def done_here(self, keys: Iterable[str], now: float) -> list[Delete]:
        """An owner in this flow or a result in the store says so. Deletes what is too much to remember."""
        if not self.shared:
            return []
        for key in keys:
            self._left.setdefault(key, now)
            self._review(key)
        excess = max(0, len(self._left) - self._memory)
        return self._missed([self._left.popitem(last=False)[0] for _ in range(excess)])

    def dispose(self, keys: tuple[str, ...], reason: str) -> Delete:
        """Of pictures that nobody in this flow will look at."""
        return Delete(keys, reason, leave=self.shared)

    def tidy(self, now: float) -> list[Delete]:
        """Now and then: delete what all have done with, and forget what no sweep has found again.

        A sweep does not find the pictures of foreign agents, which lie elsewhere: their time is up then.
        """
        over, self._over = tuple(self._over), []
        foreign = []
        while self._left and next(iter(self._left.values())) + self._forget_after <= now:
            key, _ = self._left.popitem(last=False)
            foreign += [] if parse_capture_key(key) else [key]
        return [*([Delete(over, "done in all flows")] if over else []), *self._missed(foreign)]

    def found(self, keys: Iterable[str], now: float) -> list[Delete]:
        """What to delete of pictures that lie in the store although this flow has done with them."""
        behind, missed = [], []
        for key in keys:
            if self.awaited(key) is None:
                behind.append(key)
            elif self._left.setdefault(key, now) + self._wait <= now:
                missed.append(key)
        return [*([Delete(tuple(behind), "left behind")] if behind else []), *self._missed(missed)]

    def _review(self, key: str) -> None:
        if key in self._left and self.awaited(key) is None:
            del self._left[key]
            if self._tidies:
                self._over.append(key)

    def _missed(self, keys: Iterable[str]) -> list[Delete]:
        by_flow: dict[str, list[str]] = {}
        for key in keys:
            by_flow.setdefault(self.awaited(key) or "", []).append(key)
        return [Delete(tuple(some), f"{flow} is late", missed_by=flow) for flow, some in by_flow.items()]
