"""Requests that wait for the board to change."""

from threading import Event

from engage.board import Board, Entry

_REMEMBERED = 8


class FullError(Exception):
    """As many wait as may."""


class Waiting:
    """At most `most` at once. Called by many threads without a lock: each step is one operation on a set."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = True
        self._waiting: set[object] = set()
        self._change = Event()
        self._changed: dict[tuple[int, int], tuple[Entry, ...]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def change(self) -> Event:
        """Set at the next change; ask for it before looking at the board."""
        return self._change

    def wake(self) -> None:
        """The board has changed."""
        change, self._change = self._change, Event()
        change.set()

    def close(self) -> None:
        """Nobody waits any longer."""
        self._open = False
        self.wake()

    def wait(self, change: Event, seconds: float) -> bool:
        """Whether it came in time, and it is worth while to look; FullError."""
        if len(self._waiting) >= self._most:
            raise FullError
        me = object()
        self._waiting.add(me)
        try:
            return change.wait(seconds) and self._open
        finally:
            self._waiting.discard(me)

    def changed(self, board: Board, revision: int) -> tuple[Entry, ...]:
        """What changed since a revision, looked for once for all that wait."""
        key = revision, board.revision
        if (found := self._changed.get(key)) is None:
            if len(self._changed) >= _REMEMBERED:
                self._changed.clear()
            found = self._changed[key] = tuple(e for e in board.entries.values() if e.revision > revision)
        return found
