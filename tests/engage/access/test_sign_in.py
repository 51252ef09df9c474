"""Signing in and out, as a browser does it."""

from urllib.parse import quote

import pytest

from common.config import ConfigError, load
from engage.access.records import Invitation, Session
from engage.access.roles import Role
from engage.access.secret import digest
from engage.access.throttle import NAME_FROM_NETWORK
from engage.settings import EngageSettings
from tests.engage.access.people import PASSWORD, accept, invited, json, person, sign_in, whoami
from tests.engage.conftest import Build
from tests.engage.site import Site
from tests.eventually import eventually

DEVICES = "/api/v1/devices"


def test_without_an_account_there_is_only_the_page_and_the_way_in(guarded: Site) -> None:
    for path, status in (("/", 200), ("/healthz", 200), ("/readyz", 200), (DEVICES, 401), ("/metrics", 401)):
        assert guarded.web.get(path, buffered=True).status_code == status, path
    answer = guarded.web.get(DEVICES)
    assert "Sign in" in (answer.json or {})["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert guarded.get("/api/v1/session")["principal"] is None


def test_an_invitation_makes_an_account_and_signs_in(guarded: Site) -> None:
    client, answer = accept(guarded, invited(guarded, Role.OPERATOR, "north"), " Ann ")
    assert (answer.json or {})["principal"] == {
        "name": "ann",
        "role": "operator",
        "sites": ["north"],
        "kind": "user",
    }
    assert client.get(DEVICES).status_code == 200
    assert sign_in(guarded, "ANN")[1].status_code == 200


def test_a_link_works_once_and_not_too_late(guarded: Site) -> None:
    used, old = invited(guarded), invited(guarded)
    assert accept(guarded, used, "ann")[1].status_code == 200
    assert accept(guarded, used, "eve")[1].status_code == 410
    guarded.clock.advance(3601)
    assert accept(guarded, old, "eve")[1].status_code == 410
    assert accept(guarded, "x" * 43, "eve")[1].status_code == 410
    assert [user.name for user in guarded.access.admin.users()] == ["ann"]


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [
        ("ann", PASSWORD, "already"),
        ("", PASSWORD, "letters"),
        ("../ann", PASSWORD, "letters"),
        ("a" * 65, PASSWORD, "letters"),
        ("bob", "short", "12"),
        ("bob", "password1234567", "first"),
    ],
)
def test_a_link_that_is_refused_may_be_used_again(guarded: Site, name: str, password: str, says: str) -> None:
    person(guarded, "ann")
    secret = invited(guarded)
    refused = accept(guarded, secret, name, password)[1]
    assert refused.status_code == 409
    assert says in (refused.json or {})["detail"]
    assert accept(guarded, secret, "carl")[1].status_code == 200


def test_of_two_accounts_made_of_one_link_at_the_same_moment_one_works(guarded: Site) -> None:
    secret = invited(guarded)
    invitation = guarded.access.sessions.vault.get_now(Invitation, digest(secret))
    assert invitation
    accept(guarded, secret, "ann")
    guarded.access.sessions.vault.put(invitation, digest(secret))  # a replica that had read it before
    accept(guarded, secret, "bob")
    assert [sign_in(guarded, name)[1].status_code for name in ("ann", "bob")] == [401, 200]


def test_the_cookie_is_for_us_alone(guarded: Site) -> None:
    _, answer = accept(guarded, invited(guarded), "ann")
    session, browser = answer.headers.getlist("Set-Cookie")
    for cookie in (session, browser):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
    assert session.startswith("headway_session=")


def test_behind_tls_cookies_are_secure_and_the_browser_is_told_to_stay_there(build: Build) -> None:
    site = build(engage={"auth": True, "trusted_proxies": ["127.0.0.0/8"]}).rebuilt()
    body = {"token": invited(site), "name": "ann", "password": PASSWORD}
    answer = json(site.web, "POST", "/api/v1/invitations/accept", body, **{"X-Forwarded-Proto": "https"})
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in site.web.get("/healthz").headers


def test_what_nobody_can_use_any_more_is_deleted(guarded: Site) -> None:
    person(guarded)
    invited(guarded)
    guarded.clock.advance(31 * 86_400)
    client, _ = sign_in(guarded, "ann")
    vault = guarded.access.sessions.vault
    eventually(lambda: len(list(vault.names(Session))) == 1)
    eventually(lambda: not list(vault.names(Invitation)))
    assert client.get(DEVICES).status_code == 200


def test_wrong_name_and_wrong_password_are_told_alike(guarded: Site) -> None:
    person(guarded, "ann")
    answers = [sign_in(guarded, name, "not the password")[1] for name in ("ann", "nobody", "../x", "")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.json or {})["detail"] for answer in answers}) == 1


def test_signed_out_the_cookie_is_worth_nothing(guarded: Site) -> None:
    client = person(guarded)
    stolen = client.get_cookie("headway_session")
    assert stolen
    assert client.delete("/api/v1/session").status_code == 204
    client.set_cookie("headway_session", stolen.value)
    assert client.get(DEVICES).status_code == 401


