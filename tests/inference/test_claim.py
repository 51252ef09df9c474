"""The rule by which every worker judges claims, case by case."""

from collections.abc import Callable

import pytest

from common.wire.keys import capture_key
from common.wire.messages import MAX_TERM, Claim, Finished, Renewal
from inference.claim import Ballots, rank, turn

LEASE = 6.0
KEY = capture_key("cam", 1_700_000_000.0, "0" * 32)
OTHER = capture_key("cam", 1_700_000_001.0, "0" * 32)
LOW, HIGH = sorted(("a", "b"), key=lambda worker: rank(KEY, worker))


def claim(worker: str, term: int = 0) -> Claim:
    return Claim(worker=worker, captures=((KEY, term),))


def renewal(worker: str, term: int = 0) -> Renewal:
    return Renewal(worker=worker, captures=((KEY, term),))


@pytest.mark.parametrize(
    ("me", "held", "heard", "outcome"),
    [
        pytest.param(HIGH, False, claim(LOW), "lost", id="the lower rank wins"),
        pytest.param(
            LOW, False, claim(HIGH), "contested", id="the higher rank does not, and learns it from our claim"
        ),
        pytest.param(HIGH, True, claim(LOW), "defend", id="a holder beats the lower rank and says so"),
        pytest.param(LOW, True, claim(HIGH), "defend", id="a holder beats the higher rank and says so"),
        pytest.param(LOW, False, renewal(HIGH), "lost", id="a claimant gives way to a holder"),
        pytest.param(HIGH, True, renewal(LOW), "lost", id="of two holders the lower rank stays"),
        pytest.param(LOW, True, renewal(HIGH), "defend", id="of two holders the higher rank is told"),
        pytest.param(LOW, True, claim(HIGH, term=1), "lost", id="a higher term beats a holder"),
        pytest.param(
            LOW, True, Finished(worker=HIGH, captures=(KEY,)), "finished", id="finished is finished"
        ),
        pytest.param(LOW, False, claim(LOW), "echoed", id="our own claim comes back"),
        pytest.param(LOW, True, renewal(LOW, term=5), "", id="our own words change nothing else"),
    ],
)
def test_what_we_claimed(me: str, held: bool, heard: Claim | Renewal | Finished, outcome: str) -> None:  # noqa: FBT001
    ballots = Ballots(me, LEASE)
    ballots.claim([KEY])
    if held:
        ballots.hold([KEY])
    verdict = ballots.hear(heard, now=1)
    names = ("lost", "defend", "finished", "echoed", "contested", "forgotten")
    assert {name: getattr(verdict, name) for name in names if getattr(verdict, name)} == (
        {outcome: (KEY,)} if outcome else {}
    )
    assert ballots.is_mine(KEY) == (outcome in ("", "defend", "echoed", "contested"))


def test_a_lower_term_is_turned_away_with_the_higher_one() -> None:
    ballots = Ballots(LOW, LEASE)
    ballots.hear(claim(HIGH), now=0)
    assert ballots.bury(HIGH) == [KEY]
    assert ballots.claim([KEY]).captures == ((KEY, 1),)
    ballots.hold([KEY])
    assert ballots.hear(renewal(HIGH, term=0), now=2).defend == (KEY,)
    assert ballots.renewal([KEY]) == renewal(LOW, term=1)


def test_the_last_term_is_claimed_again_and_judged_as_any_other() -> None:
    ballots, others = Ballots(LOW, LEASE), Ballots("c", LEASE)
    for heard_by in (ballots, others):
        heard_by.hear(claim(HIGH, MAX_TERM), now=0)
        heard_by.expire(LEASE)
    ours = ballots.claim([KEY])
    assert ours.captures == ((KEY, MAX_TERM),)
    assert others.hear(ours, now=LEASE).taken == (KEY,)
    assert ballots.hear(claim(HIGH, MAX_TERM), now=LEASE).contested == (KEY,)


def test_a_lease_is_kept_by_renewals_and_runs_out_without() -> None:
    ballots = Ballots("me", LEASE)
    ballots.hear(claim("other"), now=0)
    ballots.hear(renewal("other"), now=4)
    assert ballots.deadline() == 10
    assert ballots.expire(9.9) == []
    assert ballots.expire(10) == [KEY]
    assert not ballots.is_taken(KEY)
    assert ballots.deadline() is None


def test_our_own_captures_do_not_expire_for_us() -> None:
    ballots = Ballots("me", LEASE)
    ballots.claim([KEY])
    assert ballots.expire(100) == []
    assert ballots.deadline() is None


