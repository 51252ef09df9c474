"""What would fill the log is said once a minute, with how often it happened. Pure."""

from collections import OrderedDict

_QUIET = 60.0


class Seldom:
    """Counts by whom or what it is about, of which the `memory` last spoken of are remembered."""

    def __init__(self, memory: int = 1000) -> None:
        self._memory = memory
        self._said: OrderedDict[str, float] = OrderedDict()
        """When last, in monotonic seconds; longest ago first."""
        self._unsaid: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._said)

    def count(self, about: str, now: float, times: int = 1) -> int:
        """How many are to be said now: all since the last time. 0 while that is less than a minute ago."""
        if (said := self._said.get(about)) is not None and now - said < _QUIET:
            self._unsaid[about] = self._unsaid.get(about, 0) + times
            return 0
        self._said[about] = now
        self._said.move_to_end(about)
        if len(self._said) > self._memory:
            forgotten, _ = self._said.popitem(last=False)
            self._unsaid.pop(forgotten, None)
        return self._unsaid.pop(about, 0) + times
