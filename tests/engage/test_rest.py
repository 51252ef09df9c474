"""REST, as other systems see it."""

import pytest

from common.telemetry import BUS_BAD_MESSAGES
from common.wire.codec import encode
from common.wire.keys import result_key, shown_key, snapshot_key
from common.wire.names import ObjectPath
from tests.engage.conftest import Build
from tests.engage.samples import BUCKET, WALL, device_status, original_result, result
from tests.engage.site import Site


def test_all_devices_by_id(site: Site) -> None:
    site.result("cam2", 1, count=1)
    site.result("cam1", 1, count=4)
    body = site.get("/api/v1/devices")
    assert [d["deviceID"] for d in body["devices"]] == ["cam1", "cam2"]
    assert body["revision"] == site.runner.board.revision


def test_a_device_has_every_field(site: Site) -> None:
    site.result("cam", 7, count=4)
    site.wait(2)
    device = site.get("/api/v1/devices/cam")
    version = device["snapshot"].removeprefix("/api/v1/devices/cam/snapshot?v=")
    assert len(version) == 16
    assert device == {
        "deviceID": "cam",
        "state": "live",
        "count": 3,
        "counts": {"person": 3},
        "capturedAt": WALL,
        "receivedAt": WALL,
        "age": pytest.approx(2.3),
        "staleAfter": WALL + 6,
        "flow": "production",
        "model": "ssdlite-mobilenet-v2-coco@01234567",
        "snapshot": device["snapshot"],
        "sequence": 7,
        "skew": None,
        "worker": "worker-1",
        "queueMs": 12.5,
        "inferenceMs": 48.0,
        "width": 768,
        "height": 576,
        "problem": None,
        "trouble": None,
        "name": None,
        "site": None,
        "group": None,
        "flows": {"production": {"count": 4, "state": "live", "receivedAt": WALL}},
        "agent": None,
    } | {"count": 4, "counts": {"person": 4}}


def test_a_device_without_a_value_has_nulls(site: Site) -> None:
    site.publish(site.topics.device_status("cam"), device_status("cam"), retain=True)
    device = site.get("/api/v1/devices/cam")
    assert (device["state"], device["count"], device["age"], device["snapshot"]) == (
        "unknown",
        None,
        None,
        None,
    )


def test_age_counts_and_the_state_turns_between_two_questions(site: Site) -> None:
    site.result("cam", 1)
    before = site.get("/api/v1/devices")
    site.wait(10)
    after = site.get("/api/v1/devices")
    assert (before["devices"][0]["state"], after["devices"][0]["state"]) == ("live", "stale")
    assert after["devices"][0]["age"] == pytest.approx(10.3)
    assert after["revision"] > before["revision"]


def test_a_clock_that_is_off_is_told(site: Site) -> None:
    site.result("cam", 1, creationTimestamp=WALL + 3600)
    assert site.get("/api/v1/devices/cam")["skew"] == pytest.approx(3600)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/v1/devices/nobody", 404, "/api/v1/devices lists those"),
        ("/api/v1/devices/nobody/snapshot", 404, "/api/v1/devices lists those"),
        ("/api/v1/devices/a%2fb", 404, "/api/openapi.json"),
        ("/api/v2/devices", 404, "/api/openapi.json"),
        ("/api/v1.0/devices", 404, "compat.people_counter"),
    ],
)
def test_what_is_not_there_is_a_problem_that_says_what_to_do(
    site: Site, path: str, status: int, says: str
) -> None:
    answer = site.web.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert set(answer.json or {}) == {"type", "title", "status", "detail"}
    assert says in (answer.json or {})["detail"]


def test_other_methods_are_refused_with_those_that_are_allowed(site: Site) -> None:
    answer = site.web.post("/api/v1/devices", json={})
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_head_is_get_without_a_body(site: Site) -> None:
    got, head = site.web.get("/api/v1/devices"), site.web.head("/api/v1/devices")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_an_error_of_ours_is_a_problem_without_its_inside(site: Site) -> None:
    site.runner.board = None  # type: ignore[assignment]
    answer = site.web.get("/api/v1/devices")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "NoneType" not in answer.text


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    answer = site.web.get("/api/v1/devices", data=b"x" * 200_000)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


def test_alive_before_ready(build: Build) -> None:
    site = build()
    site.broker.down()
    site.start()
    assert site.get("/healthz") == {"alive": True}
    answer = site.web.get("/readyz")
    assert (answer.status_code, (answer.json or {})["ready"]) == (503, False)
    assert "MQTT broker" in (answer.json or {})["reasons"][0]
    assert site.get("/api/v1/devices")["devices"] == []
    site.broker.up()
    site.until(lambda: site.web.get("/readyz").status_code == 200)
    site.wait(1)
    assert site.get("/readyz") == {"ready": True, "reasons": []}


def test_ready_means_rebuilt_from_broker_and_store(build: Build) -> None:
    site = build()
    kept = result("kept", 1, site.clock.wall() - 1)
    site.broker.retained[site.topics.result("production", "kept")] = encode(kept)
    lost = result("lost", 1, site.clock.wall() - 1, count=8)
    site.store.put(result_key("production", "lost"), encode(lost))
    site.store.put(result_key("production", "wrong"), encode(lost))
    site.store.put(result_key("production", "corrupt"), b"{")
    site.store.put(result_key("production", "huge"), b" " * 300_000)
    before = BUS_BAD_MESSAGES._value.get()
    site.rebuilt()
    assert [(d["deviceID"], d["state"]) for d in site.get("/api/v1/devices")["devices"]] == [
        ("kept", "live"),
        ("lost", "live"),
    ]
    assert BUS_BAD_MESSAGES._value.get() - before == 3


