"""When the state is back, and what is said until then."""

import pytest

from common.ports.bus import Refused
from common.wire.codec import encode
from engage.events import ListStored, ReadStored, SendMarker, Stored
from engage.rebuild import Rebuild
from tests.engage.conftest import Build
from tests.engage.samples import device_status
from tests.engage.site import Site
from tests.eventually import eventually

FIRST, SECOND = ListStored("first", ""), ListStored("second", "")
TROUBLES = [ListStored(flow, "", "trouble") for flow in ("first", "second")]
OLD, NEW = Stored("old", 1.0), Stored("new", 2.0)


def make(room: int = 10) -> Rebuild:
    """Of which only what was modified after 1.0 is missing."""
    return Rebuild(["first", "second"], 10, room, lambda _kind, _flow, stored: stored.modified > 1.0)


@pytest.fixture
def rebuild() -> Rebuild:
    return make()


def ready(rebuild: Rebuild, now: float) -> bool:
    rebuild.due(now)
    return rebuild.ready


def list_no_troubles(rebuild: Rebuild) -> None:
    for flow in ("first", "second"):
        rebuild.listed(flow, [], None, "trouble")


def list_nothing(rebuild: Rebuild) -> None:
    rebuild.listed("first", [], None)
    rebuild.listed("second", [], None)
    list_no_troubles(rebuild)


def test_every_page_of_every_flow_is_listed(rebuild: Rebuild) -> None:
    assert rebuild.started(0) == [FIRST]
    assert rebuild.listed("first", [OLD], "k") == [ListStored("first", "k")]
    assert rebuild.listed("first", [OLD], None) == [SECOND]
    assert rebuild.listed("second", [], None) == [TROUBLES[0]]
    assert rebuild.listed("first", [], "k", "trouble") == [ListStored("first", "k", "trouble")]
    assert rebuild.listed("first", [], None, "trouble") == [TROUBLES[1]]
    assert rebuild.listed("second", [], None, "trouble") == []


