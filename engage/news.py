"""What is new on a board to somebody who knows an earlier one, maybe of another replica."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engage.board import Board, Entry
from engage.cursor import Since
from engage.query import Wanted


@dataclass(frozen=True, slots=True)
class News:
    """Devices by id, and the ids of those that are not among the wanted ones any more.

    `full`: these are all of them, and whatever else is known is to be dropped.
    """

    devices: tuple[Entry, ...]
    gone: tuple[str, ...] = ()
    full: bool = True

    def __bool__(self) -> bool:
        return self.full or bool(self.devices) or bool(self.gone)


def news(board: Board, wanted: Wanted, since: Since | None, changed: Sequence[Entry] | None = None) -> News:
    """Nothing is left out; from another replica, some of it may be known already.

    `changed` spares the search where it is known what changed.
    """
    if since is None:
        found = board.entries.values()
        return News(_by_id(found if wanted.everything else filter(wanted.admits, found)))
    if since.revision == board.revision:
        return News((), full=False)
    if changed is None:
        changed = [e for e in board.entries.values() if since.before(e.revision, e.changed_at)]
    devices = _by_id(filter(wanted.admits, changed))
    gone = _turned(changed, wanted, since) | _left(board, wanted, since)
    return News(devices, tuple(sorted(gone.difference(e.device_id for e in devices))), full=False)


def _turned(changed: Iterable[Entry], wanted: Wanted, since: Since) -> set[str]:
    """Those that are seen, but may have ceased to be what was asked for."""
    if wanted.everything:
        return set()
    by_flow = wanted.states is not None and wanted.scope.flow is not None
    return {
        e.device_id
        for e in changed
        if (by_flow or since.before(e.turned, e.turned_at))
        and _named(e.device_id, wanted)
        and wanted.may_see(e.site)
        and not wanted.admits(e)
    }


def _left(board: Board, wanted: Wanted, since: Since) -> set[str]:
    """Those that left the board, or the sites that are seen."""
    return {
        stone.device
        for stone in board.tombstones
        if since.before(stone.revision, stone.at)
        and _named(stone.device, wanted)
        and wanted.may_see(stone.site)
    }


def _named(device: str, wanted: Wanted) -> bool:
    return wanted.scope.devices is None or device in wanted.scope.devices


def _by_id(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.device_id))
