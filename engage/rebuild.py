"""Getting the state back at every start, before readiness says yes.

Two sources: retained messages, complete when our own marker comes back through the broker, and the latest
results in the store, which survive a broker that lost its memory. Ready needs the broker's part. The
store's part is waited for until it is read, fails, or takes too long: values matter more than the few
results only the store has. A store that is away is asked again, with growing pauses, for as long as it
takes.
"""

from collections.abc import Sequence

from engage.events import ReadStored, SendMarker

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


class Rebuild:
    def __init__(self, flows: Sequence[str], timeout: float) -> None:
        self._flows = list(flows)
        self._timeout = timeout
        self._connected = False
        self._retained = False
        self._marker_until: float | None = None
        self._store_until: float | None = None
        self._next: ReadStored | None = None
        self._ask_at: float | None = None
        self._pause = _FIRST_PAUSE
        self._store_error: str | None = None
        self._broker_error = "has not answered yet"
        self.ready = False

    def started(self, now: float) -> list[ReadStored | SendMarker]:
        self._store_until = now + self._timeout
        return self._ask(ReadStored(self._flows[0], ""))

    def connected(self, now: float) -> list[ReadStored | SendMarker]:
        self._connected = True
        if self._retained:
            return []
        self._marker_until = now + self._timeout
        return [SendMarker()]

    def lost(self, reason: str) -> None:
        self._connected = False
        self._broker_error = reason
        self._marker_until = None

    def marker(self) -> None:
        self._retained = True
        self._marker_until = None

    def page(self, flow: str, after: str | None) -> list[ReadStored | SendMarker]:
        """A page was read; the next one is behind `after`, or in the next flow."""
        self._store_error = None
        self._pause = _FIRST_PAUSE
        if after is not None:
            return self._ask(ReadStored(flow, after))
        rest = self._flows[self._flows.index(flow) + 1 :]
        if rest:
            return self._ask(ReadStored(rest[0], ""))
        self._next = self._store_until = None
        return []

    def failed(self, flow: str, after: str, reason: str, now: float) -> None:
        self._store_error = reason
        self._store_until = None
        self._next = ReadStored(flow, after)
        self._ask_at = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def due(self, now: float) -> list[ReadStored | SendMarker]:
        """What time alone brings: a wait that is over, a question to be asked again."""
        if self._marker_until is not None and now >= self._marker_until:
            self.marker()
        if self._store_until is not None and now >= self._store_until:
            self._store_until = None
        self.ready = self.ready or (self._retained and self._store_until is None)
        if self._ask_at is not None and now >= self._ask_at and self._next:
            return self._ask(self._next)
        return []

    def deadline(self) -> float | None:
        moments = [m for m in (self._marker_until, self._store_until, self._ask_at) if m is not None]
        return min(moments, default=None)

    def reasons(self) -> tuple[str, ...]:
        """What is missing before ready, or degraded after it."""
        found = []
        if not self._connected:
            found.append(f"the MQTT broker is away: {self._broker_error}")
        elif not self._retained:
            found.append("waiting for the retained messages of the MQTT broker")
        if self._store_error:
            found.append(f"the store is away: {self._store_error}")
        elif self._next:
            found.append("reading the latest results from the store")
        return tuple(found)

    def _ask(self, page: ReadStored) -> list[ReadStored | SendMarker]:
        self._next = page
        self._ask_at = None
        return [page]
