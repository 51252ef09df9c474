"""Who watches what, and what each of them is to be told. Pure.

A room is all viewers of one scope. Within a room nothing is sent while nothing in it changes, so a message
names the room's last revision as `since`: a client whose own revision is lower has missed something and asks
for a snapshot; a message whose `revision` is not above its own is of the past.

A viewer is current from the snapshot it was sent until it falls behind; only current ones are told of
changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engage.board import Board, Delta, Entry
from engage.scope import Scope

_Key = tuple[str, str]
_ANYWHERE: _Key = ("anywhere", "")


@dataclass(frozen=True, slots=True)
class News:
    """What changed in one room, for its current viewers."""

    scope: Scope
    since: int
    viewers: tuple[str, ...]
    devices: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Room:
    """`sent` is a revision that every current viewer has at least."""

    scope: Scope
    sent: int = 0
    waiting: set[str] = field(default_factory=set)
    current: set[str] = field(default_factory=set)


class Rooms:
    """Time and memory follow the viewers and what changed, never the devices on the board."""

    def __init__(self) -> None:
        self._rooms: dict[Scope, _Room] = {}
        self._of: dict[str, _Room] = {}
        self._by_key: dict[_Key, dict[_Room, None]] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def enter(self, viewer: str, scope: Scope) -> None:
        """Watch `scope` and nothing else from now on; a snapshot is due."""
        self.leave(viewer)
        room = self._rooms.get(scope)
        if room is None:
            room = self._rooms[scope] = _Room(scope)
            for key in _keys_of_scope(scope):
                self._by_key.setdefault(key, {})[room] = None
        room.waiting.add(viewer)
        self._of[viewer] = room

    def leave(self, viewer: str) -> None:
        room = self._of.pop(viewer, None)
        if room is None:
            return
        room.waiting.discard(viewer)
        room.current.discard(viewer)
        if not room.waiting and not room.current:
            del self._rooms[room.scope]
            for key in _keys_of_scope(room.scope):
                self._by_key[key].pop(room)
                if not self._by_key[key]:
                    del self._by_key[key]

    def behind(self, viewer: str) -> None:
        """It was not sent what the others were: nothing but a snapshot helps."""
        if room := self._of.get(viewer):
            room.current.discard(viewer)
            room.waiting.add(viewer)

    def snapshots(self, viewers: Iterable[str], revision: int) -> dict[Scope, list[str]]:
        """Those of the viewers that are here, by scope: current with the snapshot of `revision`."""
        found: dict[Scope, list[str]] = {}
        for viewer in viewers:
            if (room := self._of.get(viewer)) is None:
                continue
            if not room.current:
                room.sent = revision
            room.waiting.discard(viewer)
            room.current.add(viewer)
            found.setdefault(room.scope, []).append(viewer)
        return found

    def news(self, before: Board, board: Board, delta: Delta) -> list[News]:
        """One for each room in which something changed, or that must hear of the broker."""
        changed: dict[_Room, tuple[list[str], list[str]]] = {}
        if before.broker != board.broker:
            changed = {room: ([], []) for room in self._rooms.values()}
        for name in delta.devices + delta.gone:
            old, new = before.entries.get(name), board.entries.get(name)
            for room in self._touched(name, old, new):
                if new is not None and room.scope.admits(new):
                    changed.setdefault(room, ([], []))[0].append(name)
                elif old is not None and room.scope.admits(old):
                    changed.setdefault(room, ([], []))[1].append(name)
        return [
            _told(room, board.revision, devices, gone)
            for room, (devices, gone) in changed.items()
            if room.current
        ]

    def _touched(self, name: str, old: Entry | None, new: Entry | None) -> Iterable[_Room]:
        """The rooms that may admit a device as it was or as it is; each once."""
        keys = dict.fromkeys(key for entry in (old, new) if entry for key in _keys_of_entry(name, entry))
        rooms = [self._by_key[key] for key in keys if key in self._by_key]
        return rooms[0] if len(rooms) == 1 else dict.fromkeys(room for found in rooms for room in found)


def _told(room: _Room, revision: int, devices: list[str], gone: list[str]) -> News:
    since, room.sent = room.sent, revision
    return News(room.scope, since, tuple(room.current), tuple(devices), tuple(gone))


def _keys_of_scope(scope: Scope) -> Iterator[_Key]:
    """Where a room is found: by the narrowest of its limits."""
    if scope.devices is not None:
        yield from (("device", name) for name in scope.devices)
    elif scope.sites is not None:
        yield from (("site", site) for site in scope.sites)
    elif scope.group is not None:
        yield "group", scope.group
    else:
        yield _ANYWHERE


def _keys_of_entry(name: str, entry: Entry) -> Iterator[_Key]:
    yield "device", name
    yield _ANYWHERE
    if entry.site is not None:
        yield "site", entry.site
    if entry.group is not None:
        yield "group", entry.group
