"""The core: what is shown after what happened."""

from typing import get_args

import pytest

from engage.events import (
    BrokerConnected,
    BrokerLost,
    Event,
    Kept,
    MarkerReceived,
    Refused,
    ResyncAsked,
    SendMarker,
    SendSnapshot,
    Show,
    Started,
    StoredListed,
    ViewerJoined,
    ViewerLeft,
    WorkerStatusReceived,
)
from engage.settings import EngageSection
from tests.engage.samples import device_status, original_result, result, worker_status
from tests.engage.watcher import Watcher


@pytest.fixture
def watcher() -> Watcher:
    return Watcher().ready()


def test_live_to_stale_by_time_alone(watcher: Watcher) -> None:
    watcher.hear(result("cam", 1, watcher.wall, window=6))
    assert watcher.state("cam") == "live"
    watcher.wait(5.6)
    assert watcher.state("cam") == "stale"
    assert watcher.count("cam") == 3


def test_a_camera_that_goes_on_stays_live(watcher: Watcher) -> None:
    for number in range(30):
        watcher.hear(result("cam", number, watcher.wall, window=3))
        watcher.wait(1)
    assert {show.board.entries["cam"].state for show in watcher.shown if show.board.entries} == {"live"}
    watcher.wait(3)
    assert watcher.state("cam") == "stale"


def test_a_shorter_deadline_than_the_last_is_kept(watcher: Watcher) -> None:
    watcher.hear(result("cam", 1, watcher.wall, window=60))
    watcher.hear(result("cam", 2, watcher.wall, window=5))
    watcher.wait(5.3)
    assert watcher.state("cam") == "stale"


def test_what_was_retained_keeps_its_age(watcher: Watcher) -> None:
    watcher.hear(result("old", 1, watcher.wall - 60), result("new", 1, watcher.wall - 1), live=False)
    at = watcher.clock.monotonic()
    assert (watcher.state("old"), watcher.state("new")) == ("stale", "live")
    assert watcher.board.entries["old"].since == pytest.approx(at - 60)


def test_a_status_without_a_result_is_unknown(watcher: Watcher) -> None:
    watcher.status(device_status("cam"))
    assert (watcher.state("cam"), watcher.count("cam")) == ("unknown", None)


def test_the_will_takes_a_device_offline_and_its_last_value_stays(watcher: Watcher) -> None:
    watcher.status(device_status("cam"))
    watcher.hear(result("cam", 1, watcher.wall))
    watcher.status(device_status("cam", "offline"))
    assert (watcher.state("cam"), watcher.count("cam")) == ("offline", 3)
    watcher.wait(60)
    assert watcher.state("cam") == "offline"


def test_the_will_of_an_earlier_session_says_nothing(watcher: Watcher) -> None:
    watcher.status(device_status("cam", session="two"))
    watcher.status(device_status("cam", "offline", session="one"))
    assert watcher.state("cam") == "unknown"


def test_a_picture_announced_after_the_will_revives_one_announced_before_does_not(watcher: Watcher) -> None:
    watcher.status(device_status("cam", "offline"))
    watcher.hear(result("cam", 1, watcher.wall - 1))
    assert watcher.state("cam") == "offline"
    watcher.hear(result("cam", 2, watcher.wall))
    assert watcher.state("cam") == "live"


def test_the_retained_will_heard_again_after_a_reconnect_does_not_undo_the_revival(watcher: Watcher) -> None:
    watcher.status(device_status("cam", "offline"))
    watcher.wait(1)
    watcher.hear(result("cam", 1, watcher.wall))
    watcher.status(device_status("cam", "offline"), live=False)
    assert watcher.state("cam") == "live"
    watcher.status(device_status("cam", "offline"), live=True)
    assert watcher.state("cam") == "offline"


def test_online_again_is_what_the_value_says(watcher: Watcher) -> None:
    watcher.hear(result("cam", 1, watcher.wall))
    watcher.status(device_status("cam", "offline"))
    watcher.status(device_status("cam", "online", session="two"))
    assert watcher.state("cam") == "live"


def test_a_new_session_begins_a_new_order(watcher: Watcher) -> None:
    watcher.status(device_status("cam", session="one"))
    watcher.hear(result("cam", 500, watcher.wall, count=1))
    watcher.wait(1)
    watcher.status(device_status("cam", session="two"))
    watcher.wait(1)
    watcher.hear(result("cam", 1, watcher.wall, count=2, creationTimestamp=100))
    assert watcher.count("cam") == 2


def test_a_duplicate_and_an_older_one_change_nothing(watcher: Watcher) -> None:
    watcher.hear(result("cam", 2, watcher.wall, count=2))
    watcher.wait(0.3)
    revision = watcher.board.revision
    watcher.hear(result("cam", 2, watcher.wall, count=9), result("cam", 1, watcher.wall - 1, count=9))
    assert watcher.count("cam") == 2
    assert watcher.board.revision == revision


def test_other_flows_are_not_shown(watcher: Watcher) -> None:
    watcher.hear(result("cam", 1, watcher.wall), flow="trial")
    watcher.wait(1)
    assert not watcher.board.entries


