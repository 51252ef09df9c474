"""What the ownership protocol promises, in simulated worlds."""

import os
import subprocess
import sys
from collections.abc import Iterable
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from common.wire.messages import Capture, Claim, Model
from common.wire.names import ObjectPath
from inference.events import Said, Seen
from inference.identity import Identity
from inference.peers import TURNS
from inference.timing import Timing
from inference.worker import Worker
from tests.inference.weather import Order, Weather
from tests.inference.world import World

WORLDS = os.environ.get("HEADWAY_WORLDS")
"""How many worlds, and no search for simpler ones: for `make mutate` and `make test-all`. Else 25."""
SEEDS = st.integers(0, 2**32)
ORDERS = st.sampled_from(["all", "publisher", "none"])
simulation = settings(
    max_examples=int(WORLDS or 25),
    phases=[Phase.generate] if WORLDS else list(Phase),
    suppress_health_check=list(HealthCheck),
)

Trouble = tuple[str, float, int, float]
"""What happens, when, to which worker, for how long."""
TROUBLES = st.lists(
    st.tuples(
        st.sampled_from(["crash", "crash unheard", "cut", "freeze"]),
        st.floats(0.3, 9),
        st.integers(0, 7),
        st.floats(0.1, 25),
    ),
    max_size=8,
)


def feed(
    world: World, devices: int, seconds: float, period: float = 1.0, *, times: int = 1, late: float = 0.0
) -> list[str]:
    """Each device takes a picture every `period` seconds for a while."""
    keys: list[str] = []

    def take(device: str) -> None:
        keys.append(world.capture(device, times=times, late=late))

    for device in range(devices):
        for n in range(int(seconds / period)):
            at = 0.5 + n * period + 0.13 * device
            world.at(at, partial(take, f"cam-{device}"))
    return keys


def cause(world: World, troubles: Iterable[Trouble]) -> None:
    """Whoever crashes comes back."""
    for kind, at, number, seconds in troubles:
        name = f"w{number % world.workers}"
        if kind == "cut":
            world.at(at, partial(world.cut, name, seconds))
        elif kind == "freeze":
            world.at(at, partial(world.freeze, name, seconds))
        else:
            will = kind == "crash"
            world.at(at, partial(world.crash, name, will=will))
            world.at(at + seconds, partial(world.start, name))


def quiet(world: World, keys: list[str]) -> None:
    """In the end nothing is owed or remembered, and a consumer has seen all that was not superseded."""
    for key in keys:
        assert world.results[key] or key in world.superseded, f"{key} was never looked at"
        assert bool(world.results[key]) == (key in world.accepted)
    assert not world.stored
    assert not world.noted
    for process in world.alive():
        assert (process.core.load, process.core.waiting, process.core.remembered) == (0, 0, 0), process.name


def superseded_by_a_later_one(world: World, keys: list[str]) -> None:
    """Nobody threw away the last picture of a device."""
    last = {key.split("/")[1]: key for key in sorted(keys)}
    assert not set(last.values()) & world.superseded


def double_work(world: World) -> float:
    """How often the model looked again, for each capture it looked at."""
    return sum(world.analysed.values()) / len(world.analysed) - 1


@simulation
@given(SEEDS, st.integers(1, 8), st.integers(1, 6), ORDERS, st.floats(0, 0.0149), st.integers(1, 3))
def test_a_prompt_broker_has_each_capture_analysed_exactly_once(
    seed: int, workers: int, devices: int, order: Order, delay: float, times: int
) -> None:
    """Prompt: twice the delay is under the settle time. Whether it orders does not matter."""
    world = World(seed, workers, weather=Weather(delay, order=order))
    keys = feed(world, devices, 5, times=times, late=4)
    world.run(120)
    quiet(world, keys)
    superseded_by_a_later_one(world, keys)
    assert set(world.analysed.values()) == set(world.delivered.values()) == {1}


@simulation
@given(
    SEEDS,
    st.integers(1, 8),
    st.builds(Weather, st.floats(0, 3), st.floats(0, 0.4), st.floats(0, 0.3), ORDERS, st.just(30.0)),
    st.floats(0, 100),
    TROUBLES,
)
def test_in_any_weather_and_trouble_every_capture_is_looked_at_in_the_end(
    seed: int, workers: int, weather: Weather, skew: float, troubles: list[Trouble]
) -> None:
    """Lost and late and repeated messages, skewed clocks, and workers that crash, freeze, or are cut off."""
    world = World(seed, workers, weather=weather, skew=skew)
    keys = feed(world, 3, 10, times=2, late=20)
    cause(world, troubles)
    world.run(300)
    quiet(world, keys)
    superseded_by_a_later_one(world, keys)


@simulation
@given(SEEDS, st.integers(2, 8), st.booleans(), st.lists(st.floats(0.6, 8), min_size=1, max_size=6), ORDERS)
def test_survivors_take_over_within_one_lease(
    seed: int,
    workers: int,
    will: bool,  # noqa: FBT001 -- hypothesis gives by position
    crashes: list[float],
    order: Order,
) -> None:
    """And at once where the broker says that the owner is gone."""
    timing = Timing(max_batch=2)
    world = World(seed, workers, weather=Weather(order=order), timing=timing, work=0.3)
    keys = feed(world, 2, 10)
    for number, at in enumerate(crashes[: workers - 1]):
        world.at(at, partial(world.crash, f"w{number}", will=will))
    world.run(200)
    quiet(world, keys)
    allowed = (
        timing.settle + TURNS * timing.patience + timing.max_wait + 0.01 + (0.0 if will else timing.lease)
    )
    assert max(world.takeovers, default=0.0) <= allowed


