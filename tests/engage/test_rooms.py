"""Who is told what: tables, then any sequence of changes with slow clients and scopes that differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.board import Board, Delta, Entry
from engage.models import Broker
from engage.rooms import Rooms
from engage.scope import EVERYTHING, Scope

NORTH, SOUTH = Scope(sites=frozenset({"north"})), Scope(sites=frozenset({"south"}))
CAM1 = Scope(devices=frozenset({"cam1"}))
GATES = Scope(group="gates")


def entry(device: str, site: str | None = None, group: str | None = None) -> Entry:
    return Entry(device, "unknown", site=site, group=group)


def board(revision: int, *entries: Entry, broker: Broker = "connected") -> Board:
    return Board(revision, broker, {entry.device_id: entry for entry in entries})


def told(rooms: Rooms, before: Board, after: Board, *devices: str, gone: tuple[str, ...] = ()) -> object:
    """By scope: devices, gone."""
    news = rooms.news(before, after, Delta(before.revision, devices, gone))
    return {one.scope: (one.devices, one.gone) for one in news}


@pytest.fixture
def rooms() -> Rooms:
    """One viewer in each, all of them current."""
    rooms = Rooms()
    scopes = (EVERYTHING, NORTH, SOUTH, CAM1, GATES)
    for number, scope in enumerate(scopes):
        rooms.enter(str(number), scope)
    rooms.snapshots(map(str, range(len(scopes))), 1)
    return rooms


BEFORE = board(1, entry("cam1", "north"), entry("cam2", "south", "gates"))


@pytest.mark.parametrize(
    ("after", "devices", "gone", "expected"),
    [
        pytest.param(
            board(2, entry("cam1", "north"), entry("cam2", "south", "gates")),
            ("cam2",),
            (),
            {EVERYTHING: (("cam2",), ()), SOUTH: (("cam2",), ()), GATES: (("cam2",), ())},
            id="one changed",
        ),
        pytest.param(
            board(2, entry("cam1", "south"), entry("cam2", "south", "gates")),
            ("cam1",),
            (),
            {
                EVERYTHING: (("cam1",), ()),
                NORTH: ((), ("cam1",)),
                SOUTH: (("cam1",), ()),
                CAM1: (("cam1",), ()),
            },
            id="one moved to another site",
        ),
        pytest.param(
            board(2, entry("cam2", "south")),
            ("cam2",),
            ("cam1",),
            {
                EVERYTHING: (("cam2",), ("cam1",)),
                NORTH: ((), ("cam1",)),
                SOUTH: (("cam2",), ()),
                CAM1: ((), ("cam1",)),
                GATES: ((), ("cam2",)),
            },
            id="one is gone, one left its group",
        ),
        pytest.param(
            board(2, entry("cam1", "north"), entry("cam2", "south", "gates"), broker="lost"),
            (),
            (),
            dict.fromkeys((EVERYTHING, NORTH, SOUTH, CAM1, GATES), ((), ())),
            id="the broker is away",
        ),
        pytest.param(
            board(2, *BEFORE.entries.values(), entry("cam3", "east")),
            ("cam3",),
            (),
            {EVERYTHING: (("cam3",), ())},
            id="a new one where few look",
        ),
    ],
)
def test_each_room_hears_of_its_own_devices(
    rooms: Rooms, after: Board, devices: tuple[str, ...], gone: tuple[str, ...], expected: object
) -> None:
    assert told(rooms, BEFORE, after, *devices, gone=gone) == expected


def test_since_is_the_last_revision_that_the_room_was_sent(rooms: Rooms) -> None:
    second = board(2, *BEFORE.entries.values())
    third, fourth = board(3, *BEFORE.entries.values()), board(4, *BEFORE.entries.values())
    rooms.news(BEFORE, second, Delta(1, ("cam1",), ()))
    rooms.news(second, third, Delta(2, ("cam2",), ()))
    sinces = {n.scope: n.since for n in rooms.news(third, fourth, Delta(3, ("cam1", "cam2"), ()))}
    assert sinces == {EVERYTHING: 3, NORTH: 2, SOUTH: 3, CAM1: 2, GATES: 3}


def test_whoever_is_behind_or_waits_is_told_nothing_until_its_snapshot(rooms: Rooms) -> None:
    rooms.enter("late", NORTH)
    rooms.behind("1")
    after = board(2, *BEFORE.entries.values())
    assert NORTH not in told(rooms, BEFORE, after, "cam1")  # type: ignore[operator]
    assert rooms.snapshots(["late", "1", "nobody"], 2) == {NORTH: ["late", "1"]}
    (news,) = [n for n in rooms.news(after, board(3), Delta(2, (), ("cam1",))) if n.scope == NORTH]
    assert (news.since, set(news.viewers)) == (2, {"late", "1"})


def test_a_room_ends_with_its_last_viewer() -> None:
    rooms = Rooms()
    for scope in (EVERYTHING, NORTH, CAM1, GATES):
        rooms.enter("a", scope)
        rooms.enter("b", scope)
    assert len(rooms) == 1, "whoever enters a room leaves the one before"
    rooms.leave("a")
    rooms.behind("b")
    rooms.leave("b")
    rooms.leave("b")
    assert (len(rooms), rooms._of, rooms._by_key) == (0, {}, {})


SITES, NAMES = (None, "north", "south"), ("cam1", "cam2", "cam3", "cam4")
SCOPES = (EVERYTHING, NORTH, CAM1, GATES, Scope(frozenset({"north", "south"})), Scope(frozenset()))
STEPS = st.one_of(
    st.tuples(
        st.just("place"), st.sampled_from(NAMES), st.sampled_from(SITES), st.sampled_from((None, "gates"))
    ),
    st.tuples(st.just("forget"), st.sampled_from(NAMES)),
    st.tuples(st.just("broker"), st.sampled_from(("connected", "lost"))),
    st.tuples(st.just("show")),
    st.tuples(st.just("sleep"), st.integers(0, 3)),
    st.tuples(st.just("snapshot"), st.integers(0, 3)),
    st.tuples(st.just("watch"), st.integers(0, 3), st.sampled_from(SCOPES)),
)


class Viewers:
    """Four clients that know what they are told, and that a `since` above their revision is a gap."""

    def __init__(self) -> None:
        self.rooms = Rooms()
        self.shown, self.next = Board(broker="connected"), Board(broker="connected")
        self.scopes = dict.fromkeys(map(str, range(4)), EVERYTHING)
        self.copies: dict[str, tuple[int, str, dict[str, Entry]]] = {}
        self.slow: set[str] = set()
        for name in self.scopes:
            self.rooms.enter(name, EVERYTHING)

    def step(self, kind: str, *what: object) -> None:
        getattr(self, kind)(*what)

    def sleep(self, number: int) -> None:
        """It reads no more, until its snapshot."""
        self.slow.add(str(number))

    def place(self, name: str, site: str | None, group: str | None) -> None:
        self.next = Board(0, self.next.broker, {**self.next.entries, name: entry(name, site, group)})

    def forget(self, name: str) -> None:
        left = {device: one for device, one in self.next.entries.items() if device != name}
        self.next = Board(0, self.next.broker, left)

    def broker(self, broker: Broker) -> None:
        self.next = Board(0, broker, self.next.entries)

    def show(self) -> None:
        old, new = self.shown.entries, self.next.entries
        devices = tuple(sorted(name for name in new if new[name] is not old.get(name)))
        delta = Delta(self.shown.revision, devices, tuple(sorted(old.keys() - new.keys())))
        before, self.shown = self.shown, Board(self.shown.revision + 1, self.next.broker, new)
        for news in self.rooms.news(before, self.shown, delta):
            for viewer in news.viewers:
                if viewer in self.slow:
                    self.rooms.behind(viewer)
                    continue
                revision, _, copy = self.copies[viewer]
                assert news.since <= revision < self.shown.revision, "a gap that nobody made"
                copy |= {name: new[name] for name in news.devices}
                for name in news.gone:
                    copy.pop(name, None)
                self.copies[viewer] = self.shown.revision, self.shown.broker, copy

    def snapshot(self, number: int) -> None:
        """As after a resync, or once there is room."""
        self.slow.discard(str(number))
        for scope, viewers in self.rooms.snapshots([str(number)], self.shown.revision).items():
            for viewer in viewers:
                assert scope == self.scopes[viewer]
                self.copies[viewer] = self.shown.revision, self.shown.broker, self.right(viewer)

    def watch(self, number: int, scope: Scope) -> None:
        self.scopes[str(number)] = scope
        self.rooms.enter(str(number), scope)

    def right(self, viewer: str) -> dict[str, Entry]:
        return {name: one for name, one in self.shown.entries.items() if self.scopes[viewer].admits(one)}

    def check(self) -> None:
        for room in self.rooms._rooms.values():
            for viewer in room.current - self.slow:
                _, broker, copy = self.copies[viewer]
                assert (copy, broker) == (self.right(viewer), self.shown.broker)


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=40))
def test_a_client_that_is_told_ends_with_exactly_its_part_of_the_board(
    steps: list[tuple[object, ...]],
) -> None:
    viewers = Viewers()
    for kind, *what in steps:
        viewers.step(str(kind), *what)
        viewers.check()
    for number in range(4):
        viewers.snapshot(number)
    viewers.show()
    viewers.check()
    assert sum(len(room.current) for room in viewers.rooms._rooms.values()) == 4
    for name in viewers.scopes:
        viewers.rooms.leave(name)
    assert (len(viewers.rooms), viewers.rooms._by_key) == (0, {})
