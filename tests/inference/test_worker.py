"""How the parts of a worker's core work together, by what it does."""

from dataclasses import replace

import pytest

from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Finished, Model, Renewal, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import (
    Absent,
    Analysed,
    Decided,
    Drop,
    Effect,
    Event,
    Fetched,
    Ignore,
    Keep,
    Known,
    Listen,
    Missing,
    NotKept,
    Online,
    Peer,
    Publish,
    Published,
    Said,
    Say,
    Seen,
    Settled,
    Shown,
    Sweep,
    Swept,
    Tick,
)
from inference.identity import Identity
from inference.shards import encode, has, listeners, parts, shard
from inference.timing import Timing
from inference.worker import Worker

OTHERS = ("w1", "w2", "w3")
PARTS = parts(listeners(("w0", *OTHERS)))
DEVICES = [f"cam-{number}" for number in range(60)]
TIMING = Timing(max_wait=0, share_from=4, share_devices=1)


def capture(device: str) -> Capture:
    key = capture_key(device, 1_700_000_000.0, "0" * 32)
    return Capture(device_id=device, file_path=ObjectPath("bucket", key), creation_timestamp=1_700_000_000.0)


def online(timing: Timing = TIMING) -> Worker:
    worker = Worker(Identity("w0", "s", "production", "bucket", Model(name="m", digest="d"), "light"), timing)
    worker.handle(Online(), 0)
    worker.handle(Swept((), None), 0)
    return worker


def status(worker: str, **more: object) -> Peer:
    said = WorkerStatus(worker=worker, state="online", session="s", flow="production")
    return Peer(said.model_copy(update=more))


def claims(effects: list[Effect]) -> list[str]:
    said = [effect.message for effect in effects if isinstance(effect, Say)]
    return [key for message in said if isinstance(message, Claim) for key, _ in message.captures]


def sharing(learn: list[Event]) -> tuple[Worker, list[Effect]]:
    """After heartbeats enough to leave the wildcard, with what it did."""
    worker = online()
    for name in OTHERS:
        worker.handle(status(name, shards=encode(PARTS[name])), 0)
    for event in learn:
        worker.handle(event, 0)
    effects: list[Effect] = []
    for heartbeat in range(1, 6):
        for name in OTHERS:
            worker.handle(status(name, shards=encode(PARTS[name])), 5.0 * heartbeat)
        effects += worker.handle(Tick(), 5.0 * heartbeat + 0.5)
    return worker, effects


def test_it_hears_what_the_others_own_before_it_claims_anything() -> None:
    worker = online()
    assert claims(worker.handle(Seen(capture("cam"), 0), 0.1)) == []
    assert worker.deadline() == TIMING.listen
    assert claims(worker.handle(Tick(), 0.2)) == [capture("cam").file_path.key]


def test_a_result_that_the_store_did_not_take_is_kept_later() -> None:
    worker = online()
    worker.handle(NotKept("cam"), 1)
    assert Keep("cam", overdue=True) not in worker.handle(Tick(), 5.9)
    assert Keep("cam", overdue=True) in worker.handle(Tick(), 6)


@pytest.mark.parametrize(("heartbeats", "alone"), [(3, False), (4, True)])
def test_one_who_is_silent_for_three_heartbeats_is_gone(heartbeats: int, alone: bool) -> None:  # noqa: FBT001
    """A worker that is alone decides at once."""
    worker = online()
    worker.handle(status("w1"), 1)
    for number in range(1, heartbeats + 1):
        worker.handle(Tick(), 5.0 * number)
    made = capture("cam")
    now = 5.0 * heartbeats + TIMING.patience
    worker.handle(Seen(made, 0), 5.0 * heartbeats)
    effects = [*worker.handle(Tick(), now), *worker.handle(Tick(), now)]
    assert worker.load == 1
    assert any(isinstance(effect, Decided) for effect in effects) == alone


def test_what_a_claim_alone_names_with_a_time_that_nothing_can_carry_is_forgotten() -> None:
    """Whoever may claim could else end every worker a lease later."""
    worker = online()
    key = f"captures/cam/19600101T000000000000Z-{'0' * 32}.jpg"
    worker.handle(Said(Claim(worker="ghost", captures=((key, 0),))), 1)
    assert worker.remembered == 1
    assert claims(worker.handle(Tick(), 1 + TIMING.lease)) == []
    assert worker.remembered == 0


@pytest.mark.parametrize("heard", [True, False])
def test_what_is_taken_over_keeps_the_time_when_it_was_heard_of(heard: bool) -> None:  # noqa: FBT001
    """One known from its key alone counts from when it was taken."""
    worker = online(replace(TIMING, patience=0))
    worker.handle(status("w1"), 0)
    made = capture("cam")
    key = made.file_path.key
    worker.handle(Said(Claim(worker="w1", captures=((key, 0),))), 1)
    if heard:
        worker.handle(Seen(made, 1_700_000_007.0), 1)
    effects = worker.handle(status("w1", state="offline"), 2)
    assert claims(effects) == [key]
    effects = []
    for event in (Tick(), Fetched(key), Analysed((key,)), Shown(key)):
        effects += worker.handle(event, 2)
    assert Publish(key, made, 1_700_000_007.0 if heard else 1_700_000_000.0) in effects


