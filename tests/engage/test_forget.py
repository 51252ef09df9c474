"""A forgotten device leaves every replica, the broker and the store; one that speaks again is back."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.memory import MemoryBus, MemoryStore
from common.wire.codec import encode
from common.wire.keys import shown_key, trouble_key
from common.wire.messages import DeviceConfig, DeviceSettings
from engage.board import Board, Delta
from engage.eraser import Eraser
from engage.events import (
    Configure,
    DeviceCleared,
    DeviceConfigReceived,
    Erase,
    Erased,
    EraseFailed,
    ForgetDevice,
    SetDevice,
    WorkerCleared,
    WorkerStatusReceived,
)
from engage.roster import Roster
from engage.runner import Runner
from engage.value import Moment
from tests.engage.samples import device_status, result, trouble, worker_status
from tests.engage.site import Site
from tests.engage.watcher import Watcher
from tests.eventually import eventually


@pytest.fixture
def watcher() -> Watcher:
    watcher = Watcher().ready()
    watcher.hear(result("cam", 1, watcher.wall), result("other", 1, watcher.wall))
    watcher.wait(1)
    return watcher


def forget(watcher: Watcher) -> None:
    assert Erase("cam", "ada") in watcher.tell(ForgetDevice("cam", "ada", watcher.now))
    watcher.wait(0.3)


def test_it_leaves_the_board_and_a_tombstone_tells_those_who_ask_later(watcher: Watcher) -> None:
    forget(watcher)
    assert set(watcher.board.entries) == {"other"}
    (stone,) = watcher.board.tombstones
    assert stone.device == "cam"
    assert stone.revision == watcher.board.revision
    assert stone.at == pytest.approx(watcher.wall, abs=1)


def test_what_was_on_its_way_does_not_bring_it_back_but_what_it_says_later_does(watcher: Watcher) -> None:
    late = result("cam", 2, watcher.wall)
    forget(watcher)
    watcher.hear(late, live=False)
    watcher.hear(late)
    watcher.suffer(trouble("cam", 3, watcher.wall - 1))
    watcher.status(device_status("cam", "offline"))
    watcher.wait(1)
    assert set(watcher.board.entries) == {"other"}
    watcher.hear(result("cam", 4, watcher.wall))
    assert watcher.state("cam") == "live"
    assert watcher.board.tombstones == ()


def test_another_replicas_wish_is_followed_without_being_repeated(watcher: Watcher) -> None:
    effects = watcher.tell(DeviceCleared("cam", watcher.now))
    watcher.wait(0.3)
    assert set(watcher.board.entries) == {"other"}
    assert not [effect for effect in effects + watcher.effects if isinstance(effect, Erase)]


def test_a_store_that_is_away_is_asked_again_unless_the_device_is_back(watcher: Watcher) -> None:
    forget(watcher)
    for _ in range(2):
        before = len(watcher.effects)
        watcher.tell(EraseFailed("cam", "ada"))
        watcher.wait(29)
        assert Erase("cam", "ada") not in watcher.effects[before:]
        watcher.wait(1)
        assert Erase("cam", "ada") in watcher.effects[before:]
    watcher.tell(EraseFailed("cam", "ada"))
    watcher.hear(result("cam", 2, watcher.wall))
    before = len(watcher.effects)
    watcher.wait(60)
    assert Erase("cam", "ada") not in watcher.effects[before:]


@pytest.mark.parametrize("back", ["", "speaks", "is wanted"])
def test_what_was_on_its_way_is_erased_too_unless_the_device_is_back(watcher: Watcher, back: str) -> None:
    """A worker may have had a picture of it; its result is retained, and kept in the store."""
    forget(watcher)
    if back == "speaks":
        watcher.hear(result("cam", 2, watcher.wall))
    elif back == "is wanted":
        wanted = DeviceConfig(device_id="cam", revision=1, settings=DeviceSettings(interval=2))
        watcher.tell(DeviceConfigReceived(wanted, watcher.now))
    before = len(watcher.effects)
    watcher.wait(31)
    assert watcher.effects[before:].count(Erase("cam", "ada")) == (0 if back else 1)
    watcher.tell(Erased("cam"))
    watcher.wait(100)
    assert watcher.effects[before:].count(Erase("cam", "ada")) == (0 if back else 1)


def test_each_wish_has_the_next_revision(watcher: Watcher) -> None:
    settings = DeviceSettings(interval=2)
    for revision in (1, 2):
        (effect,) = watcher.tell(SetDevice("cam", settings, "ada", watcher.now))
        wanted = DeviceConfig(
            device_id="cam", revision=revision, settings=settings, by="ada", at=watcher.wall
        )
        assert effect == Configure("cam", wanted)
        watcher.tell(DeviceConfigReceived(wanted, watcher.now))
    assert watcher.entry("cam").desired == wanted
    assert watcher.tell(SetDevice("cam", None, "ada", watcher.now)) == [Configure("cam", None)]


def test_wishes_before_the_first_is_back_have_revisions_of_their_own(watcher: Watcher) -> None:
    def ask(interval: float) -> DeviceConfig:
        (effect,) = watcher.tell(SetDevice("cam", DeviceSettings(interval=interval), "ada", watcher.now))
        assert isinstance(effect, Configure)
        assert effect.config
        return effect.config

    first, second = ask(2), ask(3)
    watcher.tell(DeviceConfigReceived(first, watcher.now))
    third = ask(4)
    watcher.tell(DeviceConfigReceived(second, watcher.now), DeviceConfigReceived(third, watcher.now))
    assert [config.revision for config in (first, second, third, ask(5))] == [1, 2, 3, 4]


@given(st.lists(st.one_of(st.none(), st.integers(0, 3), st.integers(10**9 - 3, 10**9)), max_size=30))
def test_a_wish_has_a_revision_of_its_own_whatever_anybody_sends(foreign: list[int | None]) -> None:
    """None: we wish once more. The broker keeps our order: with the last wish, all are back."""
    roster, waiting = Roster(10), list[int]()
    for revision in foreign:
        if revision is None:
            wish, present = roster.next_revision("cam"), roster.desired.get("cam")
            config = DeviceConfig(device_id="cam", revision=wish, settings=DeviceSettings())
            assert config.revision not in (*waiting, present and present.revision)
            waiting.append(wish)
        else:
            roster.want("cam", DeviceConfig(device_id="cam", revision=revision, settings=DeviceSettings()))
            if waiting[-1:] == [revision]:
                waiting.clear()


def test_a_worker_that_is_taken_back_leaves(watcher: Watcher) -> None:
    watcher.tell(WorkerStatusReceived(worker_status("a"), watcher.now, live=True))
    watcher.wait(1)
    watcher.tell(WorkerCleared("a"))
    watcher.wait(1)
    assert not watcher.board.workers


class Deaf:
    """An audience of nobody."""

    def show(self, before: Board, board: Board, delta: Delta) -> None: ...

    def snapshot(self, viewers: Sequence[str], board: Board) -> None: ...


@pytest.fixture
def second(site: Site) -> Iterator[Runner]:
    """Another replica on the same broker and the same store, which has read them."""
    runner = Runner(site.settings, MemoryBus(site.broker), site.store, Deaf(), site.clock)
    runner.start()

    def ready() -> bool:
        runner.loop.step(0.01)
        return runner.board.ready

    eventually(ready, every=0)
    yield runner
    runner.close()


def board(site: Site, runner: Runner) -> Board:
    """After all that has arrived and the time in which changes are collected."""
    for _ in range(2):
        while not runner.loop._events.empty() or runner.loop._due():
            runner.loop.step(0.001)
        site.wait(0.3)
    return runner.board


def test_nothing_of_it_is_left_and_other_replicas_drop_it_too(site: Site, second: Runner) -> None:
    site.result("cam", 1)
    for key in (shown_key("cam", 1.0), trouble_key("production", "cam")):
        site.store.put(key, b"x")
    site.publish(site.topics.device_status("cam"), device_status("cam"), retain=True)
    site.publish(site.topics.trouble("production", "cam"), trouble("cam", 1, site.clock.wall()), retain=True)
    site.runner.tell(SetDevice("cam", DeviceSettings(name="Gate"), "ada", now(site)))
    site.wait(0.3)
    assert board(site, second).entries["cam"].name == "Gate"
    assert second.board.tag == site.runner.board.tag
    site.wait(1)
    site.runner.tell(ForgetDevice("cam", "ada", now(site)))
    site.until(lambda: not site.store.list(shown_key("cam")))
    assert not board(site, second).entries
    assert not site.runner.board.entries
    assert not [topic for topic in site.broker.retained if "cam" in topic]
    assert not [info.key for info in site.store.list("") if "cam" in info.key]


def test_its_pictures_are_found_behind_many_of_devices_whose_names_begin_alike() -> None:
    store = MemoryStore()
    others = {shown_key(f"cam-{1000 + number}", 1.0) for number in range(1200)}
    for key in (*others, shown_key("cam", 1.0)):
        store.put(key, b"x")
    assert Eraser(store, ()).erase(Erase("cam", "ada")) == Erased("cam")
    assert {info.key for info in store.list("", limit=2000)} == others


def now(site: Site) -> Moment:
    return Moment(site.clock.wall(), site.clock.monotonic())


def test_settings_reach_the_agent(site: Site) -> None:
    site.result("cam", 1)
    site.runner.tell(SetDevice("cam", DeviceSettings(interval=2), "ada", now(site)))
    site.wait(0.3)
    desired = site.runner.board.entries["cam"].desired
    assert desired
    assert site.broker.retained[site.topics.device_config("cam")] == encode(desired)