def test_troubles_are_read_as_results_are(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.connected(0)
    rebuild.marker()
    rebuild.listed("first", [NEW], None)
    rebuild.listed("second", [], None)
    rebuild.listed("first", [], None, "trouble")
    rebuild.listed("second", [OLD, NEW], None, "trouble")
    (results,), (troubles,) = (step(rebuild) for _ in range(2))
    assert (results, troubles) == (
        ReadStored("first", ("new",)),
        ReadStored("second", ("new",), "trouble"),
    )
    assert ready(rebuild, 1)


def step(rebuild: Rebuild) -> list[ListStored | ReadStored | SendMarker]:
    """Read what is asked for."""
    asked = rebuild.due(1)
    (one,) = asked
    assert isinstance(one, ReadStored)
    assert not rebuild.ready
    rebuild.read(one)
    return asked


def test_only_what_the_broker_did_not_have_is_read(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.connected(0)
    rebuild.listed("first", [OLD, NEW], None)
    rebuild.listed("second", [NEW], None)
    list_no_troubles(rebuild)
    assert rebuild.due(1) == []
    rebuild.marker()
    assert rebuild.due(1) == [ReadStored("first", ("new",))]
    assert rebuild.due(1) == []
    rebuild.read(ReadStored("first", ("new",)))
    assert rebuild.due(1) == [ReadStored("second", ("new",))]
    assert not rebuild.ready
    rebuild.read(ReadStored("second", ("new",)))
    assert ready(rebuild, 1)
    assert rebuild.deadline() is None


def test_many_are_read_in_turns(rebuild: Rebuild) -> None:
    rebuild = make(room=10_000)
    rebuild.started(0)
    rebuild.marker()
    rebuild.listed("first", [Stored(f"{n}", 2.0) for n in range(1200)], None)
    rebuild.listed("second", [], None)
    list_no_troubles(rebuild)
    turns = []
    while asked := rebuild.due(1):
        (page,) = asked
        assert isinstance(page, ReadStored)
        turns.append(len(page.devices))
        rebuild.read(page)
    assert turns == [500, 500, 200]


def test_more_than_there_is_room_for_is_not_even_listed() -> None:
    rebuild = make(room=3)
    rebuild.started(0)
    rebuild.marker()
    assert rebuild.listed("first", [Stored(f"{n}", 2.0) for n in range(5)], "4") == [SECOND]
    rebuild.listed("second", [], None)
    list_no_troubles(rebuild)
    assert rebuild.due(1) == [ReadStored("first", ("0", "1", "2"))]


def test_the_store_is_not_read_while_retained_messages_come(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.connected(0)
    rebuild.listed("second", [NEW], None)
    list_no_troubles(rebuild)
    for now in range(6):
        rebuild.progress(now)
        assert rebuild.due(now) == []
    assert rebuild.due(7) == [ReadStored("second", ("new",))]


def test_without_a_broker_the_store_is_read_after_two_seconds(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.listed("first", [NEW], None)
    rebuild.listed("second", [], None)
    list_no_troubles(rebuild)
    assert rebuild.due(1.9) == []
    assert rebuild.deadline() == 2
    assert rebuild.due(2) == [ReadStored("first", ("new",))]


def test_ready_when_the_marker_is_back_and_the_store_is_read(rebuild: Rebuild) -> None:
    rebuild.started(0)
    assert rebuild.connected(0) == [SendMarker()]
    rebuild.listed("first", [], None)
    rebuild.marker()
    assert not ready(rebuild, 1)
    assert rebuild.reasons() == ("reading the latest results from the store",)
    rebuild.listed("second", [], None)
    assert not ready(rebuild, 1)
    list_no_troubles(rebuild)
    assert ready(rebuild, 1)
    assert rebuild.reasons() == ()
    assert rebuild.deadline() is None


def test_a_marker_that_does_not_come_back_is_waited_for_until_the_time_out(rebuild: Rebuild) -> None:
    rebuild.started(0)
    list_nothing(rebuild)
    rebuild.connected(3)
    assert not ready(rebuild, 12.9)
    assert rebuild.deadline() == 13
    assert ready(rebuild, 13)


def test_while_retained_messages_come_the_marker_is_waited_for(rebuild: Rebuild) -> None:
    rebuild.started(0)
    list_nothing(rebuild)
    rebuild.connected(0)
    for now in range(1, 30):
        rebuild.progress(now)
        assert not ready(rebuild, now)
    assert ready(rebuild, 39)


def test_a_store_that_takes_too_long_does_not_hold_it_up(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.connected(0)
    rebuild.marker()
    assert not ready(rebuild, 9.9)
    assert ready(rebuild, 10)
    assert rebuild.listed("first", [], None) == [SECOND]


def test_without_a_broker_it_is_never_ready(rebuild: Rebuild) -> None:
    rebuild.started(0)
    list_nothing(rebuild)
    rebuild.lost("refused")
    assert not ready(rebuild, 3600)
    assert rebuild.reasons() == ("the MQTT broker is away: refused",)


def test_a_broker_lost_before_the_marker_is_asked_again(rebuild: Rebuild) -> None:
    rebuild.connected(0)
    rebuild.lost("killed")
    assert rebuild.connected(5) == [SendMarker()]
    assert rebuild.deadline() == 15


def test_what_the_broker_refuses_is_said_until_the_connection_is_lost(rebuild: Rebuild) -> None:
    rebuild.started(0)
    rebuild.marker()
    list_nothing(rebuild)
    rebuild.refused("h/+/result/+", "Not authorized")
    rebuild.connected(0)
    assert ready(rebuild, 1)
    (reason,) = rebuild.reasons()
    assert reason.startswith(
        "the MQTT broker refused the subscription to h/+/result/+ (Not authorized): allow"
    )
    rebuild.lost("killed")
    assert rebuild.reasons() == ("the MQTT broker is away: killed",)
    rebuild.connected(2)
    assert rebuild.reasons() == ()


@pytest.mark.parametrize("asked", [ListStored("first", "k"), ReadStored("first", ("cam",))])
def test_a_store_that_is_away_is_asked_again_with_growing_pauses(
    rebuild: Rebuild, asked: ListStored | ReadStored
) -> None:
    rebuild.started(0)
    rebuild.due(2)
    now, pauses = 2.0, []
    for _ in range(7):
        rebuild.failed(asked, "away", now)
        deadline = rebuild.deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        assert rebuild.due(deadline - 0.01) == []
        assert rebuild.due(deadline) == [asked]
        now = deadline
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert rebuild.reasons()[-1] == "the store is away: away"


def test_not_ready_before_all_that_the_broker_retains_was_looked_at(build: Build) -> None:
    """However much of it comes at once."""
    site, devices = build(), 1200
    for number in range(devices):
        name = f"cam-{number}"
        site.broker.retained[site.topics.device_status(name)] = encode(device_status(name))
    site.runner.start()

    def ready() -> bool:
        site.runner.loop.step(0.01)
        return site.runner.board.ready

    eventually(ready, every=0)
    assert len(site.runner.board.entries) == devices


def test_a_refused_subscription_is_a_reason_in_readyz(site: Site) -> None:
    site.runner.hear(Refused(site.topics.device_status(), "Not authorized"))
    site.wait(0.3)
    answer = site.get("/readyz")
    assert answer["ready"]
    (reason,) = answer["reasons"]
    assert f"{site.topics.device_status()} (Not authorized): allow" in reason


def test_the_marker_is_heard_though_messages_before_it_are_too_many(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands: no time-out makes it ready."""
    monkeypatch.setattr("engage.runner._BACKLOG", 10)
    site = build()
    for number in range(20):
        name = f"cam-{number}"
        site.broker.retained[site.topics.device_status(name)] = encode(device_status(name))
    site.runner.start()
    site.until(lambda: site.runner.board.ready)
    assert len(site.runner.board.entries) == 10
