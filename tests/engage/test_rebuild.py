"""When the state is back, and what is said until then."""

import pytest

from engage.events import ReadStored, SendMarker
from engage.rebuild import Rebuild

FIRST, SECOND = ReadStored("first", ""), ReadStored("second", "")


@pytest.fixture
def rebuild() -> Rebuild:
    return Rebuild(["first", "second"], timeout=10)


def ready(rebuild: Rebuild, now: float) -> bool:
    rebuild.due(now)
    return rebuild.ready


def test_every_page_of_every_flow_is_read(rebuild: Rebuild) -> None:
    assert rebuild.started(0) == [FIRST]
    assert rebuild.page("first", "k") == [ReadStored("first", "k")]
    assert rebuild.page("first", None) == [SECOND]
    assert rebuild.page("second", None) == []


def test_ready_when_the_marker_is_back_and_the_store_is_read(rebuild: Rebuild) -> None:
    rebuild.started(0)
    assert rebuild.connected(0) == [SendMarker()]
    rebuild.page("first", None)
    rebuild.marker()
    assert not ready(rebuild, 1)
    assert rebuild.reasons() == ("reading the latest results from the store",)
    rebuild.page("second", None)
    assert ready(rebuild, 1)
    assert rebuild.reasons() == ()
    assert rebuild.deadline() is None


def test_a_marker_that_does_not_come_back_is_waited_for_until_the_time_out(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.page("first", None)
    rebuild.page("second", None)
    rebuild.connected(3)
    assert not ready(rebuild, 12.9)
    assert rebuild.deadline() == 13
    assert ready(rebuild, 13)


def test_a_store_that_takes_too_long_does_not_hold_it_up(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.connected(0)
    rebuild.marker()
    assert not ready(rebuild, 9.9)
    assert ready(rebuild, 10)
    assert rebuild.page("first", None) == [SECOND]


def test_without_a_broker_it_is_never_ready(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.page("first", None)
    rebuild.page("second", None)
    rebuild.lost("refused")
    assert not ready(rebuild, 3600)
    assert rebuild.reasons() == ("the MQTT broker is away: refused",)


def test_a_broker_lost_before_the_marker_is_asked_again(rebuild: Rebuild) -> None:
    rebuild.connected(0)
    rebuild.lost("killed")
    assert rebuild.connected(5) == [SendMarker()]
    assert rebuild.deadline() == 15


def test_a_store_that_is_away_is_asked_again_with_growing_pauses(rebuild: Rebuild) -> None:
    rebuild.started(0)
    now, pauses = 0.0, []
    for _ in range(7):
        rebuild.failed("first", "k", "away", now)
        deadline = rebuild.deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        assert rebuild.due(deadline - 0.01) == []
        assert rebuild.due(deadline) == [ReadStored("first", "k")]
        now = deadline
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert rebuild.reasons()[-1] == "the store is away: away"
