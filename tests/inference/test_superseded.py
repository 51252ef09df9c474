"""What is older than the latest capture of its device is deleted only when that is known to be a picture."""

from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Finished, Renewal
from common.wire.names import ObjectPath
from inference.events import (
    Absent,
    Analysed,
    Delete,
    Drop,
    Effect,
    Event,
    Failed,
    Fetch,
    Fetched,
    Hopeless,
    Missing,
    Peer,
    Publish,
    Published,
    Said,
    Say,
    Seen,
    Settled,
    Shown,
    Tick,
)
from inference.timing import Timing
from inference.worker import Worker
from tests.inference.test_ownership import (
    SEEDS,
    TROUBLES,
    Trouble,
    cause,
    simulation,
    superseded_by_a_later_one,
)
from tests.inference.test_settling import ME, RIVAL, RIVALS, TIMING, online
from tests.inference.weather import Weather
from tests.inference.world import World

WAIT = replace(TIMING, max_wait=0.5)


def picture(number: int) -> Capture:
    at = 1_700_000_000.0 + number
    path = ObjectPath("bucket", capture_key("cam", at, "0" * 32))
    return Capture(device_id="cam", file_path=path, creation_timestamp=at, sequence=number)


A, B, C = (picture(number).file_path.key for number in range(3))


def holding(timing: Timing = WAIT) -> Worker:
    """The latest of three pictures of a device, and the right to delete the others."""
    worker = online(timing)
    for number in range(3):
        worker.handle(Seen(picture(number), 0), 1)
    worker.handle(Tick(), 2)
    worker.handle(Tick(), 2)
    return worker


def run(worker: Worker, now: float, *events: Event) -> list[Effect]:
    return [effect for event in events for effect in worker.handle(event, now)]


def published(worker: Worker, key: str, now: float) -> list[Effect]:
    return run(worker, now, Fetched(key), Analysed((key,)), Shown(key), Published(key), Settled(key))


def test_it_is_deleted_when_the_latest_is_fetched() -> None:
    worker = holding()
    assert not any(isinstance(effect, Delete) for effect in worker.handle(Tick(), 2))
    assert Delete((B, A), "superseded") in worker.handle(Fetched(C), 2)
    assert Say(Finished(worker=ME, captures=(C, B, A), answered=1)) in published(worker, C, 2)
    assert worker.remembered == 0


def test_a_bad_one_is_deleted_and_the_next_takes_its_place() -> None:
    worker = holding()
    effects = worker.handle(Hopeless(C, "bad picture"), 2)
    assert effects == [Delete((C,), "bad picture"), Drop(C), Fetch(B)]
    effects = published(worker, B, 2)
    assert Publish(B, picture(1), 0) in effects
    assert Delete((A,), "superseded") in effects
    assert Say(Finished(worker=ME, captures=(B, C, A), answered=1)) in effects


def test_where_one_never_comes_the_next_takes_its_place_and_of_those_each_is_asked_for_once() -> None:
    worker = holding()
    for now in (2.0, 2.5):
        assert worker.handle(Missing(C), now) == []
        worker.handle(Tick(), now + 1)
    assert worker.handle(Missing(C), 3.9) == [Absent(C), Drop(C), Fetch(B)]
    assert worker.handle(Missing(B), 3.9) == [Absent(B), Drop(B), Fetch(A)]
    effects = published(worker, A, 4)
    assert Publish(A, picture(0), 0) in effects
    assert Say(Finished(worker=ME, captures=(A, C, B), answered=1, missing=2)) in effects
    assert worker.remembered == 0


def test_where_the_store_cannot_give_one_the_others_wait_with_it() -> None:
    worker = holding()
    for now in (2.0, 2.5):
        worker.handle(Failed(C, "?"), now)
        worker.handle(Tick(), now + 1)
    assert worker.handle(Failed(C, "?"), 3.9) == [Drop(C)]
    assert (worker.load, worker.waiting, worker.remembered) == (0, 0, 6)
    effects = [*worker.handle(Tick(), 15), *worker.handle(Tick(), 16)]
    assert Say(Claim(worker=ME, captures=((C, 1), (B, 1), (A, 1)))) in effects


def test_where_another_worker_wins_the_latest_the_others_are_deleted_with_the_decision() -> None:
    """Analysed here, an older one could be published after the later one."""
    worker = online(WAIT)
    worker.handle(Peer(RIVALS), 0)
    for number in range(3):
        worker.handle(Seen(picture(number), 0), 1)
    worker.handle(Tick(), 2)
    assert worker.handle(Said(Renewal(worker=RIVAL, captures=((C, 5),))), 2) == [Drop(C)]
    assert Delete((B, A), "superseded") in worker.handle(Tick(), 2.5)


def test_what_a_result_has_overtaken_goes_together() -> None:
    worker = holding()
    later = picture(9).file_path.key
    worker.handle(Said(Finished(worker=RIVAL, captures=(later,), answered=1)), 2)
    effects = worker.handle(Fetched(C), 2)
    assert effects[:2] == [Delete((C, B, A), "superseded"), Drop(C)]
    assert worker.remembered == 0


@simulation
@given(
    SEEDS,
    st.integers(1, 5),
    st.builds(Weather, st.floats(0, 1), st.floats(0, 0.3), st.floats(0, 0.3), until=st.just(30.0)),
    st.lists(st.sampled_from(["good", "torn", "late", "never"]), min_size=8, max_size=30),
    TROUBLES,
)
def test_pictures_that_are_torn_or_late_or_never_come_cost_no_good_one(
    seed: int, workers: int, weather: Weather, kinds: list[str], troubles: list[Trouble]
) -> None:
    world = World(seed, workers, weather=weather)
    keys: dict[str, list[str]] = {kind: [] for kind in ("good", "torn", "late", "never")}

    def take(kind: str, device: str) -> None:
        key = world.capture(device)
        keys[kind].append(key)
        made, _ = world.stored[key]
        if kind == "torn":
            world.torn.add(key)
        elif kind != "good":
            del world.stored[key]
        if kind == "late":
            seconds = world.chance.uniform(0, 20)
            world.at(world.now + seconds, lambda: world.stored.update({key: (made, world.now)}))

    for number, kind in enumerate(kinds):
        world.at(0.5 + 0.3 * number, partial(take, kind, f"cam-{number % 3}"))
    cause(world, troubles)
    world.run(300)
    wanted = [*keys["good"], *keys["late"]]
    for key in wanted:
        assert world.results[key] or key in world.superseded, f"{key} was never looked at"
    superseded_by_a_later_one(world, wanted)
    assert not world.stored
    for process in world.alive():
        assert (process.core.load, process.core.waiting, process.core.remembered) == (0, 0, 0), process.name
