"""The live channel for Socket.IO clients of version 2, without a network."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engage import polling
from engage.engine_io_3 import decode, encode
from tests.engage.conftest import Build
from tests.engage.site import Site

PATH = "/socket.io/?EIO=3&transport=polling"


@pytest.fixture
def site(build: Build) -> Site:
    return build(
        compat={"people_counter": True}, engage={"allowed_origins": ["https://yard.example"]}
    ).rebuilt()


class Client:
    def __init__(self, site: Site) -> None:
        self._web = site.web
        opened, self.connected = decode(site.web.get(PATH).data)
        self.offer = json.loads(opened.removeprefix("0"))
        self._path = f"{PATH}&sid={self.offer['sid']}"

    def say(self, *packets: str) -> TestResponse:
        return self._web.post(self._path, data=encode(packets), content_type="text/plain;charset=UTF-8")

    def poll(self) -> TestResponse:
        return self._web.get(self._path)

    def hear(self) -> list[str]:
        return decode(self.poll().data)

    def join(self) -> "Client":
        self.say("40/test,")
        assert self.hear() == ["40/test,"]
        return self


def updates(packets: list[str]) -> list[Any]:
    events = [json.loads(packet.removeprefix("42/test,")) for packet in packets]
    assert {name for name, _ in events} <= {"devicesupdates"}
    return [body for _, body in events]


def test_the_handshake(site: Site) -> None:
    client = Client(site)
    assert client.offer | {"sid": ""} == {
        "sid": "",
        "upgrades": [],
        "pingInterval": 5000,
        "pingTimeout": 5000,
    }
    assert client.connected == "40"


def test_who_has_joined_hears_each_new_value_once(site: Site) -> None:
    one, other, root = Client(site).join(), Client(site).join(), Client(site)
    site.result("cam1", 1, count=4)
    site.result("cam2", 1, count=5)
    heard = updates(one.hear())
    assert heard == updates(other.hear())
    assert [(result["deviceID"], result["analysisMetadata"]) for result in heard] == [
        ("cam1", {"results": {"count": 4}}),
        ("cam2", {"results": {"count": 5}}),
    ]
    assert {result["deviceID"]: result for result in heard} == site.get("/api/v1.0/devices")
    site.wait(10)
    root.say("2")
    assert root.hear() == ["3"]


def test_what_it_says_is_answered_with_the_next_poll(site: Site) -> None:
    client = Client(site)
    assert (client.say("2", "40/live,", "40/test,").data, client.hear()) == (
        b"ok",
        ["3", '44/live,"Invalid namespace"', "40/test,"],
    )


def test_a_poll_with_nothing_to_say_ends_with_a_noop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.live._polling, "_interval", 0.05)
    assert Client(site).hear() == ["6"]


def test_it_leaves(site: Site) -> None:
    client = Client(site).join()
    client.say("1")
    assert client.hear() == ["6"]
    assert client.poll().status_code == 400


@pytest.mark.parametrize(
    ("method", "query", "status", "code"),
    [
        ("GET", "EIO=3&transport=polling&sid=nobody", 400, 1),
        ("POST", "EIO=3&transport=polling&sid=nobody", 400, 1),
        ("POST", "EIO=3&transport=polling", 400, 2),
        ("GET", "EIO=3&transport=websocket", 400, 0),
        ("GET", "EIO=3", 400, 0),
        ("GET", "EIO=3&transport=polling&j=0", 400, 0),
    ],
)
def test_refusals(site: Site, method: str, query: str, status: int, code: int) -> None:
    answer = site.web.open(f"/socket.io/?{query}", method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert (answer.json or {})["code"] == code


def test_what_is_no_payload_ends_the_session(site: Site) -> None:
    client = Client(site)
    assert client.say("4").status_code == 200
    broken = site.web.post(client._path, data=b"9:2")
    assert (broken.status_code, broken.json) == (400, {"code": 3, "message": "Bad request"})
    assert client.poll().status_code == 400


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    assert Client(site).say("4" * 200_000).status_code == 413


def test_nobody_who_does_not_poll_is_kept(site: Site) -> None:
    silent, present = Client(site).join(), Client(site).join()
    for _ in range(3):
        site.wait(4)
        present.say("2")
        assert present.hear() == ["3"]
    site.result("cam", 1)
    assert silent.poll().status_code == 400
    assert len(updates(present.hear())) == 1


def test_there_is_room_for_so_many(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_SESSIONS", 2)
    Client(site), Client(site)
    assert site.web.get(PATH).status_code == 503
    site.wait(11)
    Client(site)


def test_one_that_does_not_keep_up_is_hung_up_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_WAITING", 2)
    client = Client(site).join()
    for number in range(3):
        site.result("cam", number)
    assert client.poll().status_code == 400


@pytest.mark.parametrize(
    ("origin", "status", "allowed"),
    [
        (None, 200, None),
        ("http://localhost", 200, None),
        ("https://yard.example", 200, "https://yard.example"),
        ("https://evil.example", 403, None),
    ],
)
def test_the_rules_of_all_answers_hold(
    site: Site, origin: str | None, status: int, allowed: str | None
) -> None:
    answer = site.web.get(PATH, headers={"Origin": origin} if origin else {})
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    assert site.web.get(PATH, headers={"Host": "evil.example"}).status_code == 421


def test_other_protocols_go_where_they_went(site: Site) -> None:
    for query in (
        "EIO=4&transport=polling&sid=nobody",
        "EIO=2&transport=polling",
        "EIO=3&EIO=4",
        "x=EIO=3",
        "",
    ):
        answer = site.web.get(f"/socket.io/?{query}")
        assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_without_the_original_people_counter_there_is_no_such_channel(build: Build) -> None:
    answer = build().rebuilt().web.get(PATH)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
