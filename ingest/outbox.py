"""Pictures on their way: held, then uploaded, then announced, oldest first.

Nothing is uploaded while the broker is away or refuses announcements, so that an outage fills no store with
pictures that nobody was told of. A picture that was uploaded and could not be announced before it had to go
is left to the workers, who find it when they look through the store: an agent may not delete there.

In memory; a durable spool takes its place by offering the same methods.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from common.wire.messages import Capture
from ingest.backoff import Backoff
from ingest.events import Announce, Drop, Upload

STEPS = (1, 2, 5, 10, 30)


class Stage(Enum):
    HELD = "held"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    ANNOUNCING = "announcing"


@dataclass(slots=True)
class _Item:
    capture: Capture
    size: int
    stage: Stage = Stage.HELD

    @property
    def weight(self) -> int:
        """Bytes of memory; an uploaded picture is no longer held."""
        return self.size if self.stage in (Stage.HELD, Stage.UPLOADING) else 0


class Outbox:
    """At most `limit` pictures (two or more) and `limit_bytes` of them (room for two of the largest)."""

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._items: dict[str, _Item] = {}
        self._uploads = Backoff(STEPS)
        self._announcements = Backoff(STEPS)
        self._upload_error: str | None = None
        self._announce_error: str | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def error(self) -> str | None:
        """What keeps pictures from leaving."""
        return self._upload_error or self._announce_error

    @property
    def full(self) -> bool:
        """Whether one more picture might cost another."""
        return len(self._items) >= self._limit or self._weight() * 2 > self._limit_bytes

    def add(self, capture: Capture, size: int) -> list[Drop]:
        """Keep the newest; what had to make room for it is the answer."""
        self._items[capture.file_path.key] = _Item(capture, size)
        return list(self._shed())

    def start(self, now: float) -> list[Upload | Announce]:
        """What can be done now, marked as under way."""
        effects: list[Upload | Announce] = []
        if now >= self._announcements.until:
            for item in self._at(Stage.UPLOADED):
                item.stage = Stage.ANNOUNCING
                effects.append(Announce(item.capture))
        if (held := self._next_upload()) and now >= self._uploads.until:
            held.stage = Stage.UPLOADING
            effects.append(Upload(held.capture.file_path.key))
        return effects

    def deadline(self) -> float | None:
        """When `start` has something to do that must wait until then."""
        if self._any(Stage.UPLOADED):
            return self._announcements.until
        return self._uploads.until if self._next_upload() else None

    def uploaded(self, key: str) -> None:
        self._uploads.succeeded()
        self._upload_error = None
        self._items[key].stage = Stage.UPLOADED

    def upload_failed(self, key: str, reason: str, now: float, *, transient: bool) -> list[Drop]:
        """Held again and tried later; dropped where the store will never take it."""
        self._upload_error = reason
        if not transient:
            del self._items[key]
            return [Drop(key, "refused by the store")]
        self._uploads.failed(now)
        self._items[key].stage = Stage.HELD
        return list(self._shed())

    def announced(self, key: str) -> None:
        self._announcements.succeeded()
        self._announce_error = None
        self._items.pop(key, None)

    def announce_failed(self, key: str, reason: str, now: float) -> None:
        self._announcements.failed(now)
        self._announce_error = reason
        if item := self._items.get(key):
            item.stage = Stage.UPLOADED

    def _next_upload(self) -> _Item | None:
        if self._any(Stage.UPLOADING) or self._any(Stage.UPLOADED):
            return None
        return next(self._at(Stage.HELD), None)

    def _shed(self) -> Iterator[Drop]:
        """Oldest first, never the newest; announcements under way go last, for they may have arrived."""
        while len(self._items) > self._limit:
            waiting = self._oldest(Stage.UPLOADED, Stage.HELD)
            victim = waiting or self._oldest(Stage.ANNOUNCING)
            if victim is None:
                return
            yield self._drop(victim, "too many pending" if waiting else "not acknowledged")
        while self._weight() > self._limit_bytes and (victim := self._oldest(Stage.HELD)):
            yield self._drop(victim, "too much memory")

    def _drop(self, item: _Item, reason: str) -> Drop:
        key = item.capture.file_path.key
        del self._items[key]
        return Drop(key, reason)

    def _oldest(self, *stages: Stage) -> _Item | None:
        """Other than the newest of all."""
        newest = next(reversed(self._items))
        return next(
            (item for key, item in self._items.items() if item.stage in stages and key != newest), None
        )

    def _weight(self) -> int:
        return sum(item.weight for item in self._items.values())

    def _at(self, *stages: Stage) -> Iterator[_Item]:
        return iter([item for item in self._items.values() if item.stage in stages])

    def _any(self, stage: Stage) -> bool:
        return any(item.stage is stage for item in self._items.values())