@simulation
@given(SEEDS, st.integers(1, 8), st.floats(0.3, 5), st.floats(0.1, 60))
def test_all_workers_may_die_at_once(seed: int, workers: int, at: float, pause: float) -> None:
    world = World(seed, workers)
    keys = feed(world, 3, 8)
    cause(world, [("crash", at, number, pause) for number in range(workers)])
    world.run(200)
    quiet(world, keys)


@simulation
@given(SEEDS, st.integers(1, 4), st.integers(1, 40))
def test_what_arrived_while_all_were_down_is_found(seed: int, workers: int, captures: int) -> None:
    world = World(seed, workers)
    keys = [world.capture(f"cam-{n % 3}", announce=False) for n in range(captures)]
    world.run(200)
    quiet(world, keys)


def test_overload_costs_age_and_never_backlog() -> None:
    world = World(7, 1, work=0.4)
    keys = feed(world, 5, 60, period=0.2)
    world.run(50)
    assert next(world.alive()).core.waiting <= 5 * 50
    assert len(world.results) >= 50 / 0.4 * 0.5 * 0.8
    world.run(300)
    quiet(world, keys)


def work_in(weather: Weather, work: float, troubles: Iterable[Trouble] = ()) -> float:
    """Work done again, of all work; over eight worlds of four workers and four devices."""
    extra = analysed = 0
    for seed in range(8):
        world = World(seed, 4, weather=weather, work=work)
        feed(world, 4, 15)
        cause(world, troubles)
        world.run(60)
        extra += sum(world.analysed.values()) - len(world.analysed)
        analysed += len(world.analysed)
    return extra / analysed


@pytest.mark.parametrize(
    ("weather", "work", "troubles", "bound"),
    [
        pytest.param(Weather(0.1, order="publisher"), 0.5, [], 0.005, id="five times slower than promised"),
        pytest.param(Weather(0.2, order="publisher"), 0.5, [], 0.05, id="ten times slower"),
        pytest.param(Weather(0.5, order="publisher"), 0.05, [], 0.2, id="half a second"),
        pytest.param(Weather(loss=0.1), 0.05, [], 0.012, id="one in ten is lost"),
        pytest.param(Weather(loss=0.4), 0.05, [], 0.25, id="two in five are lost"),
        pytest.param(Weather(repeat=0.3), 0.5, [], 0.0, id="repeats"),
        pytest.param(Weather(3, 0.4, 0.3, "none"), 0.05, [], 1.0, id="all at once"),
        pytest.param(
            Weather(), 0.5, [("cut", 2.0 + 3 * n, n, 4.0) for n in range(4)], 0.03, id="workers cut off"
        ),
        pytest.param(
            Weather(), 0.5, [("freeze", 2.0 + 3 * n, n, 8.0) for n in range(4)], 0.04, id="workers frozen"
        ),
        pytest.param(
            Weather(0.2, order="publisher"),
            0.5,
            [("freeze", 2.0 + 2 * n, n, 7.0) for n in range(4)],
            0.025,
            id="slow, and workers frozen",
        ),
    ],
)
def test_bad_weather_costs_little_double_work(
    weather: Weather, work: float, troubles: list[Trouble], bound: float
) -> None:
    measured = work_in(weather, work, troubles)
    assert measured <= bound, f"{measured:.4f}"


def test_floods_of_claims_and_announcements_fill_bounded_memory() -> None:
    """What is pushed out is left to the sweep: it is taken up when it is seen again."""
    me = Identity("w0", "s", "production", "bucket", Model(name="m", digest="d"), "light")
    core = Worker(me)
    keys = [f"captures/cam-{n}/20260101T000000000000Z-{n:032x}.jpg" for n in range(52_000)]
    seen = [
        Seen(Capture(device_id=f"cam-{n}", file_path=ObjectPath("bucket", key), creation_timestamp=n), n)
        for n, key in enumerate(keys)
    ]
    for event in seen:
        core.handle(event, 0)
    assert core.waiting == core.remembered == 50_000
    for start in range(0, 25_000, 100):
        claim = Claim(worker="w1", captures=tuple((key, 0) for key in keys[-1 - start : -101 - start : -1]))
        core.handle(Said(claim), 1)
    assert core.waiting == 25_000
    assert core.remembered == 25_000 + 2 * 20_000
    core.handle(seen[-1], 2)
    assert core.waiting == 25_001


STORY = """
from tests.inference.test_ownership import feed
from tests.inference.weather import Weather
from tests.inference.world import World
world = World({seed}, 3, weather=Weather(0.5, 0.2, 0.2, "publisher", 10), told=True)
feed(world, 2, 4)
world.run(60)
print(world.story)
"""


def test_the_same_seed_tells_the_same_story() -> None:
    """Also in another process, where strings have other hashes."""

    def told(seed: int, hashes: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hashes}
        command = [sys.executable, "-c", STORY.format(seed=seed)]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    assert told(7, "1") == told(7, "2") != told(8, "1")


def test_a_batch_costs_two_messages() -> None:
    world = World(1, 4)
    keys = feed(world, 1, 20)
    world.run(40)
    assert world.messages["Claim"] == world.messages["Finished"] == len(keys)
    assert not world.messages["Renewal"]
