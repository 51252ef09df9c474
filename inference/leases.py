"""What other workers own, and when each of them last spoke of it. Pure."""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import takewhile


class Leases:
    """Each ends `lease` seconds after the owner's last word. Times are monotonic."""

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._ends: OrderedDict[str, float] = OrderedDict()
        """The next first."""
        self._folders: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ends)

    def heard_of(self, key: str, now: float) -> None:
        self._ends[key] = now + self._lease
        self._ends.move_to_end(key)
        self._folders.setdefault(_folder(key), set()).add(key)

    def end(self, key: str) -> None:
        """Nothing happens where there is none."""
        if self._ends.pop(key, None) is None:
            return
        folder = _folder(key)
        self._folders[folder].remove(key)
        if not self._folders[folder]:
            del self._folders[folder]

    def deadline(self) -> float | None:
        """When the next one ends."""
        return next(iter(self._ends.values()), None)

    def ended(self, now: float) -> list[str]:
        return list(takewhile(lambda key: self._ends[key] <= now, self._ends))

    def has_before(self, key: str) -> bool:
        """Whether an older capture of the same device is among them; a device's keys sort by time."""
        return any(other < key for other in self._folders.get(_folder(key), ()))


def _folder(key: str) -> str:
    """Of captures it names the device."""
    return key.rpartition("/")[0]
