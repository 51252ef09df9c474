"""Three steps of handing over: listen, declare, and leave only what others have declared."""

import pytest

from common.wire.messages import Capture, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import Ignore, Listen
from inference.listening import EVERYTHING, Listening
from inference.peers import TURNS, Peers
from inference.shards import NONE, encode, has, listeners, parts, shard

OTHERS = ("w1", "w2", "w3")
DEVICES = [f"cam-{number}" for number in range(60)]
PARTS = parts(listeners(("w0", *OTHERS)))


def declare(peers: Peers, worker: str, shards: int) -> None:
    status = WorkerStatus(
        worker=worker, state="online", session="s", flow="production", shards=encode(shards)
    )
    peers.hear(status, 0)


def those(shards: int) -> set[str]:
    return {device for device in DEVICES if has(shards, shard(device))}


def joined(declared: dict[str, int]) -> tuple[Listening, Peers, list[Listen]]:
    """Of w0, with what it subscribes to once it knows the others and the devices."""
    peers = Peers("w0", "production")
    for worker, shards in declared.items():
        declare(peers, worker, shards)
    listening = Listening("w0", peers, workers=4, devices=1)
    for device in DEVICES:
        assert listening.learn(device) == []
    assert listening.review()
    effects = listening.join()
    return listening, peers, [effect for effect in effects if isinstance(effect, Listen)]


def left(listening: Listening, heartbeats: int = 4) -> set[str]:
    """What it leaves within so many heartbeats."""
    effects = [effect for _ in range(heartbeats) for effect in listening.leave()]
    assert all(isinstance(effect, Ignore) for effect in effects)
    return {device for effect in effects if isinstance(effect, Ignore) for device in effect.devices}


def test_first_it_listens_to_its_own_part() -> None:
    listening, _, (effect,) = joined({worker: PARTS[worker] for worker in OTHERS})
    assert set(effect.devices) == those(PARTS["w0"]) != set(DEVICES)
    assert listening.hears_all
    assert listening.declared is None


def test_it_leaves_the_wildcard_when_all_others_have_declared_their_parts_and_it_was_calm() -> None:
    listening, _, _ = joined({worker: PARTS[worker] for worker in OTHERS})
    assert left(listening, heartbeats=3) == set()
    assert left(listening, heartbeats=1) == {EVERYTHING}
    assert not listening.hears_all
    assert listening.declared == encode(PARTS["w0"])


@pytest.mark.parametrize("late", OTHERS)
def test_it_waits_for_the_last_one_to_declare(late: str) -> None:
    one_shard = PARTS[late] & -PARTS[late]
    listening, peers, _ = joined({w: PARTS[w] & ~(one_shard if w == late else NONE) for w in OTHERS})
    assert left(listening, heartbeats=9) == set()
    declare(peers, late, PARTS[late])
    assert left(listening, heartbeats=1) == {EVERYTHING}


def test_what_another_takes_over_is_left_when_that_one_declares_it() -> None:
    listening, peers, _ = joined({worker: PARTS[worker] for worker in OTHERS})
    left(listening)
    declare(peers, "w4", NONE)
    after = parts(listeners(("w0", *OTHERS, "w4")))
    for worker in OTHERS:
        declare(peers, worker, PARTS[worker] | after[worker])
    assert listening.review()
    assert listening.join() == []
    assert left(listening, heartbeats=9) == set()
    declare(peers, "w4", after["w4"])
    assert left(listening) == those(PARTS["w0"] & ~after["w0"]) != set()
    assert listening.declared == encode(after["w0"])


def test_one_who_came_just_now_has_no_part_yet() -> None:
    listening, peers, _ = joined({worker: PARTS[worker] for worker in OTHERS})
    declare(peers, "w4", NONE)
    assert left(listening) == {EVERYTHING}


def test_nothing_has_changed_for_those_who_are_there_already() -> None:
    listening, peers, _ = joined({worker: PARTS[worker] for worker in OTHERS})
    declare(peers, "w1", NONE)
    assert not listening.review()


def test_a_capture_is_for_the_two_who_hear_it_and_last_for_those_who_find_it() -> None:
    listening = {}
    for me in ("w0", *OTHERS):
        peers = Peers(me, "production")
        for worker in {"w0", *OTHERS} - {me}:
            declare(peers, worker, PARTS[worker])
        listening[me] = Listening(me, peers, workers=4, devices=1)
        for device in DEVICES:
            listening[me].learn(device)
        listening[me].review()
    for device in DEVICES:
        capture = Capture(device_id=device, file_path=ObjectPath("bucket", device), creation_timestamp=1)
        turns = {me: listening[me].turn(capture) for me in listening}
        hearers = {me for me in listening if device in those(PARTS[me])}
        assert sorted(turns[me] for me in hearers) == [0, 1]
        assert {turns[me] for me in listening.keys() - hearers} == {TURNS}
        assert {listening[me].sharers() for me in listening} == {2}


def test_when_workers_become_too_few_everything_is_heard_before_anything_is_left() -> None:
    listening, peers, _ = joined({worker: PARTS[worker] for worker in OTHERS})
    left(listening)
    peers.forget_silent(0)
    assert listening.review()
    assert listening.join() == [Listen((EVERYTHING,))]
    assert listening.join() == []
    assert listening.declared is None
    assert left(listening, heartbeats=3) == set()
    assert left(listening, heartbeats=1) == those(PARTS["w0"])
    assert left(listening) == set()
