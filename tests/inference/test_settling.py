"""When a claim is decided: after the settle time, and not before our own claim was heard."""

from dataclasses import replace

import pytest

from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Finished, Model, Renewal, WorkerStatus
from common.wire.names import ObjectPath
from inference.claim import Ballots, rank
from inference.collect import Policy
from inference.events import (
    Analysed,
    Decided,
    Delete,
    Drop,
    Effect,
    Fetched,
    Online,
    Peer,
    Publish,
    Said,
    Say,
    Seen,
    Show,
    Shown,
    Sweep,
    Swept,
    Tick,
)
from inference.identity import Identity
from inference.timing import Timing
from inference.worker import Worker

KEY = capture_key("cam", 1_700_000_000.0, "0" * 32)
CAPTURE = Capture(device_id="cam", file_path=ObjectPath("bucket", KEY), creation_timestamp=1)
ME, RIVAL = sorted(("a", "b"), key=lambda worker: rank(KEY, worker))
TIMING = Timing(max_wait=0, settle=0.03, contest=0.5)
MINE = Claim(worker=ME, captures=((KEY, 0),))
THEIRS = Claim(worker=RIVAL, captures=((KEY, 0),))
RIVALS = WorkerStatus(worker=RIVAL, state="online", session="r", flow="production")
GONE = RIVALS.model_copy(update={"state": "offline"})


def online(timing: Timing = TIMING) -> Worker:
    worker = Worker(Identity(ME, "s", "production", "bucket", Model(name="m", digest="d"), "light"), timing)
    worker.handle(Online(), 0)
    worker.handle(Swept((), None), 0)
    return worker


def beside(timing: Timing = TIMING) -> Worker:
    """A worker that knows of another one."""
    worker = online(timing)
    worker.handle(Peer(RIVALS), 0)
    return worker


def claimed(*, alone: bool = False) -> tuple[Worker, list[Effect]]:
    """At second 1, of a worker that is preferred."""
    worker = online() if alone else beside()
    effects = worker.handle(Seen(CAPTURE, 0), 1)
    return worker, [*effects, *worker.handle(Tick(), 1)]


def decided(effects: list[Effect]) -> bool:
    return any(isinstance(effect, Decided) for effect in effects)


def test_a_claim_that_comes_back_in_parts_is_decided_with_the_last() -> None:
    worker = beside(replace(TIMING, policy="every", max_wait=1, max_batch=2))
    second = capture_key("cam", 1_700_000_000.1, "0" * 32)
    captures = [CAPTURE, CAPTURE.model_copy(update={"file_path": ObjectPath("bucket", second)})]
    effects = [effect for capture in captures for effect in worker.handle(Seen(capture, 0), 1)]
    (said,) = (e.message for e in effects if isinstance(e, Say) and isinstance(e.message, Claim))
    first, last = (said.model_copy(update={"captures": (one,)}) for one in said.captures)
    assert not decided(worker.handle(Said(first), 1.1))
    assert not decided(worker.handle(Tick(), 1.2))
    assert decided(worker.handle(Said(last), 1.3))


def test_a_worker_that_is_alone_decides_at_once() -> None:
    _, effects = claimed(alone=True)
    assert Say(MINE) in effects
    assert decided(effects)


@pytest.mark.parametrize(
    ("heard", "not_yet", "at"),
    [
        pytest.param([], 1.49, 1.5, id="our claim never comes back"),
        pytest.param([(MINE, 1.01)], 1.029, 1.03, id="it comes back within the settle time"),
        pytest.param([(MINE, 1.2)], 1.0, 1.2, id="it comes back later"),
        pytest.param([(MINE, 1.01), (THEIRS, 1.02)], 1.259, 1.261, id="a rival is beaten, and may hold"),
        pytest.param([(THEIRS, 1.0), (MINE, 1.01)], 1.239, 1.24, id="the rival was first"),
    ],
)
def test_when_a_claim_is_decided(heard: list[tuple[Claim, float]], not_yet: float, at: float) -> None:
    worker, effects = claimed()
    assert not decided(effects)
    early = [(Said(message), when) for message, when in heard if when < at]
    for event, when in early:
        assert not decided(worker.handle(event, when))
    assert not decided(worker.handle(Tick(), max([not_yet, *(when for _, when in early)])))
    last: list[Effect] = []
    for message, when in heard:
        last += worker.handle(Said(message), when) if when == at else []
    assert decided([*last, *worker.handle(Tick(), at)])


def test_it_wakes_when_the_claim_can_be_decided() -> None:
    worker, _ = claimed()
    assert worker.deadline() == 1.5
    worker.handle(Said(MINE), 1.01)
    assert worker.deadline() == 1.03


def test_a_slow_broker_gives_a_rival_more_time_to_answer() -> None:
    worker, _ = claimed()
    worker.handle(Said(THEIRS), 1.1)
    worker.handle(Said(MINE), 1.11)
    assert not decided(worker.handle(Tick(), 1.599))
    assert decided(worker.handle(Tick(), 1.601))


def test_a_rival_that_holds_says_so_in_time() -> None:
    worker, _ = claimed()
    worker.handle(Said(MINE), 1.01)
    worker.handle(Said(THEIRS), 1.02)
    worker.handle(Said(Renewal(worker=RIVAL, captures=((KEY, 0),))), 1.1)
    assert worker.load == 0
    assert not decided(worker.handle(Tick(), 2))


def test_a_holder_answers_a_rival() -> None:
    worker, _ = claimed(alone=True)
    assert worker.handle(Said(THEIRS), 1.1) == [Say(Renewal(worker=ME, captures=((KEY, 0),)))]
    assert worker.load == 1


