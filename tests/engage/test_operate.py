"""What people want of a device, and the sums over devices."""

from typing import Any

import pytest

from common.wire.codec import decode, encode
from common.wire.messages import DeviceConfig, DeviceSettings, WorkerStatus
from engage.access.roles import Principal, Role, act_as
from tests.engage.conftest import Build
from tests.engage.samples import device_status, worker_status
from tests.engage.site import Site

SETTINGS = "/api/v1/devices/cam/settings"
NOTHING = {"interval": None, "name": None, "site": None, "group": None, "paused": None}


@pytest.fixture
def one(site: Site) -> Site:
    site.publish(site.topics.device_status("cam"), device_status("cam"), retain=True)
    return site


def put(to: Site, **settings: Any) -> Any:
    answer = to.web.put(SETTINGS, json=settings)
    to.pump()
    to.wait(0.3)
    return answer


def test_settings_are_asked_for_and_then_applied(one: Site) -> None:
    nothing = {"deviceID": "cam", "desired": None, "revision": None, "applied": None, "by": None, "at": None}
    assert one.get(SETTINGS) == nothing
    answer = put(one, interval=2, name="Gate")
    assert (answer.status_code, answer.json["desired"]) == (202, NOTHING | {"interval": 2, "name": "Gate"})
    now = one.get(SETTINGS)
    assert (now["desired"]["name"], now["revision"], now["applied"], now["by"]) == ("Gate", 1, None, "local")
    assert one.get("/api/v1/devices/cam")["name"] == "Gate"
    applied = device_status("cam").model_copy(update={"applied": 1})
    one.publish(one.topics.device_status("cam"), applied, retain=True)
    assert one.get(SETTINGS)["applied"] == 1
    assert put(one).json["desired"] is None
    assert one.get(SETTINGS)["desired"] is None
    assert one.get("/api/v1/devices/cam")["name"] is None


