"""What somebody who asks again is told: enough to know what a full answer says."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.board import Board, Entry, Shown
from engage.cursor import Cursor, Since
from engage.models import State
from engage.news import News, news
from engage.query import DevicesQuery, Wanted
from engage.renewal import renew, servers
from engage.value import value_of
from tests.engage.samples import result

WALL = 1_700_000_000.0
SITES = (None, "hall", "yard")
STATES: tuple[State, ...] = ("live", "stale", "offline")
WANTED = [
    Wanted.of(DevicesQuery.model_validate(query), sites)
    for query in (
        {},
        {"site": "hall"},
        {"state": "stale,offline"},
        {"state": "live", "flow": "production"},
        {"ids": "a,b"},
        {"group": "north", "state": "live"},
    )
    for sites in (None, frozenset({"hall"}))
]


def entry(device: str, number: int, state: State, site: str | None, group: str | None) -> Entry:
    value = value_of(result(device, number, WALL), "production", WALL, live=True)
    shown = Shown(value, state)
    return Entry(device, state, shown, {"production": shown}, site=site, group=group)


@dataclass
class Client:
    """Keeps what it is told, as any other system would."""

    wanted: Wanted
    cursor: str | None = None
    known: dict[str, Entry] = field(default_factory=dict)

    def ask(self, board: Board, wall: float) -> News:
        question = self.wanted.digest()
        cursor = Cursor.parse(self.cursor) if self.cursor else None
        found = news(board, self.wanted, cursor.since(board, question) if cursor else None)
        if found.full:
            self.known.clear()
        self.known |= {entry.device_id: entry for entry in found.devices}
        for name in found.gone:
            self.known.pop(name, None)
        self.cursor = str(Cursor(board.replica, board.revision, wall, question))
        return found


step = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from([*STATES, None]),
    st.sampled_from(SITES),
    st.sampled_from(["north", None]),
    st.sampled_from([0.0, 0.3, 5.0]),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(step, st.sampled_from([0, 1, None])), min_size=3, max_size=30), st.sampled_from(WANTED)
)
def test_changes_since_any_answer_of_any_replica_lead_to_the_full_answer(
    steps: list[tuple[tuple[str, State | None, str | None, str | None, float], int | None]], wanted: Wanted
) -> None:
    boards = [Board(replica=name * 8, started_at=WALL - 60) for name in ("0", "1")]
    wall, client = WALL, Client(wanted)
    for number, ((device, state, site, group, seconds), asked) in enumerate(steps):
        wall += seconds
        new = entry(device, number, state, site, group) if state else None
        for at, board in enumerate(boards):
            if new or device in board.entries:
                boards[at] = renew(board, {device: new}, servers(board), wall + 0.5 * at)
        if asked is not None:
            client.ask(boards[asked], wall)
            full = news(boards[asked], wanted, None).devices
            assert client.known == {entry.device_id: entry for entry in full}


@given(st.lists(step, min_size=1, max_size=20))
def test_nobody_hears_of_devices_of_other_sites(
    steps: list[tuple[str, State | None, str | None, str | None, float]],
) -> None:
    wanted = Wanted.of(DevicesQuery(), frozenset({"hall"}))
    board, client, seen = Board(replica="0"), Client(wanted), set[str]()
    for number, (device, state, site, group, _) in enumerate(steps):
        new = entry(device, number, state, site, group) if state else None
        if new or device in board.entries:
            board = renew(board, {device: new}, servers(board), WALL)
        seen |= {device} if new and site == "hall" else set()
        found = client.ask(board, WALL)
        assert {e.device_id for e in found.devices} | set(found.gone) <= seen


def test_of_those_that_turned_only_the_ones_that_were_wanted_are_gone() -> None:
    wanted = Wanted.of(DevicesQuery.model_validate({"state": "stale"}), None)
    start = renew(
        Board(replica="0"), {n: entry(n, 0, "live", None, None) for n in "ab"}, servers(Board()), WALL
    )
    later = renew(start, {n: entry(n, 1, "live", None, None) for n in "ab"}, servers(start), WALL)
    assert not news(later, wanted, Since(start.revision, WALL))
    turned = renew(later, {"a": entry("a", 1, "stale", None, None)}, servers(later), WALL)
    assert [e.device_id for e in news(turned, wanted, Since(later.revision, WALL)).devices] == ["a"]
    back = renew(turned, {"a": entry("a", 2, "live", None, None)}, servers(turned), WALL)
    assert news(back, wanted, Since(turned.revision, WALL)) == News((), ("a",), full=False)


BOARD = Board(revision=5, replica="a" * 8, started_at=WALL)
HERE = Cursor("a" * 8, 4, WALL + 60, "0" * 16)


@pytest.mark.parametrize(
    ("cursor", "since"),
    [
        (HERE, Since(4, WALL + 60)),
        (replace(HERE, revision=5), Since(5, WALL + 60)),
        (replace(HERE, revision=6), None),
        (replace(HERE, replica="b"), Since(None, WALL + 58)),
        (replace(HERE, replica="b", revision=900), Since(None, WALL + 58)),
        (replace(HERE, replica="b", at=WALL + 1), None),
        (replace(HERE, question="1" * 16), None),
    ],
)
def test_what_a_cursor_is_worth(cursor: Cursor, since: Since | None) -> None:
    assert Cursor.parse(str(cursor)) == cursor
    assert cursor.since(BOARD, "0" * 16) == since


@pytest.mark.parametrize("text", ["", "x", "a.b.c.d", "a.1.1", "é.1.1." + "0" * 16, "a." + "f" * 40 + ".1.1"])
def test_what_is_no_cursor(text: str) -> None:
    assert Cursor.parse(text) is None


def test_forgotten_tombstones_ask_for_a_full_answer() -> None:
    names = [f"cam{number}" for number in range(10_001)]
    board = renew(
        BOARD, {name: entry(name, 0, "live", None, None) for name in names}, servers(BOARD), WALL + 1
    )
    known = replace(HERE, revision=board.revision)
    board = renew(board, dict.fromkeys(names[:9_999]), servers(board), WALL + 2)
    assert known.since(board, "0" * 16) is not None
    board = renew(board, dict.fromkeys(names[9_999:]), servers(board), WALL + 3)
    assert known.since(board, "0" * 16) is None
