"""An owned capture, step by step, and what happens when a step goes wrong."""

from collections import defaultdict

import pytest

from common.wire.messages import Capture
from common.wire.names import ObjectPath
from inference.batches import Batch, Batches, Job, Stage
from inference.collect import Announced
from inference.events import (
    Absent,
    Analyse,
    Analysed,
    Crashed,
    Delete,
    Drop,
    Effect,
    Failed,
    Fetch,
    Fetched,
    Hopeless,
    Keep,
    Missing,
    NotKept,
    Publish,
    Published,
    SetAside,
    Settle,
    Settled,
    Show,
    Shown,
)
from inference.order import Order
from inference.pipeline import Outcome, Pipeline

CAPTURE = Capture(device_id="cam", file_path=ObjectPath("people-counter-images", "k"), creation_timestamp=1)


def at(stage: Stage, *others: str, model_batch: int = 1) -> tuple[Pipeline, Batch]:
    jobs = {key: Job(key, stage) for key in ("k", *others)}
    batch = Batch(jobs, (), claimed_at=0, settles_at=0, renew_at=9, held=True)
    batches = Batches(room=2)
    batches.add(batch)
    known: defaultdict[str, Announced] = defaultdict(lambda: Announced(CAPTURE, 5.0, 0, 0))
    return Pipeline(batches, known, Order(), model_batch, keep=5), batch


@pytest.mark.parametrize(
    ("stage", "outcome", "effects"),
    [
        (Stage.FETCHING, Fetched("k"), []),
        (Stage.SHOWING, Shown("k"), [Publish("k", CAPTURE, 5.0)]),
        (Stage.PUBLISHING, Published("k"), [Keep("cam"), Settle("k", CAPTURE)]),
        (Stage.SETTLING, Settled("k"), [Drop("k")]),
        (Stage.FETCHING, Missing("k"), []),
        (Stage.FETCHING, Hopeless("k", "bad picture"), [Delete(("k",), "bad picture"), Drop("k")]),
        (Stage.SETTLING, Published("k"), []),
        (Stage.SETTING_ASIDE, Missing("k"), [Drop("k")]),
        (Stage.ANALYSING, Missing("k"), []),
        (Stage.SHOWING, Hopeless("k", "bad picture"), []),
        (Stage.ANALYSING, Settled("k"), []),
        (Stage.FETCHING, Fetched("lost"), [Drop("lost")]),
    ],
)
def test_an_outcome_starts_the_next_step(stage: Stage, outcome: Outcome, effects: list[Effect]) -> None:
    pipeline, _ = at(stage)
    assert pipeline.progress(outcome, now=0) == effects


@pytest.mark.parametrize(
    ("stage", "again", "given_up"),
    [
        (Stage.FETCHING, Fetch("k"), ["k"]),
        (Stage.SHOWING, Show("k", CAPTURE), ["k"]),
        (Stage.PUBLISHING, Publish("k", CAPTURE, 5.0), ["k"]),
        (Stage.SETTLING, Settle("k", CAPTURE), []),
    ],
)
def test_a_failed_step_is_tried_again_ever_more_slowly_and_given_up(
    stage: Stage, again: Effect, given_up: list[str]
) -> None:
    """One whose result is out is finished all the same: a sweep deletes its picture."""
    pipeline, batch = at(stage)
    now = 0.0
    for wait in (0.5, 1):
        assert pipeline.progress(Failed("k", "down"), now) == []
        assert pipeline.retry(now + wait - 0.01) == []
        assert pipeline.retry(now + wait) == [again]
        now += wait
    assert pipeline.progress(Failed("k", "down"), now) == [Drop("k")]
    assert not batch.jobs
    assert pipeline.given_up() == given_up
    assert batch.answered == ([] if given_up else ["k"])
    assert pipeline.given_up() == []


def test_a_picture_that_is_not_there_is_asked_for_as_often_and_then_not_called_finished() -> None:
    pipeline, batch = at(Stage.FETCHING)
    now = 0.0
    for wait in (0.5, 1):
        assert pipeline.progress(Missing("k"), now) == []
        assert pipeline.retry(now + wait - 0.01) == []
        assert pipeline.retry(now + wait) == [Fetch("k")]
        now += wait
    assert pipeline.progress(Missing("k"), now) == [Absent("k"), Drop("k")]
    assert (batch.jobs, batch.gone, batch.missing) == ({}, [], ["k"])
    assert pipeline.given_up() == []


def test_pictures_that_are_not_there_yet_take_nobodys_place() -> None:
    pipeline, batch = at(Stage.FETCHING, "l")
    batches = Batches(room=1)
    batches.add(batch)
    pipeline.progress(Missing("k"), now=0)
    assert batches.full(), "l is at work"
    pipeline.progress(Missing("l"), now=0)
    assert not batches.full()
    for _ in range(6):
        assert not batches.full()
        batches.add(batch)
    assert batches.full(), "but they are bounded"
    pipeline.progress(Fetched("k"), now=0)
    assert not batch.is_idle