def test_settings_win_over_whatever_somebody_left_on_the_broker(one: Site) -> None:
    topic = one.topics.device_config("cam")
    last = DeviceConfig(device_id="cam", revision=10**9, settings=DeviceSettings(paused=True), by="eve")
    one.publish(topic, last, retain=True)
    assert one.get(SETTINGS)["revision"] == 10**9
    for interval, revision in ((2, 1), (3, 2)):
        assert put(one, interval=interval).status_code == 202
        found = one.get(SETTINGS)
        assert (found["desired"], found["revision"]) == (NOTHING | {"interval": interval}, revision)
    for unreadable in (encode(last).replace(b"1000000000", b"1000000001"), b"{"):
        one.publish(topic, unreadable, retain=True)
        assert put(one, interval=4).status_code == 202
        kept = decode(one.topics, topic, one.broker.retained[topic])
        assert isinstance(kept, DeviceConfig)
        assert kept.settings == DeviceSettings(interval=4)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"interval": 0}, 400, "interval"),
        ({"interval": "5"}, 400, "valid number"),
        ({"paused": 1}, 400, "paused"),
        ({"name": "x" * 101}, 400, "name"),
        ({"name": "a\nb"}, 400, "name"),
        ({"colour": "red"}, 400, "colour"),
        ([], 400, "body"),
    ],
)
def test_settings_that_are_refused(one: Site, body: Any, status: int, says: str) -> None:
    answer = one.web.put(SETTINGS, json=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert says in (answer.json or {})["detail"]
    assert one.get(SETTINGS)["desired"] is None


def test_a_body_that_is_no_json(one: Site) -> None:
    assert one.web.put(SETTINGS, data="{", content_type="application/json").status_code == 400
    answer = one.web.put(SETTINGS, data="interval=5", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415


def test_a_device_that_is_not_known_is_neither_set_nor_forgotten(site: Site) -> None:
    assert site.web.put(SETTINGS, json={}).status_code == 404
    assert site.web.get(SETTINGS).status_code == 404
    assert site.web.delete("/api/v1/devices/cam").status_code == 404


def test_an_operator_of_a_site_moves_nothing_out_of_it(build: Build) -> None:
    site = build()
    operator = Principal("olga", Role.OPERATOR, frozenset({"hall", "yard"}), "user", "olga")
    site.app.before_request(lambda: act_as(operator))
    site.rebuilt()
    status = device_status("cam").model_copy(update={"site": "hall"})
    site.publish(site.topics.device_status("cam"), status, retain=True)
    assert put(site, site="elsewhere").status_code == 403
    assert put(site, interval=5).status_code == 202
    assert put(site, site="yard").status_code == 202
    assert site.get("/api/v1/devices/cam")["site"] == "yard"
    assert site.get(SETTINGS)["by"] == "olga"


def test_an_operator_of_a_site_does_not_send_a_device_back_to_one_out_of_sight(build: Build) -> None:
    """What its agent says is the site that was set for it, not the one that it would go back to."""
    site = build()
    site.app.before_request(lambda: act_as(Principal("olga", Role.OPERATOR, frozenset({"yard"}), "user")))
    site.rebuilt()
    moved = DeviceConfig(device_id="cam", revision=1, settings=DeviceSettings(site="yard"))
    site.publish(site.topics.device_config("cam"), moved, retain=True)
    applied = device_status("cam").model_copy(update={"site": "yard", "applied": 1})
    site.publish(site.topics.device_status("cam"), applied, retain=True)
    for body in ({}, {"interval": 5}):
        answer = put(site, **body)
        assert (answer.status_code, "to its own site" in answer.json["detail"]) == (403, True)
    assert put(site, interval=5, site="yard").status_code == 202
    assert site.get(SETTINGS)["desired"]["interval"] == 5


def test_too_busy_to_do_it(one: Site) -> None:
    one.runner.loop.offer = lambda _: False  # type: ignore[method-assign, assignment]
    for answer in (one.web.put(SETTINGS, json={}), one.web.delete("/api/v1/devices/cam")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_sums_leave_out_what_is_not_live_and_say_so(site: Site) -> None:
    for device, where, group in (("a", "hall", "north"), ("b", "hall", "south"), ("c", None, None)):
        status = device_status(device).model_copy(update={"site": where, "group": group})
        site.publish(site.topics.device_status(device), status, retain=True)
    site.result("a", 1, count=4, window=60)
    site.result("b", 1, count=5, window=2)
    site.wait(3)
    answer = site.get("/api/v1/sites")
    assert {key: answer["total"][key] for key in ("devices", "count", "leftOut")} == {
        "devices": 3,
        "count": 4,
        "leftOut": 2,
    }
    assert answer["total"]["states"] == {"live": 1, "stale": 1, "offline": 0, "unknown": 1}
    assert [(s["site"], s["devices"], s["count"], s["leftOut"]) for s in answer["sites"]] == [
        ("hall", 2, 4, 1),
        (None, 1, 0, 1),
    ]
    groups = answer["sites"][0]["groups"]
    assert [(g["group"], g["count"], g["leftOut"]) for g in groups] == [("north", 4, 0), ("south", 0, 1)]
    assert site.get("/api/v1/sites?flow=production")["total"]["devices"] == 2


def test_workers(site: Site) -> None:
    for name, more in (("w2", {"error": "AccessDenied"}), ("w1", {"version": "0.2.0"})):
        status = worker_status(name).model_copy(update=more)
        site.publish(site.topics.worker_status(name), status, retain=True)
    workers = site.get("/api/v1/workers")["workers"]
    assert [worker["worker"] for worker in workers] == ["w1", "w2"]
    assert workers[0]["state"] == "online"
    assert [worker["version"] for worker in workers] == ["0.2.0", None]
    assert [worker["error"] for worker in workers] == [None, "AccessDenied"]
    assert set(workers[0]) - {"seen"} < set(WorkerStatus.model_fields)
