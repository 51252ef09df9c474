"""What the ownership protocol promises, in simulated worlds."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.inference.world import Weather, World

SEEDS = st.integers(0, 2**32)
simulation = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def feed(world: World, devices: int, seconds: float, period: float = 1.0) -> list[str]:
    """Each device takes a picture every `period` seconds for a while."""
    keys: list[str] = []
    for device in range(devices):
        for n in range(int(seconds / period)):
            at = 0.5 + n * period + 0.13 * device
            world.at(at, lambda device=device: keys.append(world.capture(f"cam-{device}")))
    return keys


def quiet(world: World, keys: list[str]) -> None:
    """In the end nothing is owed: every capture was analysed or superseded, and no worker is at work."""
    for key in keys:
        assert world.results[key] or key in world.superseded, f"{key} was never looked at"
    assert not world.stored
    for process in world.running.values():
        if process.alive:
            assert process.core.load == 0
            assert process.core.waiting == 0


@simulation
@given(SEEDS, st.integers(1, 8), st.integers(1, 6))
def test_a_prompt_bus_has_each_capture_analysed_exactly_once(seed: int, workers: int, devices: int) -> None:
    world = World(seed, workers)
    keys = feed(world, devices, 5)
    world.run(120)
    quiet(world, keys)
    assert set(world.analysed.values()) <= {1}


@simulation
@given(SEEDS, st.integers(1, 8), st.floats(0, 3), st.floats(0, 0.4), st.floats(0, 0.3))
def test_on_any_bus_every_capture_is_looked_at_in_the_end(
    seed: int, workers: int, delay: float, loss: float, repeat: float
) -> None:
    world = World(seed, workers, Weather(delay, loss, repeat, until=30))
    keys = feed(world, 3, 10)
    world.run(200)
    quiet(world, keys)


@simulation
@given(
    SEEDS,
    st.integers(2, 6),
    st.lists(st.tuples(st.floats(0.6, 8), st.integers(0, 5), st.booleans()), max_size=6),
)
def test_survivors_take_over(seed: int, workers: int, crashes: list[tuple[float, int, bool]]) -> None:
    world = World(seed, workers)
    keys = feed(world, 4, 6)
    for at, number, back in crashes:
        name = f"w{number % (workers - 1)}"
        world.at(at, lambda name=name: world.crash(name))
        if back:
            world.at(at + 2, lambda name=name: world.start(name))
    world.run(200)
    quiet(world, keys)


@simulation
@given(SEEDS, st.lists(st.tuples(st.floats(0.6, 6), st.integers(0, 2), st.floats(0.1, 20)), max_size=5))
def test_a_worker_that_was_cut_off_gives_way(seed: int, cuts: list[tuple[float, int, float]]) -> None:
    world = World(seed, 3)
    keys = feed(world, 4, 6)
    for at, number, seconds in cuts:
        world.at(at, lambda number=number, seconds=seconds: world.cut(f"w{number}", seconds))
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
    waiting = next(iter(world.running.values())).core.waiting
    assert waiting <= 5 * 50
    assert len(world.results) >= 50 / 0.4 * 0.5 * 0.8
    world.run(300)
    quiet(world, keys)


@simulation
@given(SEEDS)
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    stories = []
    for _ in range(2):
        world = World(seed, 3, Weather(0.5, 0.2, 0.2, until=10))
        feed(world, 2, 4)
        world.run(60)
        stories.append(world.story)
    assert stories[0] == stories[1]


def test_a_batch_costs_two_messages() -> None:
    world = World(1, 4)
    keys = feed(world, 1, 20)
    world.run(40)
    assert world.messages / len(keys) == 2.0
