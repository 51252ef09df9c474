"""Who listens to what, and what hand-over loses: nothing."""

from collections import Counter
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.wire.keys import parse_capture_key
from common.wire.messages import WorkerStatus
from inference.events import Effect, Ignore, Listen, NotHeard, Online
from inference.listening import EVERYTHING, Listening
from inference.peers import Peers
from inference.shards import ALL, LISTENERS, NONE, SHARDS, decode, encode, has, listeners, parts, shard
from inference.timing import Timing
from tests.inference.depot import EPOCH
from tests.inference.test_ownership import (
    ORDERS,
    SEEDS,
    TROUBLES,
    WORLDS,
    Trouble,
    cause,
    feed,
    quiet,
    simulation,
    superseded_by_a_later_one,
)
from tests.inference.weather import Order, Weather
from tests.inference.world import World

simulation = settings(simulation, max_examples=int(WORLDS or 15))
TIMING = Timing(share_from=3, share_devices=1, heartbeat=1.0, listen=0.1)
DEVICES = 12


def names(count: int) -> list[str]:
    return [f"host-{n}" for n in range(count)]


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 40])
def test_every_shard_has_two_listeners_and_every_worker_its_part(workers: int) -> None:
    found = listeners(names(workers))
    assert len(found) == SHARDS
    assert all(len(set(of_shard)) == min(LISTENERS, workers) for of_shard in found)
    parts = Counter(worker for of_shard in found for worker in of_shard)
    fair = SHARDS * min(LISTENERS, workers) / workers
    assert all(0.3 * fair <= parts[name] <= 2 * fair for name in names(workers))


def test_with_one_worker_less_only_its_shards_change() -> None:
    for before, after in zip(listeners(names(8)), listeners(names(7)), strict=True):
        assert set(before) - {"host-7"} <= set(after)
        assert (before == after) == ("host-7" not in before)


def test_devices_spread_over_the_shards() -> None:
    counts = Counter(shard(f"cam-{n}") for n in range(100 * SHARDS))
    assert len(counts) == SHARDS
    assert max(counts.values()) < 150


def test_the_shard_of_a_device_is_the_same_in_every_version() -> None:
    """Workers of two versions share while one is taken out of service for the other."""
    assert [shard(device) for device in ("cam-1", "cam-2", "München")] == [232, 189, 181]
    assert [number for number in range(SHARDS) if has(1 << 5 | 1 << 255, number)] == [5, 255]


@given(st.integers(0, (1 << SHARDS) - 1))
def test_shards_are_read_as_they_were_written(shards: int) -> None:
    assert decode(encode(shards)) == shards
    assert encode(ALL) is None
    assert decode(None) == ALL


@pytest.mark.parametrize("text", ["", "ff", "x" * 64, "f" * 65, "-" + "f" * 63])
def test_a_worker_whose_shards_cannot_be_read_listens_to_none(text: str) -> None:
    assert decode(text) == NONE
    assert not any(has(decode(text), n) for n in range(SHARDS))


def sharing(world: World, seconds: float) -> list[str]:
    """Devices that speak every half second."""
    return feed(world, DEVICES, seconds, period=0.5)


def times_heard(world: World, keys: list[str]) -> set[int]:
    """By how many workers."""
    by = Counter(key for _, key in world.heard)
    return {by[key] for key in keys}


def since(keys: list[str], start: float) -> list[str]:
    """Those taken from that second of the world on."""
    return [key for key in keys if (parsed := parse_capture_key(key)) and parsed.taken_at >= EPOCH + start]


@simulation
@given(SEEDS, st.integers(3, 8), ORDERS, st.booleans(), st.lists(st.floats(0.5, 8), max_size=3))
def test_shared_or_not_each_capture_is_analysed_exactly_once(
    seed: int,
    workers: int,
    order: Order,
    introduced: bool,  # noqa: FBT001 -- hypothesis gives by position
    joins: list[float],
) -> None:
    """On a prompt broker; workers that join change hands without a gap, in the end two hear each capture."""
    world = World(seed, workers, timing=TIMING, weather=Weather(order=order), introduced=introduced)
    for number, at in enumerate(joins):
        world.at(at, partial(world.start, f"late-{number}"))
    keys = sharing(world, 17)
    world.run(50)
    quiet(world, keys)
    assert set(world.analysed.values()) == set(world.delivered.values()) == {1}
    assert times_heard(world, since(keys, 15)) == {LISTENERS}
    assert min(times_heard(world, keys)) >= LISTENERS


@simulation
@given(SEEDS, st.integers(4, 8), st.lists(st.booleans(), min_size=1, max_size=3), ORDERS)
def test_when_one_worker_dies_somebody_has_heard_everything(
    seed: int, workers: int, wills: list[bool], order: Order
) -> None:
    """One after the other; without its will a worker is missed three heartbeats later."""
    world = World(seed, workers, timing=TIMING, weather=Weather(order=order), introduced=True)
    for number, will in enumerate(wills):
        world.at(7.3 + 6 * number, partial(world.crash, f"w{number}", will=will))
        world.at(7.9 + 6 * number, partial(world.start, f"new-{number}"))
    keys = sharing(world, 26)
    world.run(70)
    quiet(world, keys)
    assert min(times_heard(world, keys)) >= 1