def test_what_was_retained_for_an_hour_is_an_hour_old(build: Build) -> None:
    site = build()
    old = encode(result("cam", 1, site.clock.wall() - 3600))
    site.broker.retained[site.topics.result("production", "cam")] = old
    site.rebuilt()
    device = site.get("/api/v1/devices/cam")
    assert (device["state"], device["age"]) == ("stale", pytest.approx(3600))


def test_the_newer_of_store_and_broker_wins(build: Build) -> None:
    site = build()
    now = site.clock.wall()
    for name, retained, stored in (("a", 1, 2), ("b", 2, 1)):
        for number, count in ((retained, 1), (stored, 2)):
            message = encode(result(name, number, now - 20 + 5 * number, count=count))
            if count == 1:
                site.broker.retained[site.topics.result("production", name)] = message
            else:
                site.store.put(result_key("production", name), message)
    site.rebuilt()
    assert {d["deviceID"]: d["count"] for d in site.get("/api/v1/devices")["devices"]} == {"a": 2, "b": 1}


def test_more_stored_results_than_a_page_holds(build: Build) -> None:
    site = build()
    for number in range(1100):
        name = f"cam{number:04}"
        site.store.put(result_key("production", name), encode(result(name, 1, site.clock.wall())))
    site.rebuilt()
    site.wait(1)
    assert len(site.get("/api/v1/devices")["devices"]) == 1100


def test_a_store_that_is_away_does_not_hold_up_ready_and_is_asked_again(build: Build) -> None:
    site = build()
    site.store.put(result_key("production", "cam"), encode(result("cam", 1, site.clock.wall())))
    site.store.down = True
    site.rebuilt()
    assert site.get("/readyz")["reasons"] == ["the store is away: the store is down"]
    site.store.down = False
    site.wait(1)

    def shown() -> bool:
        site.wait(0.1)
        return bool(site.runner.board.entries)

    site.until(shown)
    site.wait(1)
    assert site.get("/readyz") == {"ready": True, "reasons": []}


def test_bad_messages_change_nothing_but_a_counter(site: Site) -> None:
    site.result("cam", 1)
    before, bad = site.get("/api/v1/devices"), BUS_BAD_MESSAGES._value.get()
    topics = [site.topics.result("production", "cam"), site.topics.device_status("cam")]
    payloads = [b"{", b"\xff\xfe", b"[]", b'{"type":"result"}', b" " * 300_000]
    payloads.append(encode(result("other", 1, site.clock.wall())))
    payloads.append(encode(device_status("other")))
    for topic in topics:
        for payload in payloads:
            site.publish(topic, payload)
    after = site.get("/api/v1/devices")
    assert BUS_BAD_MESSAGES._value.get() - bad == len(topics) * len(payloads)
    assert after["revision"] == before["revision"]
    assert [d["deviceID"] for d in after["devices"]] == ["cam"]


def test_metrics_tell_devices_by_state(site: Site) -> None:
    site.result("cam", 1)
    site.publish(site.topics.device_status("other"), device_status("other"))
    text = site.web.get("/metrics").text
    assert 'headway_devices{state="live"} 1.0' in text
    assert 'headway_devices{state="unknown"} 1.0' in text
    assert f"headway_revision {site.runner.board.revision}.0" in text


def test_the_original_interface(build: Build) -> None:
    site = build(compat={"people_counter": True}).rebuilt()
    site.result("ours", 1, count=2)
    snapshot = site.get("/api/v1/devices/ours")["snapshot"]
    theirs = original_result("theirs", site.clock.wall(), count=5)
    site.original(theirs)
    assert site.get("/api/v1.0/devices") == {
        "ours": {
            "type": "result",
            "deviceID": "ours",
            "filePath": "people-counter-images/snapshots/production/ours.jpg",
            "creationTimestamp": WALL,
            "analysisMetadata": {"results": {"count": 2}},
            "displayPath": snapshot,
        },
        "theirs": {
            "type": "result",
            "deviceID": "theirs",
            "filePath": str(theirs.file_path),
            "creationTimestamp": theirs.creation_timestamp,
            "analysisMetadata": {"results": {"count": 5}},
            "displayPath": "",
        },
    }
    assert site.get("/api/v1/devices/theirs")["state"] == "live"
    assert site.get("/api/v1/devices/theirs")["snapshot"] is None


def test_the_original_interface_names_the_picture_that_was_named_on_its_topic(build: Build) -> None:
    site = build(compat={"people_counter": True}).rebuilt()
    shown = f"{BUCKET}/{shown_key('cam', WALL)}"
    told = original_result("cam", site.clock.wall()).model_copy(update={"file_path": ObjectPath.parse(shown)})
    site.original(told)
    site.result("cam", 1, creationTimestamp=told.creation_timestamp)
    body = site.get("/api/v1.0/devices")["cam"]
    assert body["filePath"] == shown
    assert body["displayPath"] == site.get("/api/v1/devices/cam")["snapshot"]
    site.result("cam", 2)
    assert site.get("/api/v1.0/devices")["cam"]["filePath"] == f"{BUCKET}/{snapshot_key('production', 'cam')}"


@pytest.mark.parametrize(
    "place", ["another-bucket/snapshots/production/cam.jpg", f"{BUCKET}/captures/cam/1.jpg"]
)
def test_a_picture_that_is_not_served_is_not_advertised(build: Build, place: str) -> None:
    site = build(compat={"people_counter": True}).rebuilt()
    site.result("cam", 1, filePath=place)
    assert site.get("/api/v1/devices/cam")["snapshot"] is None
    assert site.get("/api/v1.0/devices")["cam"]["displayPath"] == ""
    assert site.get("/api/v1.0/devices")["cam"]["filePath"] == place
    assert site.web.get("/api/v1/devices/cam/snapshot").status_code == 404
