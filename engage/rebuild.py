"""Getting the state back at every start, before readiness says yes.

Two sources: retained messages, complete when our own marker comes back through the broker, and the latest
results and troubles in the store, which survive a broker that lost its memory. The store's are listed
meanwhile, and read afterwards where the broker had none, or an older one: ten thousand small objects take
longer than everything else. Ready needs the broker's part. The store's part is waited for until it is read,
fails, or takes too long: values matter more than the few results only the store has. A store that is away is
asked again, with growing pauses, for as long as it takes.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Literal, get_args

from engage.events import Kept, ListStored, ReadStored, SendMarker, Stored

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_GRACE = 2.0
"""Seconds without a retained message until the store is read before the broker's part is complete."""

_BATCH = 500

Ask = ListStored | ReadStored
IsMissing = Callable[[Kept, str, Stored], bool]
_KINDS: tuple[Kept, ...] = get_args(Kept)


class Rebuild:
    """`is_missing` says of what is stored of a flow whether we have none as late; at most `room` are kept."""

    def __init__(self, flows: Sequence[str], timeout: float, room: int, is_missing: IsMissing) -> None:
        self._places = [(kind, flow) for kind in _KINDS for flow in flows]
        self._timeout = timeout
        self._room = room
        self._is_missing = is_missing
        self._connected = False
        self._retained = False
        self._marker_until: float | None = None
        self._store_until: float | None = None
        self._grace_until: float | None = None
        self._found: dict[tuple[Kept, str], dict[str, Stored]] = {}
        """By kind, flow and device, what was listed and is not read yet."""

        self._next: Ask | None = None
        self._ask_at: float | None = None
        self._phase: Literal["listing", "reading", "over"] = "listing"
        self._pause = _FIRST_PAUSE
        self._store_error: str | None = None
        self._broker_error = "has not answered yet"
        self._refused: dict[str, str] = {}
        """By filter, why the broker does not let us hear it."""

        self.ready = False

    def started(self, now: float) -> list[Ask | SendMarker]:
        self._store_until = now + self._timeout
        self._grace_until = now + _GRACE
        return self._list(0)

    def connected(self, now: float) -> list[Ask | SendMarker]:
        self._connected = True
        if self._retained:
            return []
        self._marker_until = now + self._timeout
        return [SendMarker()]

    def lost(self, reason: str) -> None:
        self._connected = False
        self._broker_error = reason
        self._refused.clear()
        self._marker_until = None

    def refused(self, pattern: str, reason: str) -> None:
        """A subscription; it may be said before `connected`, and holds until `lost`."""
        self._refused[pattern] = reason

    def progress(self, now: float) -> None:
        """A retained message came: the marker is still behind others."""
        if self._marker_until is not None:
            self._marker_until = now + self._timeout
        if self._grace_until is not None:
            self._grace_until = now + _GRACE

    def marker(self) -> None:
        self._retained = True
        self._marker_until = None

    def listed(
        self, flow: str, found: Sequence[Stored], after: str | None, kind: Kept = "result"
    ) -> list[Ask | SendMarker]:
        """A page of names; the next one is behind `after`, or in the next flow, or of the next kind."""
        self._answered()
        kept = self._found.setdefault((kind, flow), {})
        kept |= {stored.device: stored for stored in islice(found, max(0, self._room - len(kept)))}
        if after is not None and len(kept) < self._room:
            return self._ask(ListStored(flow, after, kind))
        return self._list(self._places.index((kind, flow)) + 1)

    def _list(self, place: int) -> list[Ask | SendMarker]:
        """From its first page on; behind the last one it is time to read."""
        if place < len(self._places):
            kind, flow = self._places[place]
            return self._ask(ListStored(flow, "", kind))
        self._phase = "reading"
        return []

    def read(self, asked: ReadStored) -> None:
        """What these say is known by now."""
        self._answered()
        for device in asked.devices:
            self._found[asked.kind, asked.flow].pop(device, None)

    def failed(self, asked: Ask, reason: str, now: float) -> None:
        self._store_error = reason
        self._store_until = None
        self._next = asked
        self._ask_at = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def due(self, now: float) -> list[Ask | SendMarker]:
        """What time alone brings: a wait that is over, a question to be asked again, the next to be read."""
        if self._marker_until is not None and now >= self._marker_until:
            self.marker()
        if self._grace_until is not None and (self._retained or now >= self._grace_until):
            self._grace_until = None
        if self._store_until is not None and now >= self._store_until:
            self._store_until = None
        asked: list[Ask | SendMarker] = []
        if self._ask_at is not None and now >= self._ask_at and self._next:
            asked = self._ask(self._next)
        elif self._next is None and self._phase == "reading" and self._grace_until is None:
            asked = self._missing()
        self.ready = self.ready or (self._retained and self._store_until is None)
        return asked

    def deadline(self) -> float | None:
        moments = (self._marker_until, self._store_until, self._ask_at, self._grace_until)
        return min((m for m in moments if m is not None), default=None)

    def reasons(self) -> tuple[str, ...]:
        """What is missing before ready, or degraded after it."""
        found = []
        if not self._connected:
            found.append(f"the MQTT broker is away: {self._broker_error}")
        elif not self._retained:
            found.append("waiting for the retained messages of the MQTT broker")
        if self._connected:
            found += [
                f"the MQTT broker refused the subscription to {pattern} ({reason}): "
                "allow the web service's user to subscribe to it and to read it"
                for pattern, reason in self._refused.items()
            ]
        if self._store_error:
            found.append(f"the store is away: {self._store_error}")
        elif self._phase != "over":
            found.append("reading the latest results from the store")
        return tuple(found)

    def _missing(self) -> list[Ask | SendMarker]:
        """Read the next that are missing; when none are, the store's part is over."""
        for kind, flow in list(self._found):
            listed = self._found.pop((kind, flow))
            kept = {d: s for d, s in listed.items() if self._is_missing(kind, flow, s)}
            if kept:
                self._found[kind, flow] = kept
                return self._ask(ReadStored(flow, tuple(islice(kept, _BATCH)), kind))
        self._phase = "over"
        self._store_until = None
        return []

    def _answered(self) -> None:
        self._next = None
        self._store_error = None
        self._pause = _FIRST_PAUSE

    def _ask(self, what: Ask) -> list[Ask | SendMarker]:
        self._next = what
        self._ask_at = None
        return [what]
