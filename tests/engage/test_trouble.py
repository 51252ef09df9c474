"""What an agent reports of itself, and pictures set aside: shown beside the value, never in it."""

import pytest

from engage.events import Refused
from engage.metrics import PROBLEMS, TROUBLES
from engage.settings import EngageSection
from engage.trouble import SHOWN_FOR, trouble_of
from engage.value import Moment, value_of
from tests.engage.conftest import Build
from tests.engage.samples import WALL, device_status, result, trouble
from tests.engage.site import Site
from tests.engage.watcher import Watcher

HOUR = 3600.0
NOW = Moment(WALL, 50.0)


@pytest.fixture
def watcher() -> Watcher:
    return Watcher().ready()


def hear(watcher: Watcher, number: int) -> None:
    watcher.hear(result("cam", number, watcher.wall, window=10**4))


def test_it_stays_until_ten_minutes_are_over_and_a_later_capture_is_analysed(watcher: Watcher) -> None:
    watcher.suffer(trouble("cam", 1, watcher.wall))
    watcher.wait(1)
    hear(watcher, 2)
    watcher.wait(SHOWN_FOR - 2)
    assert watcher.in_trouble("cam")
    watcher.wait(2)
    assert not watcher.in_trouble("cam")


def test_time_alone_does_not_clear_it_nor_does_an_earlier_capture(watcher: Watcher) -> None:
    hear(watcher, 1)
    watcher.wait(1)
    watcher.suffer(trouble("cam", 2, watcher.wall))
    watcher.wait(2 * SHOWN_FOR)
    assert watcher.in_trouble("cam")
    hear(watcher, 3)
    assert not watcher.in_trouble("cam")


def test_value_and_state_are_those_without_it(watcher: Watcher) -> None:
    hear(watcher, 1)
    before = watcher.entry("cam")
    watcher.suffer(trouble("cam", 2, watcher.wall))
    watcher.suffer(trouble("new", 1, watcher.wall))
    after = watcher.entry("cam")
    assert after.trouble
    assert (after.state, after.value, after.picture) == (before.state, before.value, before.picture)
    assert (watcher.state("new"), watcher.count("new")) == ("unknown", None)


def test_the_latest_counts_and_a_retained_one_heard_again_changes_nothing(watcher: Watcher) -> None:
    first, second = trouble("cam", 1, watcher.wall), trouble("cam", 2, watcher.wall + 1)
    watcher.suffer(first)
    watcher.wait(1)
    watcher.suffer(second)
    shown = watcher.entry("cam").trouble
    assert shown
    assert shown.capture == second.capture_id
    hear(watcher, 3)
    watcher.wait(SHOWN_FOR)
    watcher.suffer(second, live=False)
    watcher.suffer(first, live=False)
    assert not watcher.in_trouble("cam")
    watcher.suffer(trouble("cam", 4, watcher.wall))
    assert watcher.in_trouble("cam")


def test_once_outlived_a_clock_that_is_set_back_does_not_bring_it_back(watcher: Watcher) -> None:
    watcher.suffer(trouble("cam", 1, watcher.wall))
    watcher.wait(1)
    hear(watcher, 2)
    watcher.wait(SHOWN_FOR)
    watcher.hear(result("cam", 3, watcher.wall, creationTimestamp=WALL - HOUR, window=10**4))
    watcher.hear(result("cam", 4, watcher.wall, creationTimestamp=WALL - 1, receivedAt=WALL - 1))
    assert not watcher.in_trouble("cam")


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(
    ("ago", "later", "shown"),
    [(60, True, True), (900, True, False), (900, False, True), (8 * 86_400, False, False)],
)
def test_after_a_restart_the_retained_one_is_judged_by_its_own_time(
    watcher: Watcher, order: int, ago: float, *, later: bool, shown: bool
) -> None:
    then = watcher.wall - ago
    value = result("cam", 2, then + (1 if later else -1), window=10**6)
    told = [
        lambda: watcher.suffer(trouble("cam", 1, then), live=False),
        lambda: watcher.hear(value, live=False),
    ]
    told[order]()
    told[1 - order]()
    watcher.status(device_status("cam"))
    assert watcher.in_trouble("cam") is shown