def test_a_claim_on_a_finished_capture_is_ignored() -> None:
    ballots = Ballots("me", LEASE)
    ballots.finish([KEY])
    assert ballots.hear(claim("other", term=3), now=0).taken == ()
    assert ballots.is_finished(KEY)
    assert len(ballots) == 0


GONE = Finished(worker=HIGH, captures=(OTHER, KEY), missing=1)


def test_what_its_owner_did_not_find_in_the_store_is_new_to_whoever_does() -> None:
    ballots = Ballots(LOW, LEASE)
    ballots.hear(claim(HIGH), now=0)
    heard = ballots.hear(GONE, now=1)
    assert (heard.finished, heard.forgotten) == ((OTHER,), (KEY,))
    assert not ballots.is_taken(KEY)
    assert not ballots.is_finished(KEY)
    assert ballots.deadline() is None
    assert ballots.claim([KEY]).captures == ((KEY, 0),)


@pytest.mark.parametrize("owner", [LOW, "c"])
def test_who_owns_it_meanwhile_goes_on_looking(owner: str) -> None:
    ballots = Ballots(LOW, LEASE)
    if owner == LOW:
        ballots.claim([KEY])
    else:
        ballots.hear(claim(owner), now=0)
    assert ballots.hear(GONE, now=1).forgotten == ()
    assert ballots.is_taken(KEY)


def test_memory_of_the_finished_is_bounded() -> None:
    ballots = Ballots("me", LEASE, finished=1)
    ballots.finish([KEY])
    ballots.finish([OTHER])
    assert not ballots.is_finished(KEY)
    assert ballots.is_finished(OTHER)


def test_a_flood_of_claims_pushes_out_the_oldest_of_others_and_never_our_own() -> None:
    ballots = Ballots("me", LEASE, memory=3)
    ballots.claim([KEY])
    forgotten: list[str] = []
    for n in range(10):
        heard = ballots.hear(Claim(worker="other", captures=((f"k{n}", 0),)), now=n)
        forgotten += heard.forgotten
    assert len(ballots) == 4
    assert ballots.is_mine(KEY)
    assert ballots.is_taken("k7")
    assert forgotten == [f"k{n}" for n in range(7)]
    assert ballots.deadline() == 7 + LEASE


def test_captures_of_one_time_slot_prefer_one_worker_and_slots_are_shared_out() -> None:
    workers = ["w0", "w1", "w2", "w3"]
    slot = [capture_key(f"cam-{n}", 1_700_000_000.05, "0" * 32) for n in range(20)]
    order = tuple(turn(slot[0], worker, workers) for worker in workers)
    assert sorted(order) == [0, 1, 2, 3]
    assert {tuple(turn(key, w, workers) for w in workers) for key in slot} == {order}
    times = [capture_key("cam", 1_700_000_000 + n, "0" * 32) for n in range(400)]
    shares = [sum(turn(key, worker, workers) == 0 for key in times) for worker in workers]
    assert min(shares) > 60


def test_an_owner_who_was_missed_and_speaks_again_has_it_back() -> None:
    ballots = Ballots(LOW, LEASE)
    ballots.hear(claim(HIGH), now=0)
    ballots.bury(HIGH)
    assert not ballots.is_taken(KEY)
    assert ballots.hear(renewal(HIGH), now=1).taken == (KEY,)
    assert ballots.is_taken(KEY)


def test_an_owner_who_repeats_its_claim_holds_what_it_held() -> None:
    ballots = Ballots("m", LEASE)
    for message in (claim(HIGH), renewal(HIGH), claim(HIGH)):
        ballots.hear(message, now=0)
    ballots.hear(claim(LOW), now=0)
    assert ballots.bury(LOW) == []
    assert ballots.bury(HIGH) == [KEY]


@pytest.mark.parametrize("word", [claim, renewal])
def test_a_lease_runs_from_when_its_owner_spoke_last(word: Callable[[str], Claim | Renewal]) -> None:
    ballots = Ballots("m", LEASE)
    for now in (0, 3, 6):
        ballots.hear(word(HIGH), now)
    assert ballots.deadline() == 6 + LEASE
    assert ballots.expire(6 + LEASE - 0.1) == []
    assert ballots.expire(6 + LEASE) == [KEY]


def test_a_free_ballot_is_forgotten_and_a_taken_one_is_not() -> None:
    ballots = Ballots(LOW, LEASE)
    ballots.hear(Claim(worker=HIGH, captures=((KEY, 0), (OTHER, 0))), now=0)
    ballots.bury(HIGH)
    ballots.hear(claim("c", term=1), now=1)
    ballots.forget([KEY, OTHER])
    assert len(ballots) == 1
    assert ballots.is_taken(KEY)
