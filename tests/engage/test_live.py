"""The live channel, without a network."""

from typing import Any

import pytest

from common.wire.messages import DeviceStatus
from engage.access.roles import Principal, Role
from engage.lines import is_sane
from engage.live import ORIGINAL
from engage.packets import LIVE
from tests.engage.conftest import Build
from tests.engage.samples import WALL
from tests.engage.site import Site


def received(browser: Any, namespace: str = LIVE) -> list[tuple[str, Any]]:
    return [(message["name"], message["args"][0]) for message in browser.get_received(namespace)]


def test_a_snapshot_first_then_changes_from_its_revision(site: Site) -> None:
    site.result("cam1", 1)
    site.result("cam2", 1)
    browser = site.browser()
    ((name, snapshot),) = received(browser)
    assert (name, snapshot["now"], snapshot["broker"]) == ("snapshot", site.clock.wall(), "connected")
    assert [d["deviceID"] for d in snapshot["devices"]] == ["cam1", "cam2"]
    site.result("cam2", 2, count=9)
    ((name, changes),) = received(browser)
    assert (name, changes["since"]) == ("changes", snapshot["revision"])
    assert changes["revision"] == site.get("/api/v1/devices")["revision"]
    assert [(d["deviceID"], d["count"]) for d in changes["devices"]] == [("cam2", 9)]
    assert changes["gone"] == []


def test_the_same_device_json_as_rest(site: Site) -> None:
    site.result("cam", 1)
    browser = site.browser()
    ((_, snapshot),) = received(browser)
    assert snapshot["devices"] == site.get("/api/v1/devices")["devices"]


def test_stale_and_a_lost_broker_are_told_without_any_message(site: Site) -> None:
    site.result("cam", 1)
    browser = site.browser()
    browser.get_received(LIVE)
    site.broker.down()
    site.wait(10)
    site.wait(1)
    told = [(c["broker"], [d["state"] for d in c["devices"]]) for _, c in received(browser)]
    assert told[-1] in [("lost", ["stale"]), ("lost", [])]
    assert any("stale" in states for _, states in told)
    assert site.web.get("/readyz").status_code == 200


def test_resync_answers_with_a_snapshot_to_that_viewer_alone(site: Site) -> None:
    one, other = site.browser(), site.browser()
    one.get_received(LIVE)
    other.get_received(LIVE)
    one.emit("resync", namespace=LIVE)
    site.wait(0.3)
    assert [name for name, _ in received(one)] == ["snapshot"]
    assert received(other) == []


def test_anything_else_that_a_browser_says_is_ignored(site: Site) -> None:
    browser = site.browser()
    browser.get_received(LIVE)
    browser.emit("subscribe", {"to": "#"}, namespace=LIVE)
    browser.emit("resync", {"unexpected": 1}, [2], namespace=LIVE)
    site.wait(0.3)
    assert [name for name, _ in received(browser)] == ["snapshot"]


def test_more_viewers_than_there_is_room_for_are_refused_until_one_leaves(build: Build) -> None:
    site = build(engage={"viewers": 1}).rebuilt()
    one = site.browser()
    assert not site.browser().is_connected(LIVE)
    one.disconnect(LIVE)
    assert site.browser().is_connected(LIVE)


def test_a_device_of_unknown_state_is_told(site: Site) -> None:
    browser = site.browser()
    browser.get_received(LIVE)
    status = DeviceStatus(device_id="cam", state="online", session="x")
    site.publish(site.topics.device_status("cam"), status)
    ((_, changes),) = received(browser)
    assert [(d["deviceID"], d["state"]) for d in changes["devices"]] == [("cam", "unknown")]


def test_the_original_page_hears_of_each_device_with_a_new_value(build: Build) -> None:
    site = build(compat={"people_counter": True}).rebuilt()
    site.result("cam1", 1, count=4)
    site.result("cam2", 1, count=4)
    browser = site.browser(ORIGINAL)
    site.result("cam1", 2, count=5)
    ((name, update),) = received(browser, ORIGINAL)
    assert (name, update["deviceID"]) == ("devicesupdates", "cam1")
    assert update["analysisMetadata"] == {"results": {"count": 5}}
    assert update["creationTimestamp"] > WALL
    assert update == site.get("/api/v1.0/devices")["cam1"]
    site.wait(10)
    assert site.get("/api/v1/devices/cam1")["state"] == "stale"
    assert received(browser, ORIGINAL) == [], "its values have no age"


def test_the_original_channel_is_not_there_unless_asked_for(site: Site) -> None:
    assert not site.browser(ORIGINAL).is_connected(ORIGINAL)


def shown(browser: Any) -> tuple[str, list[str]]:
    """The one message that came, and the devices in it."""
    ((name, message),) = received(browser)
    return name, [device["deviceID"] for device in message["devices"]]


def at_site(site: Site, device: str, where: str) -> None:
    site.publish(
        site.topics.device_status(device),
        DeviceStatus(device_id=device, state="online", session="x", site=where),
    )


