"""What somebody tries who should not be here, or not see as much."""

from threading import Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engage.access.maker import Maker
from engage.access.records import Credential, Epoch, Invitation, User
from engage.access.roles import Role
from engage.access.secret import digest
from headway.door import UP
from tests.engage.access.people import (
    PASSWORD,
    TEST,
    accept,
    bearer,
    invited,
    json,
    person,
    sign_in,
    token,
    whoami,
)
from tests.engage.conftest import Build
from tests.engage.samples import device_status
from tests.engage.site import Site
from tests.eventually import eventually

DEVICES = "/api/v1/devices"


def stand(site: Site, device: str, place: str) -> None:
    status = device_status(device).model_copy(update={"site": place})
    site.publish(site.topics.device_status(device), status, retain=True)


def actions(site: Site) -> list[str]:
    return [entry.action for _, entry in site.access.audit.recent(100)]


def test_signing_out_with_made_up_cookies_writes_nothing(guarded: Site) -> None:
    person(guarded)
    before, epoch = actions(guarded), guarded.access.admin.vault.get_now(Epoch, "epoch")
    for number in range(5):
        headers = {"Cookie": f"headway_session={number:x>43}"}
        assert guarded.app.test_client().delete("/api/v1/session", headers=headers).status_code == 204
    assert guarded.web.delete("/api/v1/session").status_code == 204
    assert actions(guarded) == before
    assert guarded.access.admin.vault.get_now(Epoch, "epoch") == epoch


def test_whoever_signs_out_while_the_store_is_away_is_told_that_it_did_not_happen(guarded: Site) -> None:
    ann = person(guarded)
    guarded.store.down = True
    assert ann.delete("/api/v1/session").status_code == 503


def test_cookies_of_other_services_of_the_host_do_not_sign_out(guarded: Site) -> None:
    ann = person(guarded)
    cookie = ann.get_cookie("headway_session")
    assert cookie
    for others in ('prefs={"a":1,"b":"c d"}', "list[0]=x", 'odd="unclosed', "\xe9=\xe9", "x" * 3000):
        headers = {"Cookie": f"{others}; headway_session={cookie.value}"}
        answer = guarded.app.test_client(use_cookies=False).get("/api/v1/session", headers=headers)
        assert (answer.json or {})["principal"], others


def test_a_browser_that_signs_in_again_leaves_no_session_behind(guarded: Site) -> None:
    ann = person(guarded)
    old = ann.get_cookie("headway_session")
    assert old
    sign_in(guarded, "ann", client=ann)
    headers = {"Cookie": f"headway_session={old.value}"}
    assert guarded.app.test_client(use_cookies=False).get(DEVICES, headers=headers).status_code == 401
    assert whoami(ann)


@pytest.mark.parametrize("end", ["revoked", "moved"])
def test_a_request_that_waits_answers_nothing_to_whoever_may_not_any_more(guarded: Site, end: str) -> None:
    stand(guarded, "cam", "north")
    person(guarded, "boss")
    client = person(guarded, "ann", Role.VIEWER, "north")
    cursor = (client.get(DEVICES).json or {})["cursor"]
    answers: list[TestResponse] = []
    query = f"?wait=30&since={cursor}"
    waiter = Thread(target=lambda: answers.append(client.get(DEVICES + query)))
    waiter.start()
    eventually(lambda: len(guarded.runner.waiting) == 1)
    change: dict[str, Any] = {"sites": frozenset({"south"})} if end == "moved" else {"disabled": True}
    given: dict[str, Any] = {"role": None, "sites": None, "all_sites": False, "disabled": None} | change
    guarded.access.admin.change("ann", **given)
    guarded.result("cam", 1)
    waiter.join(25)  # with nothing to tell it would answer after 30
    assert [answer.status_code for answer in answers] == [409 if end == "moved" else 401]
    assert "cam" not in answers[0].text


def test_what_depends_on_who_asks_is_kept_by_nobody_else(guarded: Site) -> None:
    stand(guarded, "cam", "north")
    guarded.result("cam", 1)
    headers = bearer(token(guarded))
    paths = (
        DEVICES,
        f"{DEVICES}/cam",
        f"{DEVICES}/cam/snapshot",
        f"{DEVICES}/none",
        "/metrics",
        "/api/v1/users",
    )
    for path in (*paths, "/api/openapi.json", "/api/v1/sites", "/api/v1.0/devices"):
        for asked in (headers, {}):
            answer = guarded.web.get(path, headers=asked)
            assert {"Cookie", "Authorization"} <= set(answer.vary), path
            assert answer.headers["Cache-Control"] in ("no-store", "private, no-cache"), path
    assert guarded.web.get("/nothing/there").headers["Cache-Control"] == "no-store"
    assert "Cookie" not in guarded.web.get("/", buffered=True).vary


def test_the_tag_of_an_answer_tells_nothing_of_other_sites(guarded: Site) -> None:
    headers = bearer(token(guarded, Role.VIEWER, "north"))
    stand(guarded, "n", "north")
    stand(guarded, "s", "south")

    def tag() -> str:
        return guarded.web.get(DEVICES, headers=headers).headers["ETag"]

    first = tag()
    guarded.result("s", 1)
    assert tag() == first
    assert guarded.web.get(DEVICES, headers=headers | {"If-None-Match": first}).status_code == 304
    guarded.result("n", 1)
    assert (second := tag()) != first
    stand(guarded, "n", "south")
    assert tag() not in (first, second)