def test_a_session_lives_while_it_is_used_and_not_for_ever(guarded: Site) -> None:
    client, idle = person(guarded), person(guarded, "bob")
    for _ in range(27):
        guarded.clock.advance(20 * 3600)
        assert client.get(DEVICES).status_code == 200
    assert idle.get(DEVICES).status_code == 401
    for _ in range(10):
        guarded.clock.advance(20 * 3600)
        last = client.get(DEVICES).status_code
    assert last == 401, "thirty days are over"


def test_a_new_password_ends_every_other_session(guarded: Site) -> None:
    here, there = person(guarded), sign_in(guarded, "ann")[0]
    body = {"old": PASSWORD, "new": "seven quiet brown owls"}
    assert json(here, "PUT", "/api/v1/session/password", {**body, "old": "wrong"}).status_code == 401
    assert json(here, "PUT", "/api/v1/session/password", {**body, "new": "short"}).status_code == 409
    assert there.get(DEVICES).status_code == 200
    assert json(here, "PUT", "/api/v1/session/password", body).status_code == 200
    assert (here.get(DEVICES).status_code, there.get(DEVICES).status_code) == (200, 401)
    assert sign_in(guarded, "ann")[1].status_code == 401
    assert sign_in(guarded, "ann", body["new"])[1].status_code == 200


def test_a_guesser_is_told_to_wait_and_the_owner_is_not(guarded: Site) -> None:
    owner = person(guarded)
    owner.delete("/api/v1/session")
    for _ in range(NAME_FROM_NETWORK.burst):
        assert sign_in(guarded, "ann", "a guess of somebody")[1].status_code == 401
    told = sign_in(guarded, "ann")[1]
    assert told.status_code == 429
    assert 1 <= int(told.headers["Retry-After"]) <= NAME_FROM_NETWORK.refill + 1
    assert sign_in(guarded, "ann", client=owner)[1].status_code == 200, "the browser is known"
    assert sign_in(guarded, "ann", address="198.51.100.9")[1].status_code == 200, "from elsewhere"
    guarded.clock.advance(NAME_FROM_NETWORK.refill)
    assert sign_in(guarded, "ann")[1].status_code == 200


def test_a_known_browser_is_known_for_its_own_name_only(guarded: Site) -> None:
    bob = person(guarded, "bob", Role.VIEWER)
    person(guarded, "ann")
    for _ in range(NAME_FROM_NETWORK.burst):
        sign_in(guarded, "ann", "a guess of somebody")
    assert sign_in(guarded, "ann", client=bob)[1].status_code == 429


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_the_page_of_another_site_changes_nothing(guarded: Site, headers: dict[str, str]) -> None:
    client = person(guarded)
    for method, path in (
        ("DELETE", "/api/v1/session"),
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/tokens"),
    ):
        assert client.open(path, method=method, json={}, headers=headers).status_code == 403
    assert whoami(client)["name"] == "ann"


def test_a_form_of_another_site_is_no_request(guarded: Site) -> None:
    body = '{"name": "ann", "password": "x"}'
    answer = guarded.web.post("/api/v1/session", data=body, content_type="text/plain")
    assert answer.status_code == 415


def test_without_a_sign_in_everybody_is_admin_but_through_a_proxy_nobody_is_anything(site: Site) -> None:
    assert whoami(site.web)["kind"] == "local"
    assert site.web.get("/api/v1/users").status_code == 200
    answer = site.web.get(DEVICES, headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == 403
    assert "engage.auth" in (answer.json or {})["detail"]
    assert (
        site.web.post("/api/v1/tokens", json={}, headers={"Origin": "http://evil.example"}).status_code == 403
    )


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("127.example", False),
        ("::1", True),
        ("0.0.0.0", False),
        ("yard", False),
    ],
)
def test_only_on_loopback_there_may_be_no_sign_in(host: str, *, fine: bool) -> None:
    environ = {"HEADWAY_ENGAGE__AUTH": "false", "HEADWAY_ENGAGE__HOST": host}
    if fine:
        assert not load(EngageSettings, [], environ).engage.auth
        return
    with pytest.raises(ConfigError, match=r"remove engage\.auth = false"):
        load(EngageSettings, [], environ)


def test_a_cookie_of_anything_else_is_nobody(guarded: Site) -> None:
    for cookie in (
        "headway_session=",
        "headway_session=../../users/ann",
        "headway_session=" + "x" * 9000,
        '"',
    ):
        assert guarded.web.get(DEVICES, headers={"Cookie": cookie}).status_code == 401
    for header in ("Bearer", "Bearer ", "Bearer hw_x_y", "Basic YTpi", "Bearer " + quote("hw_ü_")):
        assert guarded.web.get(DEVICES, headers={"Authorization": header}).status_code == 401
    assert list(guarded.access.sessions.vault.names(Session)) == []
