"""What admins do: people, tokens, and the log of it."""

from typing import Any

import pytest

from engage.access.roles import Role
from tests.engage.access.people import PASSWORD, accept, bearer, json, person, sign_in, token, whoami
from tests.engage.site import Site

DEVICES = "/api/v1/devices"


def test_people_are_invited_changed_and_removed(guarded: Site) -> None:
    admin = person(guarded)
    made = json(admin, "POST", "/api/v1/invitations", {"role": "operator", "sites": ["north"]}).json or {}
    assert made["link"].startswith("http://localhost/#/welcome/")
    bob, _ = accept(guarded, made["link"].rpartition("/")[2], "bob")
    assert whoami(bob)["sites"] == ["north"]
    listed = (admin.get("/api/v1/users").json or {})["users"]
    assert [(user["name"], user["role"], user["by"]) for user in listed] == [
        ("ann", "admin", "test"),
        ("bob", "operator", "ann"),
    ]
    json(admin, "PATCH", "/api/v1/users/bob", {"role": "viewer", "sites": None})
    assert whoami(bob) == {"name": "bob", "role": "viewer", "sites": None, "kind": "user"}
    json(admin, "PATCH", "/api/v1/users/bob", {"disabled": True})
    assert (bob.get(DEVICES).status_code, sign_in(guarded, "bob")[1].status_code) == (401, 401)
    json(admin, "PATCH", "/api/v1/users/bob", {"disabled": False})
    assert sign_in(guarded, "bob", client=bob)[1].status_code == 200
    assert bob.get(DEVICES).status_code == 200
    assert admin.delete("/api/v1/users/bob").status_code == 204
    assert (bob.get(DEVICES).status_code, sign_in(guarded, "bob")[1].status_code) == (401, 401)
    assert admin.delete("/api/v1/users/bob").status_code == 404


def test_an_account_of_the_same_name_inherits_nothing(guarded: Site) -> None:
    admin, bob = person(guarded), person(guarded, "bob", Role.VIEWER)
    admin.delete("/api/v1/users/bob")
    new = person(guarded, "bob", Role.VIEWER)
    assert (bob.get(DEVICES).status_code, new.get(DEVICES).status_code) == (401, 200)


def test_a_reset_ends_everything_until_the_link_is_used(guarded: Site) -> None:
    admin, bob = person(guarded), person(guarded, "bob", Role.VIEWER)
    link = (json(admin, "PATCH", "/api/v1/users/bob", {"reset": True}).json or {})["link"]
    assert (bob.get(DEVICES).status_code, sign_in(guarded, "bob")[1].status_code) == (401, 401)
    secret = link.rpartition("/")[2]
    assert accept(guarded, secret, "eve")[1].status_code == 409
    client, answer = accept(guarded, secret, "", "seven quiet brown owls")
    assert answer.status_code == 200
    assert whoami(client)["name"] == "bob"
    assert sign_in(guarded, "bob", PASSWORD)[1].status_code == 401


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, None])
def test_the_last_admin_stays(guarded: Site, change: dict[str, Any] | None) -> None:
    admin = person(guarded)
    person(guarded, "bob", Role.OPERATOR)
    path = "/api/v1/users/ann"
    answer = json(admin, "PATCH", path, change) if change else admin.delete(path)
    assert answer.status_code == 409
    assert "only admin" in (answer.json or {})["detail"]
    person(guarded, "eve", Role.ADMIN)
    assert (json(admin, "PATCH", path, change) if change else admin.delete(path)).status_code < 300


def test_an_admin_of_some_sites_there_is_not(guarded: Site) -> None:
    admin = person(guarded)
    person(guarded, "bob", Role.VIEWER, "north")
    body = {"role": "admin", "sites": ["north"], "name": "x"}
    assert json(admin, "POST", "/api/v1/tokens", body).status_code == 409
    assert (
        json(admin, "POST", "/api/v1/invitations", {"role": "admin", "sites": ["north"]}).status_code == 409
    )
    assert json(admin, "PATCH", "/api/v1/users/bob", {"role": "admin"}).status_code == 409


def test_a_token_is_shown_once_expires_and_is_revoked(guarded: Site) -> None:
    admin = person(guarded)
    body = {"name": "the dashboard", "role": "viewer", "sites": ["north"], "seconds": 3600}
    made = json(admin, "POST", "/api/v1/tokens", body).json or {}
    headers = {"Authorization": f"Bearer {made['secret']}"}
    web = guarded.app.test_client()
    assert web.get(DEVICES, headers=headers).status_code == 200
    assert web.get("/api/v1/users", headers=headers).status_code == 403
    who = (web.get("/api/v1/session", headers=headers).json or {})["principal"]
    assert who == {"name": "the dashboard", "role": "viewer", "sites": ["north"], "kind": "token"}
    listed = admin.get("/api/v1/tokens")
    assert [t["id"] for t in (listed.json or {})["tokens"]] == [made["token"]["id"]]
    assert made["secret"].split("_", 2)[2] not in listed.text
    assert admin.delete(f"/api/v1/tokens/{made['token']['id']}").status_code == 204
    assert web.get(DEVICES, headers=headers).status_code == 401
    short = token(guarded, seconds=60)
    guarded.clock.advance(61)
    assert web.get(DEVICES, headers=bearer(short)).status_code == 401


