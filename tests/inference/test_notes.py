"""Pictures whose keys do not name their devices: announcements are noted, and what none heard is deleted."""

import json
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.adapters.memory import MemoryStore
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import ManualClock, SteadyClock, SystemClock
from common.wire.codec import encode
from common.wire.keys import ANNOUNCED, capture_key, note_key
from common.wire.messages import Capture, Model
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from inference.claim import Ballots
from inference.collect import Announced
from inference.events import Delete, Failed, Missing, Seen, Settled, Swept, Tick
from inference.flows import Flows
from inference.identity import Identity
from inference.notes import Notes, Unheard
from inference.noting import Note, NotNoted
from inference.runner import Runner
from inference.search import Search
from inference.settings import InferenceSettings
from inference.steps import Desk, Steps
from inference.sweeping import Sweeping
from inference.timing import Timing
from inference.worker import Worker
from tests.chaos.model import Brightness
from tests.eventually import eventually
from tests.inference.test_ownership import ORDERS, SEEDS, TROUBLES, Trouble, cause, feed, simulation
from tests.inference.weather import Order, Weather
from tests.inference.world import World

BUCKET = "people-counter-images"
PATIENT = Timing(unheard=60)


def key(number: int) -> str:
    return f"image-{UUID(int=number)}.jpg"


def capture(number: int = 1, name: str = "") -> Capture:
    path = ObjectPath(BUCKET, name or key(number))
    return Capture(device_id="cam", file_path=path, creation_timestamp=1_700_000_000.0 + number)


ONE = capture()
OURS = capture(name=capture_key("cam", 1_700_000_000.0, "0" * 32))


def known(*captures: Capture) -> dict[str, Announced]:
    return {made.file_path.key: Announced(made, 0, 0, 0) for made in captures}


@pytest.mark.parametrize(
    ("made", "turn", "there", "done", "noted"),
    [
        pytest.param(ONE, 0, False, False, True, id="a foreign one"),
        pytest.param(OURS, 0, False, False, False, id="its key tells the device"),
        pytest.param(ONE, 1, False, False, False, id="others are first"),
        pytest.param(ONE, 0, True, False, False, id="announced again"),
        pytest.param(ONE, 0, False, True, False, id="finished already"),
    ],
)
def test_the_worker_whose_turn_it_is_notes_a_foreign_picture_at_once(
    made: Capture, turn: int, *, there: bool, done: bool, noted: bool
) -> None:
    ballots = Ballots("me", 6)
    ballots.finish([key(1)] if done else [])
    notes = Notes(known(ONE) if there else {}, ballots, lambda _: turn)
    assert notes.announced(made) == ([Note(made)] if noted else [])


def test_what_is_left_after_a_heartbeat_is_noted_by_all_who_have_it_and_once() -> None:
    have = known()
    notes = Notes(have, Ballots("me", 6), lambda _: 1)
    two = capture(2)
    assert notes.announced(ONE) == notes.announced(two) == []
    have |= known(two)
    assert notes.tidy() == [Note(two)], "the other one is finished"
    assert notes.tidy() == []
    notes.owe(key(2))
    assert notes.tidy() == [Note(two)], "the store did not take it"


def test_a_picture_that_nobody_heard_announced_has_its_time_from_the_first_sweep_that_finds_it() -> None:
    unheard = Unheard(60, memory=2)
    assert unheard.found(["a", "b", "c"], 0) == []
    unheard.searched(failed=False)
    assert unheard.found(["a", "c"], 59) == []
    unheard.searched(failed=False)
    assert unheard.found(["a"], 60) == ["a"]
    unheard.searched(failed=True)
    assert unheard.found(["c", "b"], 118) == []
    unheard.searched(failed=True)
    assert unheard.found(["a", "b", "c"], 119) == ["a", "c"], "b was away"


def test_a_sweep_deletes_only_what_this_worker_knows_nothing_of() -> None:
    ballots = Ballots("me", 6)
    sweeping = Sweeping("me", ballots, Flows("f", (), 60, 30), known(ONE), 30, 60)
    names = tuple(key(n) for n in range(1, 4))
    swept = Swept((), None, nameless=names)
    assert sweeping.swept(swept, 0) == ([], ())
    assert sweeping.swept(swept, 60) == ([Delete(names[1:], "unheard")], ())


class Depository:
    """A worker's steps and its search on a store in memory, four seconds after whatever was put there."""

    def __init__(self, **compat: object) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(BUCKET, self.clock)
        settings = InferenceSettings.model_validate({"compat": {"people_counter": True} | compat})
        self.steps = Steps(self.store, Brightness(), settings, SteadyClock(self.clock), Desk())
        self._search = Search(self.store, settings, self.clock)

    def search(self) -> list[Swept]:
        self.clock.advance(4)
        pages = [self._search.page("")]
        while after := pages[-1].after:
            pages.append(self._search.page(after))
        return pages

    def found(self) -> list[Capture]:
        return [seen.capture for page in self.search() for seen in page.found]

    def left(self) -> list[str]:
        return [info.key for info in self.store.list("")]


def test_what_was_noted_is_found_with_its_device_and_its_age() -> None:
    at = Depository()
    assert at.steps.note(ONE) == Tick()
    (first, *_) = at.search()
    assert first.found == (Seen(ONE, at.clock.wall() - 4, 4.0),)
    assert json.loads(at.store.get(note_key(key(1)), 1000))["deviceID"] == "cam"