def test_the_next_step_is_tried_again_as_soon_as_the_first_was() -> None:
    pipeline, _ = at(Stage.SHOWING)
    for now, wait in ((0.0, 0.5), (1.0, 1.0)):
        pipeline.progress(Failed("k", "down"), now)
        pipeline.retry(now + wait)
    assert pipeline.progress(Shown("k"), now=5) == [Publish("k", CAPTURE, 5.0)]
    pipeline.progress(Failed("k", "down"), now=6)
    assert pipeline.retry(6.5) == [Publish("k", CAPTURE, 5.0)]


def test_the_model_gets_pictures_in_order_and_the_next_one_waits_behind_the_one_it_sees() -> None:
    pipeline, batch = at(Stage.FETCHED, "l", "m")
    assert pipeline.analyse() == [Analyse(("k",)), Analyse(("l",))]
    assert pipeline.analyse() == []
    assert pipeline.analysed(Analysed(("k",)), now=0) == [Show("k", CAPTURE)]
    assert pipeline.analyse() == [Analyse(("m",))]
    assert batch.jobs["k"].stage is Stage.SHOWING


def test_a_model_that_likes_batches_gets_what_is_there_and_behind_it_full_ones_only() -> None:
    pipeline, batch = at(Stage.FETCHED, "l", "m", model_batch=2)
    assert pipeline.analyse() == [Analyse(("k", "l"))], "m waits for company while the model is at work"
    batch.jobs["n"] = Job("n", Stage.FETCHED)
    assert pipeline.analyse() == [Analyse(("m", "n"))]


def test_after_a_crash_each_is_tried_alone_and_the_culprit_is_set_aside() -> None:
    pipeline, batch = at(Stage.FETCHED, "l", "m", model_batch=2)
    assert pipeline.analyse() == [Analyse(("k", "l"))]
    assert pipeline.analysed(Crashed(("k", "l"), "boom"), now=0) == []
    assert pipeline.analyse() == [Analyse(("m",))], "the innocent go first"
    pipeline.analysed(Analysed(("m",)), now=0)
    assert pipeline.analyse() == [Analyse(("k",))]
    assert pipeline.analyse() == [], "alone"
    assert pipeline.analysed(Crashed(("k",), "boom"), now=0) == [SetAside("k", CAPTURE, "boom")]
    assert pipeline.analyse() == [Analyse(("l",))]
    assert pipeline.analysed(Analysed(("l",)), now=0) == [Show("l", CAPTURE)]
    assert pipeline.progress(Settled("k"), now=0) == [Drop("k")]
    assert list(batch.jobs) == ["l", "m"]


def test_a_crash_sets_back_nothing_that_waits_behind_it() -> None:
    pipeline, batch = at(Stage.FETCHED, "l")
    assert pipeline.analyse() == [Analyse(("k",)), Analyse(("l",))]
    assert pipeline.analysed(Crashed(("k",), "boom"), now=0) == []
    assert pipeline.analyse() == [Analyse(("k",))]
    assert pipeline.analysed(Analysed(("l",)), now=0) == [Show("l", CAPTURE)]
    assert batch.jobs["l"].crashes == 0


def test_early_results_are_kept_late_and_those_that_the_store_did_not_take_again() -> None:
    pipeline, _ = at(Stage.PUBLISHING, "l", "m")
    assert pipeline.progress(Published("k"), now=0) == [Keep("cam"), Settle("k", CAPTURE)]
    assert pipeline.progress(Published("l"), now=1) == [Settle("l", CAPTURE)]
    assert pipeline.progress(Published("m"), now=2) == [Settle("m", CAPTURE)]
    assert pipeline.deadline() == 7
    assert pipeline.retry(6.9) == []
    assert pipeline.retry(7) == [Keep("cam", overdue=True)]
    assert pipeline.deadline() is None
    assert pipeline.not_kept(NotKept("cam"), now=8) == []
    assert pipeline.retry(13) == [Keep("cam", overdue=True)]


def test_what_the_model_says_of_a_lost_capture_is_dropped() -> None:
    pipeline, _ = at(Stage.FETCHED)
    assert pipeline.analysed(Analysed(("lost",)), now=0) == [Drop("lost")]


def test_of_a_batch_each_picture_goes_its_own_way() -> None:
    pipeline, _ = at(Stage.ANALYSING, "l")
    answer = Analysed(("k", "lost", "l"))
    assert pipeline.analysed(answer, now=0) == [Show("k", CAPTURE), Drop("lost"), Show("l", CAPTURE)]
    pipeline, _ = at(Stage.ANALYSING)
    assert pipeline.analysed(Crashed(("lost", "k"), "boom"), now=0) == [Drop("lost")]


def test_nothing_is_analysed_before_the_claim_has_settled() -> None:
    pipeline, batch = at(Stage.FETCHED)
    batch.held = False
    assert pipeline.analyse() == []


def test_a_capture_lost_to_another_ends_before_the_model_and_goes_on_behind_it() -> None:
    batches = Batches(room=2)
    batch = Batch(
        {"a": Job("a"), "b": Job("b", Stage.SHOWING)}, ("c",), claimed_at=0, settles_at=0, renew_at=9
    )
    batches.add(batch)
    assert batches.lose(["a", "b", "c"]) == ["a"]
    assert batch.keys() == ["b"]
