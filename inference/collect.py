"""Which captures wait for an owner, and when there are enough of them to claim. Pure."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from common.wire.messages import MAX_BATCH, Capture

_PER_DEVICE = 50


@dataclass(frozen=True, slots=True)
class Announced:
    """A capture and when this worker heard of it, by the wall (Unix seconds) and monotonic."""

    capture: Capture
    received_at: float
    since: float

    @property
    def key(self) -> str:
        return self.capture.file_path.key

    @property
    def order(self) -> tuple[float, int]:
        """Captures of one device by age: the device's own time, then its sequence."""
        return self.capture.creation_timestamp, self.capture.sequence or 0


@dataclass(frozen=True, slots=True)
class Selection:
    """What to claim: the latest of each device, and the older ones that it supersedes."""

    latest: tuple[str, ...]
    superseded: tuple[str, ...]


class Collector:
    """Waiting captures by device. Of each, the 50 latest; older ones are left to the sweep."""

    def __init__(self, max_batch: int, max_wait: float, patience: float) -> None:
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._patience = patience
        self._devices: dict[str, deque[Announced]] = {}
        self._device_of: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._device_of)

    def add(self, announced: Announced) -> list[str]:
        """Let it wait; the keys that this pushes out of memory."""
        if announced.key in self._device_of:
            return []
        self._device_of[announced.key] = announced.capture.device_id
        waiting = self._devices.setdefault(announced.capture.device_id, deque())
        waiting.append(announced)
        pushed = [waiting[0].key] if len(waiting) > _PER_DEVICE else []
        self.remove(pushed)
        return pushed

    def remove(self, keys: Iterable[str]) -> None:
        gone = [key for key in keys if key in self._device_of]
        for device in {self._device_of[key] for key in gone}:
            kept = deque(a for a in self._devices[device] if a.key not in gone)
            if kept:
                self._devices[device] = kept
            else:
                del self._devices[device]
        for key in gone:
            del self._device_of[key]

    def select(self, now: float, mine: Callable[[str], bool]) -> Selection | None:
        """A ripe batch, longest wait first: full, or with one that has waited long enough."""
        ready = [(self._since(w), w) for w in self._devices.values() if self._opens(w, mine) <= now]
        ready.sort(key=lambda pair: pair[0])
        if not ready or (len(ready) < self._max_batch and ready[0][0] + self._max_wait > now):
            return None
        return _selection([waiting for _, waiting in ready[: self._max_batch]])

    def deadline(self, mine: Callable[[str], bool]) -> float | None:
        """When a batch will be ripe if nothing more arrives."""
        times = (max(self._opens(w, mine), self._since(w) + self._max_wait) for w in self._devices.values())
        return min(times, default=None)

    def _opens(self, waiting: deque[Announced], mine: Callable[[str], bool]) -> float:
        """From when this worker may take a device's captures: another's are left to it for a while."""
        since = self._since(waiting)
        return since if mine(_latest(waiting).key) else since + self._patience

    @staticmethod
    def _since(waiting: deque[Announced]) -> float:
        return min(a.since for a in waiting)


def _latest(waiting: Iterable[Announced]) -> Announced:
    return max(waiting, key=lambda a: a.order)


def _selection(devices: list[deque[Announced]]) -> Selection:
    latest = tuple(_latest(waiting).key for waiting in devices)
    older = (a.key for waiting in devices for a in waiting)
    superseded = [key for key in older if key not in latest]
    return Selection(latest, tuple(superseded[: MAX_BATCH - len(latest)]))