@simulation
@given(
    SEEDS,
    st.integers(2, 8),
    st.builds(Weather, st.floats(0, 3), st.floats(0, 0.4), st.floats(0, 0.3), ORDERS, st.just(30.0)),
    st.booleans(),
    TROUBLES,
)
def test_whoever_hears_what_every_capture_is_looked_at_in_the_end(
    seed: int,
    workers: int,
    weather: Weather,
    introduced: bool,  # noqa: FBT001 -- hypothesis gives by position
    troubles: list[Trouble],
) -> None:
    world = World(seed, workers, timing=TIMING, weather=weather, introduced=introduced)
    keys = sharing(world, 12)
    cause(world, troubles)
    world.run(300)
    quiet(world, keys)
    superseded_by_a_later_one(world, keys)


@simulation
@given(SEEDS, st.integers(4, 8), st.floats(8, 12))
def test_what_nobody_heard_is_found_before_long(seed: int, workers: int, at: float) -> None:
    """All die but one, unheard: it hears its part only until it misses them, and everything after that.

    It misses them after three heartbeats, and then does not wait for the next sweep's time.
    """
    world = World(seed, workers, timing=TIMING, introduced=True)
    for number in range(1, workers):
        world.at(at, partial(world.crash, f"w{number}", will=False))
    keys = sharing(world, 30)
    world.run(at + 15)
    meanwhile = set(keys) - set(since(keys, at + 5))
    assert all(world.results[key] or key in world.superseded for key in meanwhile)
    world.run(at + 20 + TIMING.sweep)
    quiet(world, keys)
    assert times_heard(world, since(keys, at + 6)) == {1}


@pytest.mark.parametrize(
    "timing",
    [
        pytest.param(Timing(share_from=0, share_devices=1, heartbeat=1.0), id="never"),
        pytest.param(Timing(share_from=6, share_devices=1, heartbeat=1.0), id="too few workers"),
        pytest.param(Timing(share_from=3, share_devices=3, heartbeat=1.0), id="too few devices"),
    ],
)
def test_otherwise_everybody_hears_everything(timing: Timing) -> None:
    world = World(3, 5, timing=timing, introduced=True)
    keys = sharing(world, 10)
    world.run(60)
    quiet(world, keys)
    assert times_heard(world, keys) == {5}


def test_a_worker_that_may_not_listen_to_single_devices_hears_everything() -> None:
    """And the others go on sharing."""
    world = World(3, 6, timing=TIMING, introduced=True)
    keys = sharing(world, 20)
    world.at(9, lambda: world.give(world.running["w1"], NotHeard()))
    world.run(60)
    quiet(world, keys)
    assert all(world.heard["w1", key] for key in since(keys, 10))
    assert times_heard(world, since(keys, 15)) <= {LISTENERS, LISTENERS + 1}


def test_a_broker_that_is_not_made_for_many_filters_is_not_asked() -> None:
    world = World(3, 6, timing=TIMING, introduced=True)
    world.run(1)
    for process in world.alive():
        world.give(process, Online(many_filters=False))
    keys = sharing(world, 20)
    world.run(60)
    assert times_heard(world, keys) == {6}


def test_devices_are_remembered_up_to_a_bound_and_the_others_left() -> None:
    """Of its own part, the device last heard of longest ago makes room for a new one."""
    peers = Peers("w0", "production")
    for name in ("w1", "w2", "w3"):
        status = WorkerStatus(worker=name, state="online", session="s", flow="production")
        peers.hear(status.model_copy(update={"shards": encode((1 << SHARDS) - 1)}), 0)
    listening = Listening("w0", peers, workers=4, devices=1, memory=20)
    heard: set[str] = {EVERYTHING}

    def follow(effects: list[Effect]) -> None:
        for effect in effects:
            assert isinstance(effect, Listen | Ignore)
            devices = set(effect.devices)
            assert devices.isdisjoint(heard) if isinstance(effect, Listen) else devices <= heard
            heard.symmetric_difference_update(devices)

    def learn(*numbers: int) -> None:
        for number in numbers:
            follow(listening.learn(f"cam-{number}"))

    learn(*range(30))
    assert listening.review()
    follow(listening.join())
    for _ in range(4):
        follow(listening.leave())
    part = parts(listeners(["w0", "w1", "w2", "w3"]))["w0"]
    learn(*range(15, 60), 45, 46, 47, *range(60, 75))
    remembered = [f"cam-{number}" for number in (*range(58, 60), 45, 46, 47, *range(60, 75))]
    mine = {device for device in remembered if has(part, shard(device))}
    assert heard == mine
    assert 0 < len(mine) < len(remembered)
