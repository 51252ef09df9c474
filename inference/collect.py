"""Which captures wait for an owner, and when there are enough of them to claim. Pure.

Every event asks for the next deadline, so nothing here looks at all devices: a device whose captures this
worker may take lies in one heap by its wait, one that is left to another worker for a while in another by
the end of that while. What has changed since it was put there is passed over when it comes up.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import chain, count, islice
from math import ceil, inf
from typing import Literal, NamedTuple

from common.wire.keys import parse_capture_key
from common.wire.messages import MAX_BATCH, Capture
from common.wire.names import ObjectPath
from inference.order import Taken

Policy = Literal["latest", "every"]
"""Analyse the latest capture of each device (a Collector), or every capture (a Backlog)."""

_PER_DEVICE = 10_000
_SPARE = 64


@dataclass(frozen=True, slots=True)
class Announced:
    """A capture and when this worker heard of it, by the wall (Unix seconds) and monotonic.

    `born`: when it came to the store, or was first heard of, monotonic.
    """

    capture: Capture
    received_at: float
    since: float
    born: float

    @property
    def key(self) -> str:
        return self.capture.file_path.key

    @property
    def taken(self) -> Taken:
        capture = self.capture
        return Taken(self.key, capture.device_id, capture.creation_timestamp, capture.sequence, self.born)

    @property
    def order(self) -> tuple[float, int]:
        """Captures of one device by age: the device's own time, then its sequence."""
        return self.capture.creation_timestamp, self.capture.sequence or 0


def named_by(key: str, bucket: str) -> Capture | None:
    """A capture that nobody here heard announced; None where its key does not name the device."""
    if (parsed := parse_capture_key(key)) is None:
        return None
    path = ObjectPath(bucket, key)
    return Capture(device_id=parsed.device, file_path=path, creation_timestamp=parsed.taken_at)


@dataclass(frozen=True, slots=True)
class Selection:
    """What to claim: captures to analyse, and others to delete unseen."""

    chosen: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(slots=True)
class _Device:
    """What waits of one device, longest first, and since when. From `opens` on this worker may take it."""

    latest: Announced
    waiting: dict[str, Announced] = field(default_factory=dict)
    since: float = inf
    opens: float = inf
    entry: "_Entry | None" = None

    def add(self, announced: Announced) -> None:
        self.waiting[announced.key] = announced
        self.latest = max(self.latest, announced, key=_order)

    def remove(self, keys: Iterable[str]) -> bool:
        """Whether some are left."""
        for key in keys:
            del self.waiting[key]
        if self.waiting and self.latest.key not in self.waiting:
            self.latest = max(self.waiting.values(), key=_order)
        return bool(self.waiting)

    def superseded(self) -> Iterator[str]:
        return (key for key in self.waiting if key != self.latest.key)


class _Entry(NamedTuple):
    """A device's place in a heap; a place that it has left is passed over."""

    time: float
    number: int
    device: str