def test_a_rival_of_an_earlier_term_is_none() -> None:
    """It was freed, so whoever claimed it then is not waited for."""
    ballots = Ballots(ME, TIMING.lease)
    ballots.hear(THEIRS, now=0)
    ballots.bury(RIVAL)
    ballots.claim([KEY])
    assert ballots.hear(THEIRS, now=1).contested == ()
    assert ballots.hear(Claim(worker=RIVAL, captures=((KEY, 1),)), now=1).contested == (KEY,)


def test_what_is_found_in_the_store_although_it_is_finished_is_deleted() -> None:
    worker, _ = claimed()
    worker.handle(Said(Finished(worker=RIVAL, captures=(KEY,))), 2)
    assert worker.handle(Swept((Seen(CAPTURE, 0),), None), 3) == [Delete((KEY,), "left behind")]
    assert worker.remembered == 0
    assert worker.handle(Swept((), None), 4) == []


def test_a_store_that_did_not_answer_is_asked_again_before_long() -> None:
    worker, _ = claimed()
    worker.handle(Swept((), None), 4)
    assert Sweep("") not in worker.handle(Tick(), 10)
    worker.handle(Swept((), None, failed=True), 11)
    assert Sweep("") in worker.handle(Tick(), 16)


@pytest.mark.parametrize("policy", ["latest", "every"])
def test_a_capture_known_from_the_claim_of_one_who_died_is_taken_over(policy: Policy) -> None:
    worker = beside(replace(TIMING, policy=policy))
    worker.handle(Said(THEIRS), 1)
    effects = [*worker.handle(Peer(GONE), 2), *worker.handle(Tick(), 2)]
    assert Say(Claim(worker=ME, captures=((KEY, 1),))) in effects
    for event in (Fetched(KEY), Analysed((KEY,))):
        effects = worker.handle(event, 2)
    taken_at = 1_700_000_000.0
    named = Capture(device_id="cam", file_path=ObjectPath("bucket", KEY), creation_timestamp=taken_at)
    assert effects == [Show(KEY, named)]
    assert worker.handle(Shown(KEY), 2) == [Publish(KEY, named, taken_at)]


def test_a_key_that_names_no_device_is_forgotten_with_its_owner() -> None:
    worker = beside()
    worker.handle(Said(Claim(worker=RIVAL, captures=(("anything.jpg", 0),))), 1)
    assert worker.remembered == 1
    assert not any(isinstance(effect, Say) for effect in worker.handle(Peer(GONE), 2))
    assert worker.remembered == 0


def test_one_that_hears_everything_does_not_search_the_store_when_another_dies() -> None:
    worker = beside()
    worker.handle(Swept((), None), 4)
    worker.handle(Peer(GONE), 5)
    assert Sweep("") not in worker.handle(Tick(), 11)


def test_what_another_has_claimed_does_not_wait_here() -> None:
    worker = beside()
    worker.handle(Said(THEIRS), 1)
    assert worker.handle(Seen(CAPTURE, 0), 1) == []
    assert worker.waiting == 0


def test_what_is_lost_before_the_model_is_dropped() -> None:
    worker, _ = claimed()
    assert worker.handle(Said(Renewal(worker=RIVAL, captures=((KEY, 0),))), 1.1) == [Drop(KEY)]


def test_how_slow_the_broker_was_with_the_last_claim_counts_for_the_next() -> None:
    numbers = (capture_key("cam-2", 1_700_000_000.0, f"{n:032x}") for n in range(20))
    other = next(key for key in numbers if rank(key, ME) < rank(key, RIVAL))
    worker = beside(replace(TIMING, contest=2))
    worker.handle(Seen(CAPTURE, 0), 1)
    worker.handle(Said(MINE), 1.1)
    second = Capture(device_id="cam-2", file_path=ObjectPath("bucket", other), creation_timestamp=1)
    effects = worker.handle(Seen(second, 0), 2)
    assert Say(Claim(worker=ME, captures=((other, 0),))) in effects
    worker.handle(Said(Claim(worker=RIVAL, captures=((other, 0),))), 2)
    worker.handle(Said(Claim(worker=ME, captures=((other, 0),))), 2)
    assert not decided(worker.handle(Tick(), 2.79))
    assert decided(worker.handle(Tick(), 2.81))


def test_policy_every_sheds_what_is_too_old_and_says_how_much() -> None:
    """Old by when it came to the store: what a sweep finds may have lain there for long."""
    worker = online(replace(TIMING, policy="every", max_age=60))
    worker.handle(Tick(), 1)
    for number in (1, 2):
        key = capture_key("cam", 1_700_000_000.0 + number, "0" * 32)
        found = Capture(device_id="cam", file_path=ObjectPath("bucket", key), creation_timestamp=number)
        worker.handle(Seen(found, 0, age=61), 10)
        effects = worker.handle(Tick(), 10)
        assert Delete((key,), "shed") in effects
        assert worker.status("online").shed == number
    assert worker.remembered == 0


def test_what_is_superseded_is_not_called_shed() -> None:
    worker = online()
    worker.handle(Seen(CAPTURE, 0), 0)
    later = Capture(device_id="cam", file_path=ObjectPath("bucket", "later"), creation_timestamp=2)
    worker.handle(Seen(later, 0), 0)
    worker.handle(Tick(), 1)
    assert Delete((KEY,), "superseded") in worker.handle(Fetched("later"), 1)
    assert worker.status("online").shed == 0
