"""Signing in with a real OpenID provider."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from common.config import ConfigError, load
from common.ports.clock import ManualClock
from engage.access.roles import Role
from engage.settings import EngageSettings
from tests.engage.access import provider as own
from tests.engage.access.people import json, person, sign_in, whoami
from tests.engage.access.provider import CLIENT, SECRET, Provider
from tests.engage.conftest import Build
from tests.engage.site import Site
from tests.eventually import PATIENCE

START, CALLBACK = "/api/v1/oidc/start", "/api/v1/oidc/callback"
Open = Callable[..., Site]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with own.running() as provider:
        yield provider


@pytest.fixture
def open_site(build: Build, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Open:
    def made(**oidc: Any) -> Site:
        settings = {
            "issuer": provider.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "default_role": "viewer",
        }
        monkeypatch.setattr("engage.access.oidc._TIMEOUT", PATIENCE)
        monkeypatch.setattr(ManualClock, "wall", lambda _: __import__("time").time())
        return build(engage={"auth": True, "oidc": settings | oidc}).rebuilt()

    return made


def go(client: FlaskClient) -> str:
    """To the provider and back to our door: the address the browser is sent to."""
    answer = client.get(START)
    assert answer.status_code == 302, answer.text
    back = requests.get(answer.headers["Location"], allow_redirects=False, timeout=PATIENCE)
    return back.headers["Location"].removeprefix("http://localhost")


def arrive(site: Site) -> tuple[FlaskClient, TestResponse]:
    client = site.app.test_client()
    return client, client.get(go(client))


def test_whoever_the_provider_knows_is_let_in_and_has_one_account(
    open_site: Open, provider: Provider
) -> None:
    site = open_site(label="Yard SSO")
    assert site.get("/api/v1/session")["oidc"] == "Yard SSO"
    client, answer = arrive(site)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert whoami(client) == {"name": "ann", "role": "viewer", "sites": None, "kind": "user"}
    provider.claims["preferred_username"] = "ann.jones"
    assert whoami(arrive(site)[0])["name"] == "ann"
    assert [user.name for user in site.access.admin.users()] == ["ann"]
    entries = site.access.audit.recent(10)
    assert {(entry.action, entry.who, entry.detail["by"]) for _, entry in entries} == {
        ("sign in", "ann", provider.issuer)
    }
    assert sign_in(site, "ann", "")[1].status_code == 401


def test_nobody_takes_over_an_account_of_the_same_name(open_site: Open) -> None:
    site = open_site()
    person(site, "ann", Role.ADMIN)
    who = whoami(arrive(site)[0])
    assert who["name"].startswith("ann-")
    assert who["role"] == "viewer"


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["staff", "boss"], "admin"),
        ("staff", "operator"),
        ([], "viewer"),
        (["unheard of"], "viewer"),
        (None, "viewer"),
    ],
)
def test_the_highest_role_of_the_claim_counts(
    open_site: Open, provider: Provider, groups: object, role: str
) -> None:
    site = open_site(role_claim="groups", roles={"staff": "operator", "boss": "admin"})
    provider.claims["groups"] = groups
    assert whoami(arrive(site)[0])["role"] == role


def test_a_role_the_provider_takes_away_is_gone_at_the_next_sign_in(
    open_site: Open, provider: Provider
) -> None:
    site = open_site(role_claim="groups", roles={"boss": "admin"}, default_role=None)
    provider.claims["groups"] = ["boss"]
    client, _ = arrive(site)
    assert client.get("/api/v1/users").status_code == 200
    provider.claims["groups"] = []
    refused = arrive(site)[1]
    assert refused.status_code == 403
    assert "no role" in (refused.json or {})["detail"]


def test_a_closed_account_stays_closed(open_site: Open) -> None:
    site = open_site()
    client, _ = arrive(site)
    admin = person(site, "root")
    json(admin, "PATCH", "/api/v1/users/ann", {"disabled": True})
    assert client.get("/api/v1/devices").status_code == 401
    assert arrive(site)[1].status_code == 409


def test_only_the_browser_that_went_comes_back(open_site: Open) -> None:
    site = open_site()
    ours, theirs = site.app.test_client(), site.app.test_client()
    address = go(ours)
    assert theirs.get(address).status_code == 403, "no errand"
    go(theirs)
    assert theirs.get(address).status_code == 403, "another state"
    assert theirs.get(f"{CALLBACK}?code=x&state=%C3%A9").status_code == 403, "a state that is no state"
    assert ours.get(CALLBACK).status_code == 403
    assert ours.get(f"{CALLBACK}?error=access_denied&state={address.rpartition('=')[2]}").status_code == 403
    assert ours.get(address).status_code == 302
    assert ours.get(address).status_code == 403, "the errand is done"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "somebody else"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_errand_is_refused(
    open_site: Open, provider: Provider, spoiled: dict[str, Any]
) -> None:
    site = open_site()
    provider.spoiled = spoiled
    client, answer = arrive(site)
    assert answer.status_code == 502
    assert whoami(client) is None


def test_a_token_that_another_key_signed_is_refused(open_site: Open, provider: Provider) -> None:
    site = open_site()
    provider.signed_by = RSAKey.generate_key(2048, {"kid": "1"})
    assert arrive(site)[1].status_code == 502


def test_the_code_is_worth_nothing_without_the_verifier(open_site: Open) -> None:
    site = open_site()
    client = site.app.test_client()
    address = go(client)
    cookie = client.get_cookie("headway_oidc", path="/api/v1/oidc")
    assert cookie
    state, nonce, _ = cookie.value.split(".")
    client.set_cookie("headway_oidc", f"{state}.{nonce}.{'x' * 48}", path="/api/v1/oidc")
    assert client.get(address).status_code == 502


def test_a_provider_that_is_away_or_another_is_told(build: Build, provider: Provider) -> None:
    oidc = {"issuer": "http://127.0.0.1:9", "client_id": CLIENT, "client_secret": SECRET}
    answer = build(engage={"auth": True, "oidc": oidc}).rebuilt().web.get(START)
    assert answer.status_code == 502
    address, provider.issuer = provider.issuer, "https://other.example"
    answer = build(engage={"auth": True, "oidc": oidc | {"issuer": address}}).rebuilt().web.get(START)
    assert "other.example" in (answer.json or {})["detail"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("ISSUER", "http://idp.example", "engage.oidc.issuer"),
        ("ISSUER", "https://idp.example", "client_secret"),
        ("ROLES", '{"boss": "king"}', "engage.oidc.roles"),
    ],
)
def test_settings_that_cannot_work_are_refused(key: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(EngageSettings, [], {f"HEADWAY_ENGAGE__OIDC__{key}": value})
