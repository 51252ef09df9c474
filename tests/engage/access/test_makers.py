"""A token is worth no more than its maker, and whoever removes the maker says what becomes of it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from engage.access.application import open_access
from engage.access.records import Token
from engage.access.roles import Role
from engage.access.vault import FRESH
from tests.engage.access.people import PASSWORD, TEST, bearer, json, person, sign_in, token
from tests.engage.site import Site

TOKENS, DEVICES = "/api/v1/tokens", "/api/v1/devices"


class Bot:
    """Another system, with a token that `admin` made."""

    def __init__(self, site: Site, admin: FlaskClient, role: str = "admin", **more: Any) -> None:
        answer = json(admin, "POST", TOKENS, {"name": "bot", "role": role} | more)
        assert answer.status_code == 200, answer.text
        made = answer.json or {}
        self.id = made["token"]["id"]
        self.web = site.app.test_client()
        self.headers = {"Authorization": f"Bearer {made['secret']}"}

    def is_let_in(self) -> bool:
        return self.web.get(DEVICES, headers=self.headers).status_code == 200

    def may(self) -> tuple[str, list[str] | None] | None:
        """Its role and its sites."""
        who = (self.web.get("/api/v1/session", headers=self.headers).json or {})["principal"]
        return (who["role"], who["sites"]) if who else None


def listed(client: FlaskClient) -> dict[str, Any]:
    (found,) = (client.get(TOKENS).json or {})["tokens"]
    assert isinstance(found, dict)
    return found


def made_by(client: FlaskClient, name: str) -> list[str]:
    users = (client.get("/api/v1/users").json or {})["users"]
    (tokens,) = (user["tokens"] for user in users if user["name"] == name)
    assert isinstance(tokens, list)
    return tokens


def test_a_token_of_a_closed_account_stops_until_it_is_opened(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve)
    assert (listed(boss)["by"], listed(boss)["may"]) == ("eve", {"role": "admin", "sites": None})
    for disabled in (True, False):
        answer = json(boss, "PATCH", "/api/v1/users/eve", {"disabled": disabled})
        assert (answer.json or {})["user"]["tokens"] == ["bot"]
        assert bot.is_let_in() is not disabled
        assert (listed(boss)["may"] is None) is disabled


def test_it_stops_at_every_replica_within_seconds(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve)
    other = open_access(guarded.settings.engage, guarded.store, guarded.clock)
    secret = bot.headers["Authorization"].removeprefix("Bearer ")
    assert other.admin.bearer(secret)
    json(boss, "PATCH", "/api/v1/users/eve", {"disabled": True})
    guarded.clock.advance(FRESH)
    assert other.admin.bearer(secret) is None
    other.close()


@pytest.mark.parametrize(
    ("given", "change", "may"),
    [
        ({"role": "admin"}, {"role": "operator"}, ("operator", None)),
        ({"role": "viewer"}, {"role": "operator"}, ("viewer", None)),
        ({"role": "operator"}, {"role": "viewer", "sites": ["north"]}, ("viewer", ["north"])),
        ({"role": "viewer", "sites": ["south"]}, {"role": "operator", "sites": ["north"]}, ("viewer", [])),
        (
            {"role": "operator", "sites": ["a", "b"]},
            {"role": "viewer", "sites": ["b", "c"]},
            ("viewer", ["b"]),
        ),
    ],
)
def test_a_token_may_do_what_both_it_and_its_maker_may(
    guarded: Site, given: dict[str, Any], change: dict[str, Any], may: tuple[str, list[str] | None]
) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve, **given)
    before = bot.may()
    json(boss, "PATCH", "/api/v1/users/eve", change)
    assert bot.may() == may
    assert listed(boss)["may"] == {"role": may[0], "sites": may[1]}
    assert listed(boss)["role"] == given["role"]
    json(boss, "PATCH", "/api/v1/users/eve", {"role": "admin", "sites": None})
    assert bot.may() == before


def test_whoever_removes_a_maker_says_what_becomes_of_the_tokens(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve)
    answer = boss.delete("/api/v1/users/eve")
    assert answer.status_code == 409
    assert all(word in (answer.json or {})["detail"] for word in ("'bot'", "keep", "revoke"))
    assert bot.is_let_in()
    assert boss.delete("/api/v1/users/eve?tokens=maybe").status_code == 400
    assert sign_in(guarded, "eve")[1].status_code == 200, "nothing was done yet"


def test_tokens_of_a_maker_who_goes_are_revoked(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot, own = Bot(guarded, eve), Bot(guarded, boss)
    guarded.clock.advance(1)
    assert boss.delete("/api/v1/users/eve?tokens=revoke").status_code == 204
    assert (bot.is_let_in(), own.is_let_in()) == (False, True)
    assert listed(boss)["id"] == own.id
    _, last = guarded.access.audit.recent(1)[0]
    assert (last.action, last.target, last.detail) == ("remove user", "eve", {"revoke": "bot"})


def test_or_kept_by_whoever_removes_them(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve, role="operator", sites=["north"])
    assert made_by(boss, "eve") == ["bot"]
    assert boss.delete("/api/v1/users/eve?tokens=keep").status_code == 204
    assert bot.may() == ("operator", ["north"])
    assert (listed(boss)["id"], listed(boss)["by"]) == (bot.id, "boss")
    assert made_by(boss, "boss") == ["bot"]
    eve = person(guarded, "eve")
    assert eve.delete("/api/v1/users/boss?tokens=revoke").status_code == 204
    assert not bot.is_let_in()


def test_nobody_keeps_tokens_in_a_name_that_goes(guarded: Site) -> None:
    eve, _ = person(guarded, "eve"), person(guarded, "boss")
    bot = Bot(guarded, eve)
    assert eve.delete("/api/v1/users/eve?tokens=keep").status_code == 409
    assert bot.is_let_in()
    assert eve.delete("/api/v1/users/eve?tokens=revoke").status_code == 204
    assert not bot.is_let_in()


def test_tokens_that_have_expired_are_not_asked_about(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    Bot(guarded, eve, seconds=60)
    guarded.clock.advance(61)
    assert (made_by(boss, "eve"), listed(boss)["may"]) == ([], None)
    assert boss.delete("/api/v1/users/eve").status_code == 204


def test_a_new_account_of_the_same_name_answers_for_nothing(guarded: Site) -> None:
    """A token that was made while its maker left is not asked about, and worth nothing."""
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve)
    late = guarded.access.admin.vault.get_now(Token, bot.id)
    assert late
    boss.delete("/api/v1/users/eve?tokens=revoke")
    guarded.access.admin.vault.put(late, late.id)
    person(guarded, "eve")
    assert not bot.is_let_in()
    assert made_by(boss, "eve") == []
    assert listed(boss)["may"] is None


def test_what_a_token_makes_is_its_makers(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    first = Bot(guarded, eve)
    first.web.environ_base["HTTP_AUTHORIZATION"] = first.headers["Authorization"]
    second = Bot(guarded, first.web, role="viewer")
    assert made_by(boss, "eve") == ["bot", "bot"]
    json(boss, "PATCH", "/api/v1/users/eve", {"disabled": True})
    assert not second.is_let_in()


def test_a_new_password_of_its_maker_does_not_stop_a_token(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    bot = Bot(guarded, eve)
    body = {"old": PASSWORD, "new": "another green kettle"}
    assert json(eve, "PUT", "/api/v1/session/password", body).status_code == 200
    assert bot.is_let_in()
    assert json(boss, "PATCH", "/api/v1/users/eve", {"reset": True}).status_code == 200
    assert bot.is_let_in()


def test_tokens_of_the_shell_are_nobodys(guarded: Site) -> None:
    secret = token(guarded, Role.ADMIN)
    boss, _ = person(guarded, "boss"), person(guarded, "test")
    assert made_by(boss, "test") == []
    assert boss.delete("/api/v1/users/test").status_code == 204
    assert guarded.web.get(DEVICES, headers=bearer(secret)).status_code == 200


def test_what_the_shell_keeps_is_nobodys(guarded: Site) -> None:
    eve, _ = person(guarded, "eve"), person(guarded, "boss")
    bot = Bot(guarded, eve)
    (kept,) = guarded.access.admin.remove("eve", TEST, "keep")
    assert kept.id == bot.id
    assert bot.is_let_in()
    (now,) = guarded.access.admin.tokens()
    assert (now.by, now.maker) == ("test", None)
