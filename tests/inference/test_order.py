"""Under policy `latest` the results of a device do not go back in time, whoever is slow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Finished
from common.wire.names import ObjectPath
from inference.batches import Stage
from inference.collect import Policy
from inference.events import (
    Analyse,
    Analysed,
    Crashed,
    Delete,
    Drop,
    Effect,
    Event,
    Failed,
    Fetched,
    Keep,
    Publish,
    Published,
    Said,
    Say,
    Seen,
    SetAside,
    Settled,
    Show,
    Shown,
    Tick,
)
from inference.leases import Leases
from inference.order import Order, Taken
from inference.timing import Timing
from inference.worker import Worker
from tests.inference.test_settling import ME, RIVAL, TIMING, online


def taken(at: float, sequence: int | None = None, born: float = 0.0, device: str = "cam") -> Taken:
    return Taken(f"captures/{device}/{at}", device, at, sequence, born)


@pytest.mark.parametrize(
    ("answered", "other", "overtaken"),
    [
        pytest.param(taken(5), taken(4), True, id="older"),
        pytest.param(taken(5), taken(6), False, id="later"),
        pytest.param(taken(5), taken(5), False, id="the same"),
        pytest.param(taken(5), taken(4, device="other"), False, id="of another device"),
        pytest.param(taken(5, sequence=7), taken(4, sequence=6), True, id="older, and so is its number"),
        pytest.param(taken(5, sequence=7), taken(4, sequence=8), False, id="the clock was set back"),
        pytest.param(taken(5), taken(4, sequence=8), True, id="nobody heard the number"),
        pytest.param(taken(5), taken(4, born=110), True, id="heard of soon after the result"),
        pytest.param(taken(5), taken(4, born=110.1), False, id="perhaps the clock was set back"),
    ],
)
def test_what_is_overtaken(answered: Taken, other: Taken, overtaken: bool) -> None:  # noqa: FBT001
    order = Order()
    assert not order.is_overtaken(other)
    order.answered(answered, now=100)
    assert order.is_overtaken(other) == overtaken
    assert order.ours_after(other) is None
    assert order.published(answered)
    assert order.ours_after(other) == (answered.key if overtaken else None)


def test_the_latest_result_counts_in_whatever_order_they_are_heard_of() -> None:
    order = Order()
    for at in (5, 3, 4):
        order.answered(taken(at), now=100)
    assert order.is_overtaken(taken(4.5))
    assert not order.published(taken(4)), "nobody needs to hear of it"


def test_hearing_of_a_result_again_does_not_make_it_younger() -> None:
    """Else one whose clock was set back would be deleted for as long as somebody speaks of the other."""
    order = Order()
    for now in (100, 109):
        order.answered(taken(5), now)
    assert not order.is_overtaken(taken(4, born=111))


def test_after_a_clock_was_set_back_order_goes_on_from_there() -> None:
    order = Order()
    order.answered(taken(1000), now=0)
    order.answered(taken(5, born=20), now=20)
    assert order.is_overtaken(taken(4, born=20))
    assert not order.is_overtaken(taken(6, born=21))


def test_of_many_devices_those_last_heard_of_are_remembered() -> None:
    order = Order(memory=2)
    for device in ("a", "b", "a", "c"):
        order.answered(taken(5, device=device), now=0)
    assert len(order) == 2
    assert [order.is_overtaken(taken(4, device=device)) for device in "abc"] == [True, False, True]


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["a/1", "a/2", "a/3", "b/2", "2"]), st.floats(0, 1)),
    )
)
def test_leases_are_what_looking_at_all_would_tell(steps: list[tuple[bool, str, float]]) -> None:
    leases, plain, now = Leases(0.5), dict[str, float](), 0.0
    for heard, key, later in steps:
        now += later
        if heard:
            leases.heard_of(key, now)
            plain[key] = now + 0.5
        else:
            leases.end(key)
            plain.pop(key, None)
        assert len(leases) == len(plain)
        assert leases.deadline() == min(plain.values(), default=None)
        assert sorted(leases.ended(now)) == sorted(key for key, at in plain.items() if at <= now)
        assert leases.has_before("a/2") == ("a/1" in plain)
    for key in plain:
        leases.end(key)
    assert not leases._folders


def picture(number: int) -> Capture:
    """The device's picture of second `number`."""
    at = 1_700_000_000.0 + number
    path = ObjectPath("bucket", capture_key("cam", at, "0" * 32))
    return Capture(device_id="cam", file_path=path, creation_timestamp=at, sequence=number)