def test_an_original_result_is_shown_until_a_flow_has_one(watcher: Watcher) -> None:
    watcher.hear(original_result("cam", watcher.wall, count=5), flow=None)
    assert watcher.count("cam") == 5
    watcher.hear(result("cam", 1, watcher.wall, count=4))
    watcher.hear(original_result("cam", watcher.wall + 0.1, count=4), flow=None)
    assert watcher.entry("cam").value.flow == "production"  # type: ignore[union-attr]


def test_changes_are_collected_for_a_quarter_of_a_second(watcher: Watcher) -> None:
    watcher.wait(1)
    before = len(watcher.shown)
    for number in range(100):
        watcher.hear(*(result(f"cam{n}", number, watcher.wall) for n in range(5)))
        watcher.wait(0.01)
    assert len(watcher.shown) - before in (4, 5)
    assert watcher.count("cam4") == 3


def test_the_first_change_after_a_pause_is_shown_at_once(watcher: Watcher) -> None:
    watcher.wait(1)
    watcher.hear(result("cam", 1, watcher.wall))
    assert "cam" in watcher.board.entries


def test_the_broker_is_lost_and_found(watcher: Watcher) -> None:
    watcher.hear(result("cam", 1, watcher.wall))
    watcher.wait(1)
    watcher.tell(BrokerLost("killed"))
    watcher.wait(6)
    assert (watcher.board.broker, watcher.state("cam")) == ("lost", "stale")
    assert watcher.board.ready
    assert watcher.board.reasons == ("the MQTT broker is away: killed",)
    effects = watcher.tell(BrokerConnected())
    watcher.wait(1)
    assert SendMarker() not in effects
    assert watcher.board.broker == "connected"
    assert not watcher.board.reasons


def test_viewers_share_a_snapshot_before_the_next_change_and_those_who_left_get_none(
    watcher: Watcher,
) -> None:
    watcher.wait(1)
    watcher.hear(result("cam", 1, watcher.wall))
    shown = watcher.board
    watcher.hear(result("cam", 2, watcher.wall))
    asked: list[Event] = [ViewerJoined("a"), *[ResyncAsked("b")] * 3, ResyncAsked("c"), ViewerLeft("c")]
    assert watcher.tell(*asked) == []
    watcher.wait(0.3)
    snapshot, show = watcher.effects[-2:]
    assert snapshot == SendSnapshot(("a", "b"), shown)
    assert isinstance(show, Show)
    assert show.delta
    assert show.delta.since == shown.revision


@pytest.mark.parametrize("asked", [ViewerJoined("a"), ResyncAsked("a")])
def test_in_quiet_times_a_viewer_is_answered_at_once(watcher: Watcher, asked: Event) -> None:
    watcher.wait(1)
    assert watcher.tell(asked) == [SendSnapshot(("a",), watcher.board)]


def test_more_devices_than_there_is_room_for_are_refused() -> None:
    watcher = Watcher(EngageSection(devices=2)).ready()
    watcher.hear(*(result(name, 1, watcher.wall) for name in ("a", "b", "c")))
    watcher.status(device_status("d"))
    assert [e for e in watcher.effects if isinstance(e, Refused)] == [Refused("c"), Refused("d")]
    watcher.hear(result("a", 2, watcher.wall, count=7))
    assert watcher.count("a") == 7
    assert set(watcher.board.entries) == {"a", "b"}


def test_a_silent_device_is_forgotten_and_told_as_gone() -> None:
    watcher = Watcher(EngageSection(forget_after=600)).ready()
    watcher.hear(result("a", 1, watcher.wall))
    watcher.wait(300)
    watcher.hear(result("b", 1, watcher.wall))
    watcher.wait(310)
    assert set(watcher.copy) == {"b"}
    assert any(show.delta and show.delta.gone == ("a",) for show in watcher.shown)
    watcher.hear(result("a", 1, watcher.wall - 610), live=False)
    watcher.wait(1)
    assert set(watcher.board.entries) == {"b"}


def test_workers_online_are_counted(watcher: Watcher) -> None:
    watcher.tell(
        *(
            WorkerStatusReceived(status, watcher.now, live=True)
            for status in (
                worker_status("a"),
                worker_status("b"),
                worker_status("a", "offline", session="zero"),
                worker_status("b", "offline"),
                worker_status("c", "offline"),
            )
        )
    )
    watcher.wait(0.3)
    assert {w.worker: w.state for w in watcher.board.workers.values()} == {"a": "online", "b": "offline"}
    assert watcher.board.workers_online == 1


def test_until_ready_the_devices_are_shown_now_and_then_and_all_of_them_when_it_is() -> None:
    watcher = Watcher()
    watcher.tell(Started("here", watcher.now), BrokerConnected())
    for number in range(40):
        watcher.hear(result(f"cam-{number}", 1, watcher.wall), live=False)
        watcher.wait(0.2)
    assert len({len(show.board.entries) for show in watcher.shown}) == 1 + 8 // 5 + 1
    watcher.tell(*(StoredListed("production", (), None, kind) for kind in get_args(Kept)), MarkerReceived())
    assert watcher.board.ready
    assert len(watcher.board.entries) == 40
