"""A capture that another worker wins while it is at work here, and a store that is away meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from common.wire.messages import Claim, Renewal
from inference.events import (
    Analysed,
    Drop,
    Effect,
    Event,
    Failed,
    Fetch,
    Fetched,
    Peer,
    Published,
    Said,
    Say,
    Settled,
    Show,
    Shown,
    Tick,
)
from inference.worker import Worker
from tests.inference.test_ownership import ORDERS, SEEDS, TROUBLES, Trouble, cause, feed, quiet, simulation
from tests.inference.test_settling import CAPTURE, GONE, KEY, MINE, RIVAL, claimed
from tests.inference.weather import Order, Weather
from tests.inference.world import World


def steps(worker: Worker, start: float, *events: Event) -> list[Effect]:
    """One a second."""
    return [effect for n, event in enumerate(events) for effect in worker.handle(event, start + n)]


def test_a_capture_past_the_model_is_not_claimed_again_when_it_is_free_again() -> None:
    """Two jobs of one capture would be one that never ends."""
    worker, _ = claimed()
    shown = steps(worker, 2, Said(MINE), Fetched(KEY), Analysed((KEY,)), Failed(KEY, "the store is away"))
    assert Show(KEY, CAPTURE) in shown
    taken = Renewal(worker=RIVAL, captures=((KEY, 1),))
    effects = steps(worker, 20, Said(taken), Peer(GONE), Tick(), Tick())
    assert Fetch(KEY) not in effects
    assert not any(isinstance(effect, Say) and isinstance(effect.message, Claim) for effect in effects)
    ended = steps(worker, 30, Shown(KEY), Published(KEY), Settled(KEY))
    assert Drop(KEY) in ended
    assert worker.load == worker.remembered == 0


@simulation
@given(SEEDS, st.integers(2, 6), ORDERS, st.floats(0.5, 8), st.floats(1, 40), TROUBLES)
def test_a_store_that_is_away_costs_time_only(
    seed: int, workers: int, order: Order, start: float, seconds: float, troubles: list[Trouble]
) -> None:
    world = World(seed, workers, weather=Weather(order=order), away=(start, start + seconds))
    keys = feed(world, 3, 10)
    cause(world, troubles)
    world.run(300)
    quiet(world, keys)
