"""Captures that a worker knows of and nobody has finished; some of them wait for an owner. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from common.wire.keys import parse_capture_key
from inference.backlog import Backlog
from inference.claim import Ballots
from inference.collect import Announced, Collector, Selection, named_by
from inference.listening import Listening
from inference.order import Order, Taken
from inference.shelf import Shelf
from inference.timing import Timing


class Waiting:
    """`known` has what it takes to analyse each; the sweep finds again what is pushed out of memory."""

    def __init__(
        self, timing: Timing, listening: Listening, ballots: Ballots, order: Order, bucket: str
    ) -> None:
        self.known: dict[str, Announced] = {}
        self._order = order
        self._ballots = ballots
        self._bucket = bucket
        self._shelf = Shelf()
        batch = timing.max_batch, timing.max_wait, timing.patience
        self._queue: Collector | Backlog = (
            Collector(*batch, timing.room, listening.turn, listening.sharers)
            if timing.policy == "latest"
            else Backlog(*batch, timing.max_age, listening.turn)
        )

    def __len__(self) -> int:
        return len(self._queue)

    def hear(self, announced: Announced) -> None:
        """It was announced, or found in the store, perhaps not for the first time."""
        key = announced.key
        if key in self.known or self._ballots.is_finished(key):
            return
        self.known[key] = announced
        if not self._ballots.is_taken(key):
            self._add(announced)

    def again(self, keys: Iterable[str], now: float) -> None:
        """Captures whose owner is gone; of one we never heard announced, the key tells enough or nothing."""
        for key in keys:
            announced = self._announced(key, now)
            if announced is None:
                self._ballots.forget([key])
                continue
            self.known[key] = announced
            if not self._shelf.hold_back(announced, now):
                self._add(announced)

    def shelve(self, keys: Iterable[str], now: float) -> None:
        """Its steps keep failing: others may have it, and it is tried here another time."""
        for key in keys:
            self._ballots.release(key)
            self._let_slip(self._shelf.put(self.known[key], now))

    def unshelve(self, now: float) -> None:
        """Try again what it is time for."""
        for announced in self._shelf.due(now):
            self._add(replace(announced, since=now))

    def open_shelf(self, now: float) -> None:
        """What made them fail is over."""
        self._shelf.open(now)

    def take(self, keys: Iterable[str]) -> None:
        """Somebody owns them now."""
        keys = list(keys)
        self._queue.remove(keys)
        self._shelf.remove(keys)

    def finish(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        self._queue.remove(keys)
        self._shelf.forget(keys)

    def forget(self, keys: Iterable[str]) -> None:
        """Nobody needs to know what it takes to analyse them."""
        for key in keys:
            self.known.pop(key, None)

    def reconsider(self) -> None:
        """Other workers than before are there."""
        self._queue.reconsider()

    def select(self, now: float) -> Selection | None:
        """A ripe batch; what a later result has overtaken is among the unseen."""
        if (selection := self._queue.select(now)) is None:
            return None
        late = [key for key in selection.chosen if self._order.is_overtaken(self.known[key].taken)]
        chosen = tuple(key for key in selection.chosen if key not in late)
        return Selection(chosen, (*late, *selection.unseen)) if late else selection

    def taken(self, key: str, now: float) -> Taken | None:
        """As announced, or else as the key tells."""
        if known := self.known.get(key):
            return known.taken
        parsed = parse_capture_key(key)
        return Taken(key, parsed.device, parsed.taken_at, None, now) if parsed else None

    def deadline(self) -> float | None:
        """When a batch will be ripe if nothing more arrives."""
        return self._queue.deadline()

    def shelf_deadline(self) -> float | None:
        return self._shelf.deadline()

    def _add(self, announced: Announced) -> None:
        self._let_slip(self._queue.add(announced))

    def _announced(self, key: str, now: float) -> Announced | None:
        """Waiting from now on."""
        if known := self.known.get(key):
            return replace(known, since=now)
        capture = named_by(key, self._bucket)
        return Announced(capture, capture.creation_timestamp, now, now) if capture else None

    def _let_slip(self, keys: Iterable[str]) -> None:
        for key in keys:
            del self.known[key]
            self._ballots.forget([key])