def test_the_longest_sites_that_can_be_sent_can_be_read_again(guarded: Site) -> None:
    sites = [f"{n:03}".ljust(128, "\x01") for n in range(100)]
    body = {"name": "x", "role": "viewer", "sites": sites}
    made = json(person(guarded), "POST", "/api/v1/tokens", body).json or {}
    guarded.clock.advance(4)
    headers = {"Authorization": f"Bearer {made['secret']}"}
    who = guarded.app.test_client().get("/api/v1/session", headers=headers).json or {}
    assert who["principal"]["sites"] == sites


def test_a_token_may_be_used_from_the_page_of_another_site(guarded: Site) -> None:
    headers = {"Origin": "https://other.example", **bearer(token(guarded, Role.ADMIN))}
    body = {"role": "viewer"}
    assert guarded.web.post("/api/v1/invitations", json=body, headers=headers).status_code == 200


def test_every_change_is_written_down_with_who_when_and_from_where(guarded: Site) -> None:
    admin = person(guarded)
    json(admin, "POST", "/api/v1/invitations", {"role": "viewer", "sites": ["north"]})
    json(admin, "POST", "/api/v1/tokens", {"name": "x", "role": "viewer"})
    guarded.clock.advance(1)
    sign_in(guarded, "ann", "a guess of somebody", address="198.51.100.9")
    sign_in(guarded, "my password in the wrong field", "x")
    admin.get("/api/v1/users")
    admin.delete("/api/v1/users/nobody")
    log = (admin.get("/api/v1/audit").json or {})["entries"]
    assert sorted((e["action"], e["who"]) for e in log) == [
        ("accept invitation", "ann"),
        ("invite", "ann"),
        ("issue token", "ann"),
        ("sign-in refused", "nobody"),
        ("sign-in refused", "nobody"),
    ]
    (guess,) = (e for e in log if e["target"] == "ann" and e["action"] == "sign-in refused")
    assert guess["address"] == "198.51.100.9"
    assert guess["at"] == guarded.clock.wall()
    assert next(e for e in log if e["action"] == "invite")["detail"] == {"role": "viewer", "sites": "north"}
    assert "wrong field" not in str(log)


def test_the_log_is_read_page_by_page_over_the_days(guarded: Site) -> None:
    admin = person(guarded)
    for _ in range(7):
        guarded.clock.advance(86_400 * 0.6)
        json(admin, "POST", "/api/v1/invitations", {"role": "viewer"})
    whole = (admin.get("/api/v1/audit").json or {})["entries"]
    assert [e["at"] for e in whole] == sorted((e["at"] for e in whole), reverse=True)
    assert len(whole) == 8
    paged: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page: dict[str, Any] = admin.get(f"/api/v1/audit?limit=3&before={after}").json or {}
        paged += page["entries"]
        after = page["next"]
    assert paged == whole


def test_a_change_that_cannot_be_written_down_is_in_the_log_of_the_service(
    guarded: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = person(guarded)
    put = guarded.store.put

    def no_audit(key: str, data: bytes, content_type: str = "image/jpeg") -> None:
        guarded.store.down = "/audit/" in key
        try:
            put(key, data, content_type)
        finally:
            guarded.store.down = False

    guarded.store.put = no_audit  # type: ignore[method-assign]
    assert json(admin, "POST", "/api/v1/invitations", {"role": "viewer"}).status_code == 200
    assert "not in the audit log" in capsys.readouterr().out


def test_while_the_store_is_away_who_is_signed_in_looks_on_and_nobody_new_comes(guarded: Site) -> None:
    client = person(guarded)
    client.get(DEVICES)
    guarded.store.down = True
    guarded.clock.advance(600)
    assert client.get(DEVICES).status_code == 200
    answer = sign_in(guarded, "ann")[1]
    assert answer.status_code == 503
    assert "store" in (answer.json or {})["detail"]
    assert answer.headers["Retry-After"] == "5"
    assert json(client, "POST", "/api/v1/invitations", {"role": "viewer"}).status_code == 503
    guarded.clock.advance(600)
    assert client.get(DEVICES).status_code == 503
    assert guarded.web.get("/", buffered=True).status_code == 200