def test_a_search_goes_through_all_that_lies_there_page_by_page() -> None:
    at = Depository()
    notes = [capture(n) for n in range(250)]
    named = [capture_key("cam", 1_700_000_000.0 + n, f"{n:032x}") for n in range(2100)]
    nameless = [key(n) for n in range(1200)]
    for made in notes:
        at.steps.note(made)
    for name in [*named, *nameless, "image-1.jpg", f"{key(1)}.txt", "image.png", "shown-cam-1.jpg", "else"]:
        at.store.put(name, b"")
    pages = at.search()
    found = [seen.capture.file_path.key for page in pages for seen in page.found]
    assert sorted(found) == sorted([*(made.file_path.key for made in notes), *named])
    assert sorted(name for page in pages for name in page.nameless) == sorted(nameless)
    assert max(len(page.found) + len(page.nameless) for page in pages) <= 1000


@pytest.mark.parametrize(
    ("compat", "nameless"),
    [
        ({}, [key(1)]),
        ({"people_counter": False}, []),
        ({"image_prefix": "yard."}, [f"yard.{UUID(int=1)}.png"]),
    ],
)
def test_pictures_of_original_agents_are_looked_for_by_their_names(
    compat: dict[str, object], nameless: list[str]
) -> None:
    at = Depository(**compat)
    for name in (key(1), f"yard.{UUID(int=1)}.png", f"yardx{UUID(int=1)}.png"):
        at.store.put(name, b"")
    assert [name for page in at.search() for name in page.nameless] == nameless


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", encode(capture(2)), b"x" * 300_000])
def test_what_is_no_note_is_deleted(data: bytes) -> None:
    at = Depository()
    at.store.put(note_key(key(1)), data)
    assert at.found() == []
    assert at.left() == []


def test_whoever_removes_a_picture_removes_its_note() -> None:
    at = Depository()
    for name in (key(1), key(2), key(3)):
        at.store.put(name, b"x")
    for number in range(1, 6):
        at.steps.note(capture(number))
    assert len(at.store.list(ANNOUNCED)) == 5
    assert at.steps.settle(key(1), capture(1)) == Settled(key(1))
    at.steps.delete(Delete((key(2), key(3)), "superseded"))
    assert at.steps.fetch(key(4)) == Missing(key(4)), "somebody else was done before it was noted"
    at.steps.note_absent(key(4))
    assert at.left() == [note_key(key(5))]


def test_a_store_that_takes_no_note_is_asked_again() -> None:
    at = Depository()
    at.store.down = True
    assert at.steps.note(ONE) == NotNoted(key(1))
    assert isinstance(at.steps.fetch(key(1)), Failed)


def test_of_what_lies_in_the_root_only_agents_pictures_go_when_nobody_heard_of_them(
    bus: MqttBus, s3: S3Store, topics: Topics
) -> None:
    """On a real store."""
    settings = InferenceSettings.model_validate(
        {"bus": {"prefix": topics.prefix}, "compat": {"people_counter": True}}
    )
    me = Identity("w", "s", "production", s3.bucket, Model(name="m", digest="d"), "light")
    worker = Worker(me, Timing(sweep=0.5, unheard=1))
    for name in (key(1), key(2), "image-of-mine.jpg"):
        s3.put(name, b"picture")
    runner = Runner(worker, me, settings, bus, s3, Brightness(), SystemClock())
    runner.start()

    def gone() -> bool:
        runner.loop.step(0.05)
        return not [name for name in (key(1), key(2)) if s3.list(name)]

    eventually(gone, within=20, every=0)
    runner.close()
    assert [info.key for info in s3.list("")] == ["image-of-mine.jpg"]


def ended(world: World, keys: Iterable[str]) -> None:
    for name in keys:
        assert world.results[name] or name in world.superseded | world.unheard, f"{name} was never looked at"
    assert not world.stored
    assert not world.noted
    for process in world.alive():
        assert (process.core.load, process.core.waiting, process.core.remembered) == (0, 0, 0), process.name


FOREIGN = frozenset({"cam-0", "cam-1"})
few = settings(simulation, max_examples=20)


@few
@given(SEEDS, st.integers(1, 8), st.floats(0.3, 5), st.floats(0.1, 60))
def test_all_who_heard_of_foreign_pictures_may_die_at_once(
    seed: int, workers: int, at: float, pause: float
) -> None:
    """What was announced a moment before is answered; what came while none ran is deleted in the end."""
    world = World(seed, workers, timing=PATIENT, foreign=FOREIGN)
    keys = feed(world, 3, 8)
    told: list[str] = []
    world.at(at, lambda: told.extend(world.noted))
    cause(world, [("crash", at, number, pause) for number in range(workers)])
    world.run(300)
    ended(world, keys)
    assert not world.unheard & set(told)
    assert all(name in keys for name in world.unheard)


@few
@given(
    SEEDS,
    st.integers(1, 8),
    st.builds(Weather, st.floats(0, 3), st.floats(0, 0.4), st.floats(0, 0.3), ORDERS, st.just(30.0)),
    st.floats(0, 100),
    TROUBLES,
)
def test_in_any_weather_and_trouble_no_foreign_picture_stays(
    seed: int, workers: int, weather: Weather, skew: float, troubles: list[Trouble]
) -> None:
    world = World(seed, workers, weather=weather, skew=skew, timing=PATIENT, foreign=FOREIGN)
    keys = feed(world, 3, 10, times=2, late=20)
    cause(world, troubles)
    world.run(400)
    ended(world, keys)


@few
@given(SEEDS, st.integers(1, 8), st.integers(1, 6), ORDERS)
def test_where_nothing_goes_wrong_each_foreign_picture_is_analysed_once(
    seed: int, workers: int, devices: int, order: Order
) -> None:
    world = World(seed, workers, weather=Weather(0.01, order=order), foreign=FOREIGN)
    keys = feed(world, devices, 5)
    world.run(120)
    ended(world, keys)
    assert not world.unheard
    assert set(world.analysed.values()) == {1}