class Collector:
    """Waiting captures by device: at most 10,000 of each, and `memory` in all; others are left to the sweep.

    `turn` says how many other workers are preferred for a capture; it is left to each for `patience` seconds.
    `sharers` is how many workers take from the same devices. Each has `room` batches, and those of all
    together are to hold a device once: who claims more keeps pictures until they are old, and later ones of
    the same device are seen elsewhere before them.
    """

    def __init__(
        self,
        max_batch: int,
        max_wait: float,
        patience: float,
        room: int,
        turn: Callable[[Capture], int],
        sharers: Callable[[], int],
        memory: int = 50_000,
    ) -> None:
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._patience = patience
        self._room = room
        self._sharers = sharers
        self._turn = turn
        self._memory = memory
        self._devices: dict[str, _Device] = {}
        self._device_of: dict[str, str] = {}
        self._closed: list[_Entry] = []
        self._open: list[_Entry] = []
        self._ready: set[str] = set()
        self._numbers = count()
        self._taken: deque[frozenset[str]] = deque(maxlen=room)
        """The devices of the last batches: with those that wait, the devices that there are."""

    def __len__(self) -> int:
        return len(self._device_of)

    def add(self, announced: Announced) -> list[str]:
        """Let it wait; the keys that this pushes out of memory."""
        if announced.key in self._device_of:
            return []
        name = announced.capture.device_id
        self._device_of[announced.key] = name
        device = self._devices.setdefault(name, _Device(announced))
        device.add(announced)
        self._place(name, device, min(device.since, announced.since))
        pushed = self._too_many(device)
        self.remove(pushed)
        return pushed

    def _too_many(self, device: _Device) -> list[str]:
        if len(device.waiting) > _PER_DEVICE:
            return [next(device.superseded())]
        return [next(iter(self._device_of))] if len(self._device_of) > self._memory else []

    def remove(self, keys: Iterable[str]) -> None:
        gone: dict[str, list[str]] = {}
        for key in keys:
            if (name := self._device_of.pop(key, None)) is not None:
                gone.setdefault(name, []).append(key)
        for name, of_device in gone.items():
            device = self._devices[name]
            if device.remove(of_device):
                self._place(name, device, next(iter(device.waiting.values())).since)
            else:
                del self._devices[name]
                self._ready.discard(name)

    def reconsider(self) -> None:
        """Other workers than before are there: `turn` may answer otherwise."""
        for name, device in self._devices.items():
            self._place(name, device, device.since)

    def select(self, now: float) -> Selection | None:
        """A ripe batch, longest wait first: full, or with one that has waited long enough."""
        while (entry := self._first(self._closed)) and entry.time <= now:
            heappop(self._closed)
            self._put(entry.device, self._devices[entry.device], is_open=True)
        entry = self._first(self._open)
        if not entry or (len(self._ready) < self._max_batch and entry.time + self._max_wait > now):
            return None
        chosen: list[_Entry] = []
        size = self._fair_size()
        while len(chosen) < size and self._first(self._open):
            chosen.append(heappop(self._open))
        for entry in chosen:
            heappush(self._open, entry)
        self._taken.append(frozenset(entry.device for entry in chosen))
        return _selection([self._devices[entry.device] for entry in chosen])

    def _fair_size(self) -> int:
        at_work = frozenset().union(*self._taken).difference(self._devices)
        devices = len(self._devices) + len(at_work)
        return min(self._max_batch, max(1, ceil(devices / (self._room * self._sharers()))))

    def deadline(self) -> float | None:
        """When to look again if nothing more arrives: a batch is ripe, or another worker's time is over."""
        oldest, opening = self._first(self._open), self._first(self._closed)
        times = [oldest.time + self._max_wait] if oldest else []
        times += [opening.time] if opening else []
        return min(times, default=None)

    def _place(self, name: str, device: _Device, since: float) -> None:
        """Into the heap where it belongs."""
        turn = self._turn(device.latest.capture)
        opens = since + turn * self._patience
        if (since, opens) != (device.since, device.opens):
            device.since, device.opens = since, opens
            self._put(name, device, is_open=turn == 0)
            self._compact()

    def _put(self, name: str, device: _Device, *, is_open: bool) -> None:
        entry = _Entry(device.since if is_open else device.opens, next(self._numbers), name)
        device.entry = entry
        heappush(self._open if is_open else self._closed, entry)
        (self._ready.add if is_open else self._ready.discard)(name)

    def _first(self, heap: list[_Entry]) -> _Entry | None:
        """The earliest place that its device still has."""
        while heap and not self._stands(heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    def _stands(self, entry: _Entry) -> bool:
        device = self._devices.get(entry.device)
        return device is not None and device.entry is entry

    def _compact(self) -> None:
        """Half of the places at most are left ones."""
        if len(self._open) + len(self._closed) > 2 * len(self._devices) + _SPARE:
            self._open = [entry for entry in self._open if self._stands(entry)]
            self._closed = [entry for entry in self._closed if self._stands(entry)]
            heapify(self._open)
            heapify(self._closed)


def _order(announced: Announced) -> tuple[float, int]:
    return announced.order


def _selection(devices: list[_Device]) -> Selection:
    superseded = chain.from_iterable(device.superseded() for device in devices)
    latest = tuple(device.latest.key for device in devices)
    return Selection(latest, tuple(islice(superseded, MAX_BATCH - len(latest))))