@pytest.mark.parametrize(
    ("auth", "devices"),
    [
        (None, ["cam1", "cam2", "cam3"]),
        ({"site": "north"}, ["cam1", "cam3"]),
        ({"devices": ["cam2", "cam3", "nobody"]}, ["cam2", "cam3"]),
        ({"site": "north", "devices": ["cam2", "cam3"]}, ["cam3"]),
        ({"site": "east"}, []),
        ({"flow": "production"}, []),
    ],
)
def test_a_viewer_is_shown_what_it_asks_for(site: Site, auth: Any, devices: list[str]) -> None:
    for device, where in (("cam1", "north"), ("cam2", "south"), ("cam3", "north")):
        at_site(site, device, where)
    assert shown(site.browser(auth=auth)) == ("snapshot", devices)


def test_a_viewer_hears_of_its_own_site_only_and_is_never_behind(site: Site) -> None:
    at_site(site, "cam1", "north")
    browser = site.browser(auth={"site": "north"})
    ((_, snapshot),) = received(browser)
    for number in range(3):
        at_site(site, f"other{number}", "south")
    assert received(browser) == []
    at_site(site, "cam2", "north")
    ((_, changes),) = received(browser)
    assert ([d["deviceID"] for d in changes["devices"]], changes["since"]) == (["cam2"], snapshot["revision"])
    at_site(site, "cam1", "south")
    ((_, changes),) = received(browser)
    assert (changes["devices"], changes["gone"]) == ([], ["cam1"])


def test_a_viewer_turns_to_something_else(site: Site) -> None:
    at_site(site, "cam1", "north")
    at_site(site, "cam2", "south")
    browser = site.browser(auth={"site": "north"})
    browser.get_received(LIVE)
    assert browser.emit("watch", {"site": "south"}, namespace=LIVE, callback=True) == {}
    site.wait(0.3)
    assert shown(browser) == ("snapshot", ["cam2"])
    answer = browser.emit("watch", {"site": 5}, namespace=LIVE, callback=True)
    assert "what you ask to watch is not well formed: site" in answer["error"]
    at_site(site, "cam3", "south")
    assert shown(browser) == ("changes", ["cam3"])


@pytest.mark.parametrize(
    "auth",
    [
        {"site": ""},
        {"site": "x" * 501},
        {"devices": "cam1"},
        {"devices": ["cam1"] * 1001},
        {"devices": ["../x"]},
        {"flow": "nobody-knows"},
        {"group": ["a"]},
    ],
)
def test_who_asks_for_nonsense_is_refused(site: Site, auth: Any) -> None:
    assert not site.browser(auth=auth).is_connected(LIVE)
    assert not site.live._viewers


def test_nothing_of_a_viewer_stays_when_it_leaves(site: Site) -> None:
    browsers = [site.browser(auth={"site": str(number)}) for number in range(3)]
    assert (len(site.live._viewers), len(site.live._rooms)) == (3, 3)
    for browser in browsers:
        browser.disconnect(LIVE)
    site.pump()
    manager = site.live._server.manager
    assert (len(site.live._viewers), len(site.live._rooms), manager.rooms) == (0, 0, {})
    assert (manager.pending_connect, manager.pending_disconnect) == ({}, {})


class Doorman:
    """An Identify whose mind can be changed."""

    def __init__(self, principal: Principal | None) -> None:
        self.principal = principal

    def __call__(self, _environ: dict[str, Any], _auth: object) -> Principal | None:
        return self.principal


def test_who_may_look_no_more_is_sent_away_and_who_may_see_less_sees_less(site: Site) -> None:
    at_site(site, "cam1", "north")
    at_site(site, "cam2", "south")
    doorman = site.live._identify = Doorman(Principal("ada", Role.VIEWER, frozenset({"north", "south"})))
    one, other = site.browser(), site.browser(auth={"site": "north"})
    assert (shown(one), shown(other)) == (("snapshot", ["cam1", "cam2"]), ("snapshot", ["cam1"]))
    doorman.principal = Principal("ada", Role.VIEWER, frozenset({"south"}))
    site.live.recheck()
    site.wait(0.3)
    site.wait(0.3)
    assert (shown(one), shown(other)) == (("snapshot", ["cam2"]), ("snapshot", []))
    doorman.principal = None
    site.live.recheck()
    assert not one.is_connected(LIVE)
    assert not site.live._viewers
    assert not site.browser().is_connected(LIVE)


@pytest.mark.parametrize(
    ("packet", "sane"),
    [
        ("0", True),
        ("0/live,", True),
        ('0/live,{"site":"north"}', True),
        ('2/live,["resync"]', True),
        ('2/live,12["watch",{}]', True),
        ("1/live,", True),
        ("", False),
        ("0/live,[]", False),
        ("2/live,", False),
        ('2/live,{"a":1}', False),
        ("2/live,[]", False),
        ("2/live,[[1]]", False),
        ("2" + "[" * 16_000, False),
        ("2" + "1" * 100 + '["x"]', False),
        ('3/live,1["ack"]', False),
        ('51-/live,["x",{"_placeholder":true,"num":0}]', False),
        ("9", False),
    ],
)
def test_only_what_a_browser_says_reaches_socket_io(packet: str, *, sane: bool) -> None:
    assert is_sane(packet) is sane
