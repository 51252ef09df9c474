"""Policy `every`: what is claimed, and what is shed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.messages import MAX_BATCH
from inference.backlog import Backlog
from inference.collect import Selection
from tests.inference.test_collect import announced, first, second


def test_all_of_a_device_are_taken_in_the_order_they_came() -> None:
    backlog = Backlog(max_batch=2, max_wait=0, patience=1, max_age=60, turn=first)
    for taken_at in (1.0, 2.0, 2.0, 3.0):
        backlog.add(announced("cam", taken_at, since=10))
    assert len(backlog) == 3
    assert backlog.select(20) == Selection(("cam-1.0", "cam-2.0"), ())
    backlog.remove(["cam-1.0", "cam-2.0", "unknown"])
    assert backlog.select(20) == Selection(("cam-3.0",), ())


@pytest.mark.parametrize(
    ("now", "selection"),
    [
        pytest.param(20.4, None, id="not ripe"),
        pytest.param(20.5, Selection(("cam-2.0", "cam-3.0"), ()), id="ripe"),
        pytest.param(80.0, Selection(("cam-3.0",), ("cam-2.0",)), id="one is too old"),
        pytest.param(90.0, Selection((), ("cam-2.0", "cam-3.0")), id="all are"),
    ],
)
def test_what_is_too_old_is_shed(now: float, selection: Selection | None) -> None:
    backlog = Backlog(max_batch=3, max_wait=0.5, patience=1, max_age=60, turn=first)
    backlog.add(announced("cam", 2.0, since=20))
    backlog.add(announced("cam", 3.0, since=25 if now > 60 else 20))
    assert backlog.select(now) == selection


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "select"]), st.integers(0, 5), st.floats(0, 40)),
        max_size=50,
    ),
    st.sampled_from([-1000, 64]),
)
def test_what_is_shed_is_what_looking_at_all_would_find(
    steps: list[tuple[str, int, float]], spare: int
) -> None:
    """A sweep finds captures that are older than those which were announced before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.backlog._SPARE", spare)
        backlog = Backlog(max_batch=2, max_wait=1e9, patience=1, max_age=60, turn=first)
        born, now = dict[str, float](), 0.0
        for what, number, seconds in steps:
            heard = announced("cam", float(number), since=now)
            match what:
                case "add":
                    backlog.add(replace(heard, born=now - seconds))
                    born.setdefault(heard.key, now - seconds)
                case "remove":
                    backlog.remove([heard.key])
                    born.pop(heard.key, None)
                case _:
                    now += seconds
                    selection = backlog.select(now)
                    old = {key for key, at in born.items() if at <= now - 60}
                    assert set(selection.unseen if selection else ()) == old
            assert len(backlog) == len(born)


def test_another_workers_captures_are_left_to_it_for_a_while() -> None:
    backlog = Backlog(max_batch=1, max_wait=0, patience=2, max_age=60, turn=second)
    backlog.add(announced("cam", 1.0, since=10))
    assert backlog.deadline() == 12
    assert backlog.select(11.9) is None
    assert backlog.select(12) == Selection(("cam-1.0",), ())


def test_memory_is_bounded() -> None:
    backlog = Backlog(max_batch=1, max_wait=0, patience=2, max_age=60, turn=first, memory=2)
    pushed = [key for n in range(5) for key in backlog.add(announced("cam", float(n)))]
    assert pushed == ["cam-0.0", "cam-1.0", "cam-2.0"]
    assert backlog.deadline() == 0


def test_a_full_batch_does_not_wait() -> None:
    backlog = Backlog(max_batch=2, max_wait=10, patience=1, max_age=60, turn=first)
    assert backlog.deadline() is None
    backlog.add(announced("cam", 1.0, since=10))
    assert backlog.deadline() == 20
    assert backlog.select(10) is None
    backlog.add(announced("cam", 2.0, since=10))
    assert backlog.select(10) == Selection(("cam-1.0", "cam-2.0"), ())


def test_what_is_shed_and_what_is_chosen_fit_into_one_claim() -> None:
    backlog = Backlog(max_batch=2, max_wait=0, patience=1, max_age=60, turn=first)
    for number in range(MAX_BATCH + 10):
        backlog.add(announced("cam", float(number), since=10))
    selection = backlog.select(100)
    assert selection is not None
    assert len(selection.unseen) == MAX_BATCH - 2


def test_whose_turn_it_is_goes_by_the_capture() -> None:
    backlog = Backlog(
        max_batch=1, max_wait=0, patience=2, max_age=60, turn=lambda capture: int(capture.device_id == "b")
    )
    backlog.add(announced("b", 1.0, since=10))
    assert backlog.deadline() == 12