@pytest.mark.parametrize(
    "learn",
    [
        pytest.param([Known(device) for device in DEVICES], id="from their status"),
        pytest.param([Seen(capture(device), 0) for device in DEVICES], id="from what was announced"),
        pytest.param(
            [Said(Claim(worker="w1", captures=((capture(d).file_path.key, 0),))) for d in DEVICES],
            id="from claims",
        ),
    ],
)
def test_it_shares_the_devices_that_it_knows_and_says_which_it_hears(learn: list[Event]) -> None:
    worker, effects = sharing(learn)
    mine = {device for device in DEVICES if has(PARTS["w0"], shard(device))}
    asked = {device for effect in effects if isinstance(effect, Listen) for device in effect.devices}
    assert asked == mine
    assert Ignore(("+",)) in effects
    assert worker.status("online").shards == encode(PARTS["w0"])
    assert Say(worker.status("online")) in effects


def test_one_that_hears_a_part_searches_the_store_soon_after_another_is_gone() -> None:
    worker, _ = sharing([Known(device) for device in DEVICES])
    worker.handle(Swept((), None), 26)
    assert Sweep("") not in worker.handle(status("w1", state="online"), 27)
    assert Sweep("") not in worker.handle(Tick(), 32)
    worker.handle(status("w1", state="offline"), 33)
    assert Sweep("") in worker.handle(Tick(), 38)


def test_what_it_holds_it_renews_three_times_a_lease() -> None:
    worker = online()
    made = capture("cam")
    worker.handle(Seen(made, 0), 1)
    worker.handle(Tick(), 1)
    renewal = Say(Renewal(worker="w0", captures=((made.file_path.key, 0),)))
    said = [now for now in range(1, 8) if renewal in worker.handle(Tick(), float(now))]
    assert said == [3, 5, 7]


def test_it_has_one_batch_at_work_and_one_ahead() -> None:
    worker = online()
    effects: list[Effect] = []
    for number in range(4):
        effects += worker.handle(Seen(capture(f"cam-{number}"), 0), 1)
    assert len(claims(effects)) == worker.load == 2
    assert worker.waiting == 2
    first = claims(effects)[0]
    effects = []
    for event in (Fetched(first), Analysed((first,)), Shown(first), Published(first), Settled(first)):
        effects += worker.handle(event, 1)
    assert Say(Finished(worker="w0", captures=(first,), answered=1)) in effects
    assert claims(effects), "there is room again"


def test_a_picture_that_comes_after_it_was_given_up_is_found_and_analysed() -> None:
    worker = online(replace(TIMING, sweep=5))
    made = capture("cam")
    key = made.file_path.key
    worker.handle(Seen(made, 0), 1)
    worker.handle(Tick(), 1)
    for now in (1.0, 1.5):
        worker.handle(Missing(key), now)
        worker.handle(Tick(), now + 1)
    effects = worker.handle(Missing(key), 2.5)
    assert effects == [Absent(key), Drop(key), Say(Finished(worker="w0", captures=(key,), missing=1))]
    assert worker.remembered == 0
    assert claims(worker.handle(Swept((Seen(made, 0),), None), 9)) == [key]


@pytest.mark.parametrize("known", ["claimed", "announced", "claimed and announced", "nothing"])
def test_what_another_did_not_find_is_owed_to_nobody(known: str) -> None:
    worker = online(replace(TIMING, max_wait=9))
    made = capture("cam")
    key = made.file_path.key
    worker.handle(status("w1"), 0)
    if "claimed" in known:
        worker.handle(Said(Claim(worker="w1", captures=((key, 0),))), 1)
    if "announced" in known:
        worker.handle(Seen(made, 0), 1)
    worker.handle(Said(Finished(worker="w1", captures=(key,), missing=1)), 2)
    assert (worker.remembered, worker.waiting) == (0, 0)


def test_what_is_done_of_a_long_batch_is_renewed_with_the_rest() -> None:
    """Else others claim it and find nothing there."""
    worker = online(replace(TIMING, max_wait=0.5, max_batch=9, room=1))
    keys = [capture(f"cam-{number}").file_path.key for number in range(2)]
    for number in range(2):
        worker.handle(Seen(capture(f"cam-{number}"), 0), 1)
    first = keys[0]
    for event in (Tick(), Fetched(first), Analysed((first,)), Shown(first), Published(first), Settled(first)):
        worker.handle(event, 2)
    said = [e.message for e in worker.handle(Tick(), 4) if isinstance(e, Say)]
    assert [dict(m.captures).keys() for m in said if isinstance(m, Renewal)] == [set(keys)]


def test_it_claims_nothing_before_it_has_searched_the_store() -> None:
    worker = Worker(Identity("w0", "s", "production", "bucket", Model(name="m", digest="d"), "light"), TIMING)
    worker.handle(Online(), 0)
    worker.handle(Seen(capture("cam"), 0), 0)
    assert Sweep("") in worker.handle(Tick(), 0.2)
    effects = worker.handle(Swept((), None, failed=True), 1)
    assert claims([*effects, *worker.handle(Tick(), 5.9)]) == []
    assert worker.status("online").error
    assert Sweep("") in worker.handle(Tick(), 6)
    effects = worker.handle(Swept((), "more"), 7)
    assert claims(effects) == [capture("cam").file_path.key]
    said = [e.message for e in effects if isinstance(e, Say) and isinstance(e.message, WorkerStatus)]
    assert [status.error for status in said] == [None]
