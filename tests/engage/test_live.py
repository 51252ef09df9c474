"""The live channel, without a network."""

from typing import Any

from common.wire.messages import DeviceStatus
from engage.live import LIVE, ORIGINAL
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