OLD, LATER = picture(1), picture(2)
K, L = OLD.file_path.key, LATER.file_path.key
ANSWERED = Said(Finished(worker=RIVAL, captures=(L,), answered=1))
SUPERSEDED = [Delete((K,), "superseded"), Drop(K)]
PATH: dict[Stage, list[Event]] = {
    Stage.FETCHED: [Fetched(K)],
    Stage.SHOWING: [Fetched(K), Analysed((K,))],
    Stage.PUBLISHING: [Fetched(K), Analysed((K,)), Shown(K)],
}


def at_work(*events: Event, timing: Timing = TIMING) -> Worker:
    """On the old picture, which it holds, since second 1."""
    worker = online(timing)
    worker.handle(Seen(OLD, 0), 1)
    for event in (Tick(), *events):
        worker.handle(event, 1)
    return worker


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        pytest.param([], Fetched(K), id="while it is fetched"),
        pytest.param(PATH[Stage.FETCHED], Analysed((K,)), id="while the model is at work"),
        pytest.param(PATH[Stage.FETCHED], Crashed((K,), "?"), id="while the model crashes on it"),
        pytest.param(PATH[Stage.SHOWING], Shown(K), id="while it is drawn"),
        pytest.param([Failed(K, "?")], Tick(), id="while a fetch waits to be tried again"),
        pytest.param([*PATH[Stage.SHOWING], Failed(K, "?")], Tick(), id="while showing waits"),
        pytest.param([*PATH[Stage.PUBLISHING], Failed(K, "?")], Tick(), id="while publishing waits"),
    ],
)
def test_what_is_overtaken_takes_no_further_step(before: list[Event], outcome: Event) -> None:
    worker = at_work(*before)
    effects = [*worker.handle(ANSWERED, 2), *worker.handle(outcome, 2)]
    assert effects == [*SUPERSEDED, Say(Finished(worker=ME, captures=(K,)))]
    assert worker.remembered == 0


def test_what_waits_for_the_model_is_given_up_at_once() -> None:
    other = Capture(device_id="b", file_path=ObjectPath("bucket", "other"), creation_timestamp=1)
    second = other.model_copy(update={"device_id": "c", "file_path": ObjectPath("bucket", "second")})
    worker = online(replace(TIMING, max_wait=1, max_batch=3, room=1))
    for capture in (other, second, OLD):
        worker.handle(Seen(capture, 0), 1)
    effects = [e for event in (Tick(), Tick()) for e in worker.handle(event, 2)]
    assert worker.load == 3
    for key in ("other", "second", K):
        effects += worker.handle(Fetched(key), 2)
    assert [e for e in effects if isinstance(e, Analyse)] == [Analyse(("other",)), Analyse(("second",))]
    worker.handle(ANSWERED, 2)
    assert worker.handle(Analysed(("other",)), 2) == [Show("other", other), *SUPERSEDED]


@pytest.mark.parametrize(
    ("heard", "goes_on"),
    [
        pytest.param(Said(Finished(worker=RIVAL, captures=(L,))), True, id="a later one is gone unanswered"),
        pytest.param(
            Said(Finished(worker=RIVAL, captures=(picture(0).file_path.key, L), answered=1)),
            True,
            id="only the first is answered",
        ),
        pytest.param(Said(Claim(worker=RIVAL, captures=((L, 0),))), True, id="a later one is claimed"),
        pytest.param(ANSWERED, False, id="a later one is answered"),
    ],
)
@pytest.mark.parametrize("policy", ["latest", "every"])
def test_only_a_later_result_overtakes_and_under_policy_every_nothing_does(
    heard: Said,
    goes_on: bool,  # noqa: FBT001
    policy: Policy,
) -> None:
    worker = at_work(*PATH[Stage.SHOWING], timing=replace(TIMING, policy=policy))
    worker.handle(heard, 2)
    publishes = Publish(K, OLD, 0) in worker.handle(Shown(K), 2)
    assert publishes == (goes_on or policy == "every")