def test_other_flows_and_devices_without_room_are_not_taken() -> None:
    watcher = Watcher(EngageSection(devices=1)).ready()
    watcher.suffer(trouble("cam", 1, watcher.wall), flow="trial")
    watcher.wait(1)
    assert not watcher.board.entries
    watcher.suffer(trouble("cam", 1, watcher.wall))
    watcher.suffer(trouble("more", 1, watcher.wall))
    assert watcher.effects[-1] == Refused("more")
    assert watcher.in_trouble("cam")


@pytest.mark.parametrize(
    ("crashed", "created", "received", "later"),
    [
        (WALL, WALL + 1, WALL + 1, True),
        (WALL, WALL - 1, WALL + 1, False),
        (WALL, WALL, WALL, False),
        (WALL + HOUR, WALL + 2, WALL + 2, True),
        (WALL + HOUR, WALL + HOUR + 2, WALL + 2, True),
        (WALL - HOUR, WALL + 2, WALL + 2, True),
        (WALL, WALL - HOUR, WALL + 2, True),
        (WALL, WALL + HOUR, WALL - 2, False),
    ],
)
def test_later_is_by_the_hubs_clock_where_the_devices_is_off(
    crashed: float, created: float, received: float, *, later: bool
) -> None:
    one = trouble_of(trouble("cam", 1, WALL, creationTimestamp=crashed), NOW, live=True)
    message = result("cam", 2, received, creationTimestamp=created)
    assert one.before(value_of(message, "production", WALL + 10, live=True)) is later


@pytest.mark.parametrize(
    ("published", "live", "at"),
    [
        (WALL - 5, True, WALL - 5),
        (WALL - HOUR, True, WALL),
        (WALL + HOUR, True, WALL),
        (WALL - HOUR, False, WALL - HOUR),
        (WALL + HOUR, False, WALL),
    ],
)
def test_it_happened_by_the_hubs_clock(published: float, at: float, *, live: bool) -> None:
    one = trouble_of(trouble("cam", 1, WALL, publishedAt=published), NOW, live=live)
    assert (one.at, one.until) == (at, NOW.steady + at - WALL + SHOWN_FOR)


def test_the_agents_words_are_shown_until_it_has_none(watcher: Watcher) -> None:
    watcher.status(device_status("cam", error="no answer from 10.0.0.7"))
    hear(watcher, 1)
    assert (watcher.entry("cam").problem, watcher.state("cam")) == ("no answer from 10.0.0.7", "live")
    watcher.status(device_status("cam", "offline", session="zero", error="of another time"))
    assert watcher.entry("cam").problem == "no answer from 10.0.0.7"
    watcher.status(device_status("cam"))
    assert watcher.entry("cam").problem is None


def test_rest_the_live_channel_and_metrics_tell_both(site: Site) -> None:
    browser = site.browser()
    sent = trouble("cam", 1, site.clock.wall())
    site.publish(site.topics.trouble("production", "cam"), sent, retain=True)
    site.publish(site.topics.device_status("cam"), device_status("cam", error="camera is away"), retain=True)
    device = site.get("/api/v1/devices/cam")
    assert device["trouble"] == {"reason": sent.reason, "at": sent.published_at, "captureID": sent.capture_id}
    assert (device["problem"], device["state"]) == ("camera is away", "unknown")
    last = browser.get_received("/live")[-1]["args"][0]["devices"][0]
    assert (last["trouble"], last["problem"]) == (device["trouble"], device["problem"])
    assert (PROBLEMS._value.get(), TROUBLES._value.get()) == (1, 1)
    site.publish(site.topics.device_status("cam"), device_status("cam"), retain=True)
    assert site.get("/api/v1/devices/cam")["problem"] is None
    assert (PROBLEMS._value.get(), TROUBLES._value.get()) == (0, 1)


def test_only_the_devices_own_topic_may_tell(build: Build) -> None:
    site = build().rebuilt()
    site.publish(site.topics.trouble("production", "cam"), trouble("other", 1, WALL))
    site.publish(site.topics.trouble("trial", "cam"), trouble("cam", 1, WALL))
    assert site.get("/api/v1/devices")["devices"] == []
