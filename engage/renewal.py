"""The next board from the last one and from what is known by now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from common.wire.messages import DeviceSettings
from engage import fragments
from engage.board import TOMBSTONES, Board, Entry, Shown, Tombstone, picture
from engage.fleet import WorkerEntry
from engage.known import Held, Known
from engage.models import Broker
from engage.roster import Roster

_BROKER_TAG: Mapping[Broker, int] = {"lost": 0, "connected": 0x9E3779B97F4A7C15}
_NOTHING = DeviceSettings()


@dataclass(frozen=True, slots=True)
class Servers:
    """What a board says beside the devices."""

    broker: Broker
    workers: Mapping[str, WorkerEntry]
    ready: bool
    reasons: tuple[str, ...]


def servers(board: Board) -> Servers:
    return Servers(board.broker, board.workers, board.ready, board.reasons)


@dataclass(frozen=True, slots=True)
class Sight:
    """How devices are shown: the values of these flows, with pictures of this bucket."""

    flows: Sequence[str]
    bucket: str

    def differing(self, board: Board, roster: Roster, now: float) -> dict[str, Entry | None]:
        """By id, in order, what shows something else than the board; None where it is gone."""
        found: dict[str, Entry | None] = {}
        for name in sorted(roster.changed):
            known, old = roster.known.get(name), board.entries.get(name)
            entry = self._entry(name, known, roster, now) if known else None
            if entry != old:
                found[name] = entry
        return found

    def _entry(self, name: str, known: Known, roster: Roster, now: float) -> Entry:
        shown = {flow: self._shown(name, known, held, now) for flow, held in known.held.items()}
        values = {flow: shown[flow] for flow in self.flows if flow in shown}
        first = next(iter(values), None)
        primary, told, desired = shown.get(first), known.told, roster.desired.get(name)
        agent, wanted = known.agent, desired.settings if desired else _NOTHING
        own_site = primary.value.site if primary else None
        return Entry(
            device_id=name,
            state=known.state(known.held.get(first), now),
            primary=primary,
            values=values,
            path=told[1] if told and primary and told[0] == primary.value.created else None,
            trouble=known.trouble_at(now),
            name=wanted.name or (agent.name if agent else None),
            site=wanted.site or (agent.site if agent else None) or own_site,
            group=wanted.group or (agent.group if agent else None),
            agent=agent,
            seen=known.seen_at() if agent else None,
            desired=desired,
        )

    def _shown(self, name: str, known: Known, held: Held, now: float) -> Shown:
        return Shown(held.value, known.state(held, now), held.since, picture(name, held.value, self.bucket))


def renew(board: Board, differing: Mapping[str, Entry | None], state: Servers, wall: float) -> Board:
    """The board after it; a revision later where devices or the broker differ."""
    revision = board.revision + (bool(differing) or state.broker != board.broker)
    entries, tag = dict(board.entries), board.tag
    for name, entry in differing.items():
        old = entries.pop(name, None) if entry is None else entries.get(name)
        tag ^= old.tag if old else 0
        if entry is not None:
            sealed = entries[name] = _sealed(entry, old, revision, wall)
            tag ^= sealed.tag
    return replace(
        board,
        revision=revision,
        broker=state.broker,
        entries=entries if differing else board.entries,
        workers=state.workers,
        ready=state.ready,
        reasons=state.reasons,
        tag=tag ^ _BROKER_TAG[board.broker] ^ _BROKER_TAG[state.broker],
        tombstones=_tombstones(board, differing, revision, wall),
    )


def _sealed(entry: Entry, old: Entry | None, revision: int, wall: float) -> Entry:
    still = old and (old.state, old.site, old.group) == (entry.state, entry.site, entry.group)
    turned, turned_at = (old.turned, old.turned_at) if old and still else (revision, wall)
    return replace(
        entry,
        revision=revision,
        changed_at=wall,
        turned=turned,
        turned_at=turned_at,
        tag=fragments.tag(entry),
    )


def _tombstones(
    board: Board, differing: Mapping[str, Entry | None], revision: int, wall: float
) -> tuple[Tombstone, ...]:
    was = {name: board.entries[name].site for name in differing if name in board.entries}
    left = {name: site for name, site in was.items() if _site(differing[name]) != (site,)}
    new = [Tombstone(name, revision, wall, site) for name, site in left.items()]
    if not new and not board.tombstones:
        return ()
    kept = [stone for stone in board.tombstones if _site(differing.get(stone.device)) != (stone.site,)]
    return tuple([*kept, *new][-TOMBSTONES:])


def _site(entry: Entry | None) -> tuple[str | None] | None:
    """None where it is nowhere."""
    return (entry.site,) if entry else None