def test_who_sees_some_sites_sees_no_sums_over_all(guarded: Site) -> None:
    assert (
        guarded.web.get("/metrics", headers=bearer(token(guarded, Role.OPERATOR, "north"))).status_code == 403
    )
    assert "headway_devices" in guarded.web.get("/metrics", headers=bearer(token(guarded))).text


def test_a_link_for_a_new_password_is_worth_nothing_once_there_is_a_later_one(guarded: Site) -> None:
    person(guarded, "ann")
    (first, _), (second, _) = (guarded.access.admin.reset("ann", 3600, Maker("boss")) for _ in range(2))
    assert accept(guarded, first, "")[1].status_code == 410
    assert accept(guarded, second, "", "another green kettle")[1].status_code == 200
    assert accept(guarded, first, "")[1].status_code == 410
    assert sign_in(guarded, "ann", "another green kettle")[1].status_code == 200


@pytest.mark.parametrize("end", ["removed", "closed", "demoted"])
def test_links_do_not_outlive_the_admin_who_made_them(guarded: Site, end: str) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    link = (json(eve, "POST", "/api/v1/invitations", {"role": "admin"}).json or {})["link"]
    if end == "removed":
        assert boss.delete("/api/v1/users/eve").status_code == 204
    else:
        body: dict[str, Any] = {"disabled": True} if end == "closed" else {"role": "viewer"}
        assert json(boss, "PATCH", "/api/v1/users/eve", body).status_code == 200
    assert accept(guarded, link.rpartition("/")[2], "eve2")[1].status_code == 410


def test_a_name_that_is_given_again_has_nothing_of_the_one_before(guarded: Site) -> None:
    person(guarded, "boss")
    old = person(guarded, "eve")
    guarded.access.admin.remove("eve", TEST)
    person(guarded, "eve", Role.VIEWER)
    assert whoami(old) is None
    assert old.get(DEVICES).status_code == 401


def test_guesses_at_links_use_up_nobodys_tries(guarded: Site) -> None:
    person(guarded, "ann")
    for _ in range(40):
        assert accept(guarded, "x" * 43, "eve")[1].status_code == 410
    assert sign_in(guarded, "ann")[1].status_code == 200


def test_a_change_is_written_down_though_the_request_failed_later(guarded: Site) -> None:
    boss = person(guarded, "boss")
    vault, now = guarded.access.admin.vault, guarded.clock.wall()
    user = User(name="out", uid="u1", role=Role.VIEWER, created=now, by="idp", outside=True)
    vault.put(user, "out")
    guarded.clock.advance(1)
    answer = json(boss, "PATCH", "/api/v1/users/out", {"role": "operator", "reset": True})
    assert answer.status_code == 409
    _, last = guarded.access.audit.recent(1)[0]
    assert (last.action, last.target, last.detail["role"]) == ("change user", "out", "operator")


def test_the_audit_log_says_what_was_set(guarded: Site) -> None:
    stand(guarded, "cam", "north")
    boss = person(guarded, "boss")
    guarded.clock.advance(1)
    assert json(boss, "PUT", f"{DEVICES}/cam/settings", {"interval": 5.0}).status_code == 202
    guarded.clock.advance(1)
    assert boss.delete(f"{DEVICES}/cam").status_code == 202
    (_, forgot), (_, put) = guarded.access.audit.recent(2)
    assert (forgot.action, forgot.target) == ("forget device", "cam")
    assert (put.action, put.target, put.detail) == ("set device", "cam", {"interval": "5.0"})


def test_a_token_changes_nobodys_password(guarded: Site) -> None:
    secret = token(guarded, Role.ADMIN)
    vault, now = guarded.access.admin.vault, guarded.clock.wall()
    vault.put(User(name=secret.id, uid="u1", role=Role.VIEWER, created=now, by="x"), secret.id)
    vault.put(Credential(name=secret.id, generation="g", changed=now), "u1")
    body = {"old": PASSWORD, "new": "another green kettle"}
    answer = json(guarded.web, "PUT", "/api/v1/session/password", body, **bearer(secret))
    assert (answer.status_code, "token" in answer.text) == (409, True)


def test_as_many_sites_as_a_request_can_name_are_kept(guarded: Site) -> None:
    boss = person(guarded, "boss")
    sites = [f"{n:03}" + "\N{STEAM LOCOMOTIVE}" * 125 for n in range(100)]
    link = (json(boss, "POST", "/api/v1/invitations", {"role": "viewer", "sites": sites}).json or {})["link"]
    secret = link.rpartition("/")[2]
    assert guarded.access.admin.vault.get_now(Invitation, digest(secret))
    ann, _ = accept(guarded, secret, "ann")
    assert len(whoami(ann)["sites"]) == len(sites)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"])
def test_without_a_sign_in_nothing_is_answered_through_a_proxy(build: Build, header: str) -> None:
    site = build().rebuilt()
    headers = {header: "203.0.113.7"}
    assert site.web.get(DEVICES, headers=headers).status_code == 403
    environ = {f"HTTP_{header.upper().replace('-', '_')}": "203.0.113.7"}
    assert site.access.viewer_of(environ, None) is None


def test_the_links_of_ups_earlier_starts_are_withdrawn(guarded: Site) -> None:
    admin = guarded.access.admin
    old, _ = admin.invite(Role.ADMIN, None, 3600, UP)
    other = invited(guarded)
    admin.withdraw(UP)
    assert accept(guarded, old, "eve")[1].status_code == 410
    assert accept(guarded, other, "ann")[1].status_code == 200
