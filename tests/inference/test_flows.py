"""Who deletes a picture that flows share, and when; and what a worker makes of one that it finds."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from common.config import ConfigError, load
from common.ports.clock import ManualClock
from common.wire.codec import encode
from common.wire.keys import capture_key, result_key
from common.wire.messages import MAX_BATCH, Capture, Finished
from common.wire.names import ObjectPath
from inference.claim import Ballots
from inference.collect import Policy
from inference.events import Delete, Recall, Recalled, Say, Seen, Swept, Tick
from inference.flows import Flows
from inference.kept import KeptResults
from inference.settings import InferenceSection, InferenceSettings
from inference.steps import Desk
from inference.sweeping import Sweeping
from tests.common.messages import SMALL_RESULT
from tests.inference.test_budget import CountingStore

NAMES = ("production", "development", "trial")
KEYS = [capture_key("cam", 1_700_000_000.0 + n, f"{n:032x}") for n in range(MAX_BATCH + 3)]
A, B, C = KEYS[:3]
WAIT, SWEEP = 60.0, 30.0


def flows(mine: str = "production", names: tuple[str, ...] = NAMES, memory: int = 10_000) -> Flows:
    return Flows(mine, names, WAIT, SWEEP, memory)


def seen(key: str, n: int = 0) -> Seen:
    path = ObjectPath("bucket", key)
    return Seen(Capture(device_id="cam", file_path=path, creation_timestamp=1_700_000_000.0 + n), 0)


@pytest.mark.parametrize("turn", [0, 1, 2])
@pytest.mark.parametrize("mine", ["production", "development"])
def test_what_all_flows_have_done_with_the_first_one_deletes(mine: str, turn: int) -> None:
    """In whatever order they finish."""
    shared = flows(mine)
    finish: list[Callable[[], object]] = [
        partial(shared.done_elsewhere, name, [A]) for name in NAMES if name != mine
    ]
    finish.insert(turn, partial(shared.done_here, [A, B], 0))
    for flow in finish:
        assert shared.tidy(1) == []
        flow()
    assert shared.awaited(A) is None
    assert shared.tidy(2) == ([Delete((A,), "done in all flows")] if mine == "production" else [])
    assert shared.tidy(3) == []
    assert len(shared) == 1, "B"


def test_a_flow_that_is_alone_leaves_nothing() -> None:
    for alone in (flows(names=()), flows(names=("production",))):
        assert not alone.shared
        assert alone.dispose((A,), "superseded") == Delete((A,), "superseded")
        assert alone.done_here([A], 0) == []
        assert alone.found([A], 1) == [Delete((A,), "left behind")]
        assert len(alone) == 0


def test_a_flow_that_is_not_named_is_not_listened_to() -> None:
    shared = flows(names=("production", "development"))
    shared.done_here([A], 0)
    shared.done_elsewhere("stranger", [A])
    assert shared.awaited(A) == "development"
    assert shared.dispose((A,), "shed") == Delete((A,), "shed", leave=True)


@pytest.mark.parametrize("mine", ["production", "development"])
def test_a_sweep_deletes_what_all_have_done_with_and_what_waited_too_long(mine: str) -> None:
    shared = flows(mine, ("production", "development"))
    other = "development" if mine == "production" else "production"
    late = f"{other} is late"
    shared.done_here([A], 0)
    shared.done_elsewhere(other, [C])
    assert shared.found([A, B, C], 30) == [Delete((C,), "left behind")]
    assert shared.found([A, B], 59) == []
    assert shared.found([A, B], 60) == [Delete((A,), late, missed_by=other)]
    assert shared.found([A, B], 90) == [Delete((A, B), late, missed_by=other)], "A could not be deleted"


def test_what_no_sweep_finds_again_is_forgotten_and_a_foreign_agents_picture_deleted() -> None:
    """Those lie where no sweep looks."""
    shared = flows(names=("production", "development"))
    shared.done_here([A, "image-1.jpg"], 0)
    assert shared.tidy(WAIT + 2 * SWEEP - 1) == []
    late = Delete(("image-1.jpg",), "development is late", missed_by="development")
    assert shared.tidy(WAIT + 2 * SWEEP) == [late]
    assert len(shared) == 0


def test_memory_is_bounded_by_deleting_what_waits_longest() -> None:
    shared = flows(names=("production", "development"), memory=2)
    assert shared.done_here([A, B], 0) == []
    assert shared.done_here([C], 1) == [Delete((A,), "development is late", missed_by="development")]
    shared = flows(names=("production", "development"), memory=2)
    shared.done_elsewhere("development", [A, B, C])
    assert [shared.awaited(key) for key in (A, B, C)] == ["development", None, None]


def sweeping(ballots: Ballots, known: tuple[str, ...] = ()) -> tuple[Sweeping, Flows]:
    shared = flows(names=("production", "development"))
    return Sweeping("me", ballots, shared, known, SWEEP), shared


def test_of_what_is_found_only_what_nobody_here_remembers_is_asked_about() -> None:
    ballots = Ballots("me", 6)
    ballots.finish([A])
    found = [seen(key) for key in (A, B, C)]
    effects, fresh = sweeping(ballots, known=(B,))[0].swept(Swept(tuple(found), None), 0)
    assert effects == [Recall((seen(C),))]
    assert fresh == tuple(found[:2])


def test_what_a_result_shows_to_be_done_is_said_again_and_the_rest_is_taken_up() -> None:
    ballots = Ballots("me", 6)
    found, shared = sweeping(ballots, known=(A,))
    effects, fresh = found.recalled(Recalled(tuple(KEYS[:-1]), (seen(KEYS[-1]),)), 0)
    parts = KEYS[1 : MAX_BATCH + 1], KEYS[MAX_BATCH + 1 : -1]
    assert effects == [Say(Finished(worker="me", captures=tuple(part))) for part in parts]
    assert fresh == (seen(KEYS[-1]),)
    assert ballots.is_finished(B)
    assert not ballots.is_finished(A), "it is at work"
    assert shared.awaited(B) == "development"
    assert len(shared) == MAX_BATCH + 1


@pytest.mark.parametrize(
    ("policy", "stored", "done"),
    [
        pytest.param("latest", 1, [A, B], id="what is older is superseded"),
        pytest.param("every", 1, [B], id="only the same capture"),
        pytest.param("latest", None, [], id="no result"),
        pytest.param("latest", "rubbish", [], id="something else"),
    ],
)
def test_the_results_in_the_store_tell_what_is_done(
    policy: Policy, stored: int | str | None, done: list[str]
) -> None:
    store = CountingStore(ManualClock())
    settings = InferenceSection(policy=policy)
    result = SMALL_RESULT.model_copy(
        update={"device_id": "cam", "capture_id": B, "creation_timestamp": 1_700_000_001.0}
    )
    if stored is not None:
        data = encode(result) if stored == 1 else b"rubbish"
        store.put(result_key("production", "cam"), data)
    found = [seen(key, n) for n, key in enumerate((A, B, C))]
    answer = KeptResults(store, settings, ManualClock(), Desk()).recall(found)
    undone = tuple(one for one in found if one.capture.file_path.key not in done)
    assert answer == Recalled(tuple(done), undone)
    assert store.calls["get results"] == 1, "one for a device"


@pytest.mark.parametrize(("later", "done"), [(10.0, (A,)), (10.1, ())])
def test_what_came_well_after_a_result_is_not_done_although_its_devices_clock_says_so(
    later: float, done: tuple[str, ...]
) -> None:
    """The clock was set back while no worker ran."""
    clock = ManualClock()
    store = CountingStore(clock)
    result = SMALL_RESULT.model_copy(
        update={"device_id": "cam", "capture_id": B, "creation_timestamp": 1_700_000_001.0}
    )
    store.put(result_key("production", "cam"), encode(result))
    found = replace(seen(A), received_at=clock.wall() + later)
    clock.advance(60)
    answer = KeptResults(store, InferenceSection(), clock, Desk()).recall([found])
    assert isinstance(answer, Recalled)
    assert answer.done == done


def test_a_store_that_cannot_be_asked_is_asked_with_the_next_sweep() -> None:
    store = CountingStore(ManualClock())
    store.down = True
    answer = KeptResults(store, InferenceSection(), ManualClock(), Desk()).recall([seen(A)])
    assert answer == Tick()


def test_flows_are_named_once_each_and_this_one_among_them() -> None:
    flags = ["--inference.flow", "development", "--inference.flows"]
    own = load(InferenceSettings, [*flags, "production,development"], {}).inference
    assert own.flows == ("production", "development")
    with pytest.raises(
        ConfigError, match=r"inference.flow is development, so name it in inference.flows too"
    ):
        load(InferenceSettings, [*flags, "production,trial"], {})
    with pytest.raises(ConfigError, match=r"inference.flows must name each flow once"):
        load(InferenceSettings, [*flags, "development,development"], {})