def test_one_that_the_model_crashed_on_twice_is_set_aside_all_the_same() -> None:
    worker = at_work(*PATH[Stage.FETCHED], Crashed((K,), "?"), Crashed((K,), "?"), Failed(K, "full"))
    worker.handle(ANSWERED, 1)
    assert worker.handle(Tick(), 2) == [SetAside(K, OLD, "?")]


def test_what_waits_is_claimed_to_be_deleted_unseen() -> None:
    worker = online()
    worker.handle(ANSWERED, 1)
    effects = [*worker.handle(Seen(OLD, 0), 1), *worker.handle(Tick(), 1)]
    assert Say(Claim(worker=ME, captures=((K, 0),))) in effects
    assert Delete((K,), "superseded") in effects
    assert Say(Finished(worker=ME, captures=(K,))) in effects
    assert worker.remembered == 0


def published(worker: Worker, now: float) -> list[Effect]:
    """Of the later picture, from its announcement on; it belongs to a batch with another one."""
    other = Capture(device_id="other", file_path=ObjectPath("bucket", "other"), creation_timestamp=1)
    worker.handle(Seen(other, 0), now)
    worker.handle(Seen(LATER, 0), now)
    for event in (Tick(), Tick(), Fetched(L), Analysed((L,)), Shown(L)):
        worker.handle(event, now + 1)
    return worker.handle(Published(L), now + 1)


ANSWER = Say(Finished(worker=ME, captures=(L,), answered=1))
RIVAL_CLAIMS = Said(Claim(worker=RIVAL, captures=((K, 0),)))
TOGETHER = replace(TIMING, max_wait=0.5, max_batch=9, room=1)


@pytest.mark.parametrize("policy", ["latest", "every"])
def test_who_owns_an_older_one_is_told_when_the_broker_has_the_result(policy: Policy) -> None:
    """Before the batch is done."""
    worker = online(replace(TOGETHER, policy=policy))
    worker.handle(RIVAL_CLAIMS, 1)
    effects = published(worker, 1)
    assert worker.load == 2
    assert (ANSWER in effects) == (policy == "latest")


def test_who_claims_an_older_one_afterwards_is_told_too() -> None:
    worker = online(TOGETHER)
    assert ANSWER not in published(worker, 1)
    worker.handle(Seen(OLD, 0), 2)
    assert worker.handle(RIVAL_CLAIMS, 3) == [ANSWER]
    assert worker.handle(Said(Claim(worker=RIVAL, captures=((picture(3).file_path.key, 0),))), 3) == []


def test_a_batch_says_of_which_captures_there_are_results() -> None:
    """First those; and once more of one that was told before."""
    worker = online(TOGETHER)
    worker.handle(Seen(picture(0), 0), 1)
    worker.handle(RIVAL_CLAIMS, 1)
    published(worker, 1)
    worker.handle(Fetched("other"), 2)
    for event in (Settled(L), Analysed(("other",)), Shown("other"), Published("other")):
        worker.handle(event, 2)
    effects = worker.handle(Settled("other"), 2)
    captures = (L, "other", picture(0).file_path.key)
    assert Say(Finished(worker=ME, captures=captures, answered=2)) in effects


def test_what_is_kept_in_the_store_does_not_go_back_either() -> None:
    worker = at_work(*PATH[Stage.PUBLISHING])
    worker.handle(ANSWERED, 1)
    assert not any(isinstance(effect, Keep) for effect in worker.handle(Published(K), 1))
