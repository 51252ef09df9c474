"""Who may do what: every route and every event of the live channel, with everybody."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from common.wire.messages import DeviceStatus
from engage.access.records import Credential, User
from engage.access.roles import Role
from engage.access.secret import TokenSecret
from engage.live import ORIGINAL
from engage.packets import LIVE
from tests.engage.access.people import TEST, json, person, token
from tests.engage.conftest import Build
from tests.engage.site import Site

ANYBODY, VIEWER, OPERATOR, ADMIN = Role
ROUTES = {
    ("GET", "/"): ANYBODY,
    ("GET", "/<name>"): ANYBODY,
    ("GET", "/assets/<path:name>"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/session"): ANYBODY,
    ("DELETE", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/invitations/accept"): ANYBODY,
    ("GET", "/api/v1/oidc/start"): ANYBODY,
    ("GET", "/api/v1/oidc/callback"): ANYBODY,
    ("GET", "/metrics"): VIEWER,
    ("GET", "/api/openapi.json"): VIEWER,
    ("GET", "/api/docs"): VIEWER,
    ("PUT", "/api/v1/session/password"): VIEWER,
    ("GET", "/api/v1/devices"): VIEWER,
    ("GET", "/api/v1/devices/<name>"): VIEWER,
    ("GET", "/api/v1/devices/<name>/snapshot"): VIEWER,
    ("GET", "/api/v1.0/devices"): VIEWER,
    ("GET", "/api/v1/sites"): VIEWER,
    ("GET", "/api/v1/workers"): VIEWER,
    ("GET", "/api/v1/devices/<name>/settings"): OPERATOR,
    ("PUT", "/api/v1/devices/<name>/settings"): OPERATOR,
    ("DELETE", "/api/v1/devices/<name>"): ADMIN,
    ("POST", "/api/v1/invitations"): ADMIN,
    ("GET", "/api/v1/invitations"): ADMIN,
    ("DELETE", "/api/v1/invitations/<id>"): ADMIN,
    ("GET", "/api/v1/users"): ADMIN,
    ("PATCH", "/api/v1/users/<name>"): ADMIN,
    ("DELETE", "/api/v1/users/<name>"): ADMIN,
    ("GET", "/api/v1/tokens"): ADMIN,
    ("POST", "/api/v1/tokens"): ADMIN,
    ("DELETE", "/api/v1/tokens/<id>"): ADMIN,
    ("GET", "/api/v1/audit"): ADMIN,
    ("GET", "/socket.io/"): ADMIN,
    ("POST", "/socket.io/"): ADMIN,
}
"""The least role that may. A route that is missing here, or is not there, fails the test."""

Headers = dict[str, str]


class Yard:
    """A site with devices `north` and `south` in sites of those names, and a way to ask as everybody."""

    def __init__(self, site: Site) -> None:
        self.site = site
        for role in (VIEWER, OPERATOR, ADMIN):
            person(site, role.word, role)
        makers = {name: person(site, name, ADMIN) for name in ("closed", "removed", "demoted")}
        self.tokens = {name: made(client, "admin") for name, client in makers.items()}
        change = partial(site.access.admin.change, sites=None, all_sites=False)
        change("closed", role=None, disabled=True)
        change("demoted", role=OPERATOR, disabled=None)
        site.access.admin.remove("removed", TEST, "revoke")
        for name in ("north", "south"):
            status = DeviceStatus(
                device_id=name, state="online", session="s", timestamp=site.clock.wall(), site=name
            )
            site.publish(site.topics.device_status(name), status, retain=True)
            site.result(name, 1)
        self.expired, self.revoked = token(site, ADMIN, seconds=60), token(site, ADMIN)
        site.access.admin.revoke(self.revoked.id)
        site.clock.advance(61)

    def everybody(self) -> dict[str, tuple[Role, Callable[[], Headers]]]:
        """How they show who they are, anew for each request, and what they may."""
        return {
            "nobody": (ANYBODY, dict),
            "a guess": (ANYBODY, lambda: {"Cookie": f"headway_session={'x' * 43}"}),
            "a guessed token": (ANYBODY, lambda: _bearer(TokenSecret.new())),
            "an expired token": (ANYBODY, lambda: _bearer(self.expired)),
            "a revoked token": (ANYBODY, lambda: _bearer(self.revoked)),
            "a session that was closed": (ANYBODY, lambda: self.session("admin", end=True)),
            "a session of a closed account": (ANYBODY, lambda: self.session("closed")),
            "an admin's token whose maker's account is closed": (ANYBODY, lambda: self.tokens["closed"]),
            "an admin's token whose maker is removed": (ANYBODY, lambda: self.tokens["removed"]),
            "an admin's token whose maker is an operator now": (OPERATOR, lambda: self.tokens["demoted"]),
            "viewer": (VIEWER, lambda: self.session("viewer")),
            "operator": (OPERATOR, lambda: self.session("operator")),
            "admin": (ADMIN, lambda: self.session("admin")),
            "a viewer's token": (VIEWER, lambda: _bearer(token(self.site, VIEWER))),
            "a token of the north": (OPERATOR, lambda: _bearer(token(self.site, OPERATOR, "north"))),
            "an admin's token": (ADMIN, lambda: _bearer(token(self.site, ADMIN))),
        }

    def session(self, name: str, *, end: bool = False) -> Headers:
        sessions = self.site.access.sessions
        user = sessions.vault.get_now(User, name)
        assert user
        credential = sessions.vault.get_now(Credential, user.uid)
        assert credential
        secret = sessions.open(user, credential)
        if end:
            sessions.close(secret)
        return {"Cookie": f"headway_session={secret}"}

    def ask(self, method: str, rule: str, headers: Headers) -> int:
        path = re.sub(r"<[^>]+>", "nothing", rule) + ("?EIO=3&transport=polling" if "socket" in rule else "")
        body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
        client = self.site.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, json=body, buffered=True).status_code


def made(client: FlaskClient, role: str) -> Headers:
    """What shows a token that this one made."""
    answer = json(client, "POST", "/api/v1/tokens", {"name": "made", "role": role}).json or {}
    return {"Authorization": f"Bearer {answer['secret']}"}


def _bearer(secret: TokenSecret) -> Headers:
    return {"Authorization": f"Bearer {secret.text}"}


@pytest.fixture
def yard(build: Build) -> Yard:
    oidc = {"issuer": "http://127.0.0.1:9", "client_id": "x", "client_secret": "x"}
    settings = {"auth": True, "oidc": oidc, "rate_limit": 0}
    return Yard(build(engage=settings, compat={"people_counter": True}).rebuilt())


def routes(site: Site) -> set[tuple[str, str]]:
    rules = site.app.url_map.iter_rules()
    return {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def test_every_route_is_in_the_table(yard: Yard) -> None:
    assert routes(yard.site) == set(ROUTES)


def test_every_route_with_everybody(yard: Yard) -> None:
    wrong = []
    for who, (role, show) in yard.everybody().items():
        for (method, rule), least in ROUTES.items():
            for asked in (method, "HEAD") if method == "GET" else (method,):
                status = yard.ask(asked, rule, show())
                refused = {401} if role == ANYBODY else {403}
                # what anybody may ask may refuse for reasons of its own
                fine = least == ANYBODY or (status in refused if role < least else status not in (401, 403))
                fine = fine or (who, rule, status) == ("a token of the north", "/metrics", 403)
                if not fine:
                    wrong.append((who, asked, rule, status))
    assert not wrong


def test_what_anybody_may_ask_is_answered_to_nobody(yard: Yard) -> None:
    for (method, rule), least in ROUTES.items():
        if least == ANYBODY and "oidc" not in rule:
            assert yard.ask(method, rule, {}) not in (401, 403), rule


def test_a_route_that_declares_no_role_is_refused_to_all(build: Build) -> None:
    site = build(engage={"auth": True})
    site.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    yard = Yard(site.rebuilt())
    assert yard.ask("GET", "/forgotten", yard.session("admin")) == 403


EVENTS: dict[str, object] = {"resync": None, "watch": {}}


def watcher(yard: Yard, headers: Headers, auth: dict[str, Any] | None = None, namespace: str = LIVE) -> Any:
    client = yard.site.live._socketio.test_client(
        yard.site.app, namespace=namespace, headers=headers, auth=auth
    )
    yard.site.pump()
    yard.site.wait(0.3)
    return client


def test_every_event_of_the_live_channel_with_everybody(yard: Yard) -> None:
    channel: Any = yard.site.live._socketio
    assert set(channel.server.handlers[LIVE]) == {"connect", "disconnect", *EVENTS}
    for who, (role, show) in yard.everybody().items():
        client = watcher(yard, show())
        assert client.is_connected(LIVE) is (role >= VIEWER), who
        if role < VIEWER:
            continue
        devices = [client.get_received(LIVE)]
        for event, body in EVENTS.items():
            client.emit(event, *([body] if body is not None else []), namespace=LIVE)
            yard.site.pump()
            yard.site.wait(0.3)
            devices.append(client.get_received(LIVE))
        seen = {device["deviceID"] for message in _messages(devices) for device in message["devices"]}
        assert seen == ({"north"} if who == "a token of the north" else {"north", "south"}), who
        client.disconnect(namespace=LIVE)


def _messages(received: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for events in received:
        for event in events:
            yield event["args"][0] if isinstance(event["args"], list) else event["args"]


def test_a_token_in_the_auth_of_the_channel_counts_and_sites_cannot_be_asked_for(yard: Yard) -> None:
    north = token(yard.site, VIEWER, "north")
    client = watcher(yard, {}, {"token": north.text, "site": "south"})
    seen = [d["deviceID"] for m in _messages([client.get_received(LIVE)]) for d in m["devices"]]
    assert seen == []
    assert not watcher(yard, {}, {"token": "x"}).is_connected(LIVE)
    assert not watcher(yard, {}, {"token": ["x"]}).is_connected(LIVE)


def test_whoever_may_not_look_any_more_is_hung_up_on(yard: Yard) -> None:
    secret = token(yard.site, VIEWER)
    client, other = watcher(yard, _bearer(secret)), watcher(yard, yard.session("viewer"))
    yard.site.access.admin.revoke(secret.id)
    yard.site.live.recheck()
    assert (client.is_connected(LIVE), other.is_connected(LIVE)) == (False, True)
    yard.site.access.admin.change("viewer", role=None, sites=None, all_sites=False, disabled=True)
    yard.site.live.recheck()
    assert not other.is_connected(LIVE)
    system = watcher(yard, made(person(yard.site, "maker", ADMIN), "viewer"))
    yard.site.access.admin.change("maker", role=None, sites=None, all_sites=False, disabled=True)
    yard.site.live.recheck()
    assert not system.is_connected(LIVE)


def test_the_original_channel_is_for_places_without_a_sign_in(yard: Yard, build: Build) -> None:
    assert not watcher(yard, yard.session("admin"), namespace=ORIGINAL).is_connected(ORIGINAL)
    site = build(compat={"people_counter": True}).rebuilt()
    assert site.browser(ORIGINAL).is_connected(ORIGINAL)


def test_who_sees_the_north_sees_nothing_of_the_south(yard: Yard) -> None:
    headers = _bearer(token(yard.site, OPERATOR, "north"))
    for rule in (
        "/api/v1/devices",
        "/api/v1/devices?format=csv",
        "/api/v1.0/devices",
        "/api/v1/sites",
        "/api/v1/workers",
    ):
        answer = yard.site.web.get(rule, headers=headers)
        assert answer.status_code == 200, rule
        assert "south" not in answer.text, rule
    for path in ("", "/snapshot", "/settings"):
        assert yard.site.web.get(f"/api/v1/devices/north{path}", headers=headers).status_code == 200, path
        assert yard.site.web.get(f"/api/v1/devices/south{path}", headers=headers).status_code == 404, path
    answer = yard.site.web.put("/api/v1/devices/south/settings", json={"interval": 5}, headers=headers)
    assert answer.status_code in (403, 404)
    asked = yard.site.web.get("/api/v1/devices?site=south", headers=headers).json or {}
    assert asked["devices"] == []
