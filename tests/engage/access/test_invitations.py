"""Links that somebody made: listed without their secret, taken back, and worth what their maker may do."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from engage.access.maker import Maker
from engage.access.roles import Role
from tests.engage.access.people import TEST, accept, bearer, json, person, sign_in, token
from tests.engage.site import Site

PATH = "/api/v1/invitations"


def invite(client: FlaskClient, role: str = "viewer", **more: Any) -> dict[str, Any]:
    answer = json(client, "POST", PATH, {"role": role} | more)
    assert answer.status_code == 200, answer.text
    return answer.json or {}


def listed(client: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (client.get(PATH).json or {})["invitations"]
    return found


def secret_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_those_that_work_are_listed_with_who_what_and_until_when_but_no_secret(guarded: Site) -> None:
    boss = person(guarded, "boss")
    first = invite(boss, sites=["south", "north"], seconds=3600)
    guarded.clock.advance(1)
    second = invite(boss, "admin", seconds=60)
    now = guarded.clock.wall()
    assert listed(boss) == [
        {
            "id": first["id"],
            "name": None,
            "role": "viewer",
            "sites": ["north", "south"],
            "created": now - 1,
            "expires": now + 3599,
            "by": "boss",
        },
        {
            "id": second["id"],
            "name": None,
            "role": "admin",
            "sites": None,
            "created": now,
            "expires": now + 60,
            "by": "boss",
        },
    ]
    answer = boss.get(PATH).text
    assert secret_of(first["link"]) not in answer
    assert secret_of(first["link"]) not in boss.get("/api/v1/audit").text
    guarded.clock.advance(61)
    assert [link["id"] for link in listed(boss)] == [first["id"]]
    assert accept(guarded, secret_of(first["link"]), "ann")[1].status_code == 200
    assert listed(boss) == []


def test_one_is_taken_back_and_the_others_work_on(guarded: Site) -> None:
    boss = person(guarded, "boss")
    made = [invite(boss, "operator", sites=["north"]) for _ in range(3)]
    guarded.clock.advance(1)
    assert boss.delete(f"{PATH}/{made[1]['id']}").status_code == 204
    (_, last), *_ = guarded.access.audit.recent(1)
    assert (last.action, last.who, last.target) == ("take back invitation", "boss", made[1]["id"])
    assert last.detail == {"role": "operator", "sites": "north", "by": "boss"}
    assert {link["id"] for link in listed(boss)} == {made[0]["id"], made[2]["id"]}
    codes = [accept(guarded, secret_of(one["link"]), f"u{n}")[1].status_code for n, one in enumerate(made)]
    assert codes == [200, 410, 200]
    assert boss.delete(f"{PATH}/{made[1]['id']}").status_code == 404


@pytest.mark.parametrize(
    "id_", ["", "0", "0" * 15, "0" * 16, "0" * 64, "accept", "%2e%2e", "..%2fusers%2fboss", "*"]
)
def test_what_is_no_id_takes_nothing_back(guarded: Site, id_: str) -> None:
    boss = person(guarded, "boss")
    made = invite(boss)
    assert boss.delete(f"{PATH}/{id_}").status_code in (404, 405)
    assert boss.delete(f"{PATH}/{made['id'][:15]}").status_code == 404
    assert [link["id"] for link in listed(boss)] == [made["id"]]


def test_a_link_for_a_new_password_is_listed_while_it_is_the_last_one(guarded: Site) -> None:
    boss, _ = person(guarded, "boss"), person(guarded, "ann", Role.VIEWER, "north")
    links = [(json(boss, "PATCH", "/api/v1/users/ann", {"reset": True}).json or {})["link"] for _ in range(2)]
    (one,) = listed(boss)
    assert (one["name"], one["role"], one["sites"]) == ("ann", "viewer", ["north"])
    assert boss.delete(f"{PATH}/{one['id']}").status_code == 204
    assert accept(guarded, secret_of(links[1]), "")[1].status_code == 410
    assert sign_in(guarded, "ann")[1].status_code == 401
    json(boss, "PATCH", "/api/v1/users/ann", {"reset": True})
    boss.delete("/api/v1/users/ann")
    assert listed(boss) == [], "of an account that is gone"


def test_a_link_that_a_token_made_ends_with_the_account_that_answers_for_the_token(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    body = {"name": "provisioning", "role": "admin"}
    secret = (json(eve, "POST", "/api/v1/tokens", body).json or {})["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    made = json(guarded.app.test_client(), "POST", PATH, {"role": "admin"}, **headers).json or {}
    assert [(link["id"], link["by"]) for link in listed(boss)] == [(made["id"], "provisioning")]
    assert boss.delete("/api/v1/users/eve?tokens=revoke").status_code == 204
    assert listed(boss) == []
    assert accept(guarded, secret_of(made["link"]), "mallory")[1].status_code == 410


def test_a_link_that_was_made_while_its_maker_left_is_worth_nothing(guarded: Site) -> None:
    boss, eve = person(guarded, "boss"), person(guarded, "eve")
    user = next(user for user in guarded.access.admin.users() if user.name == "eve")
    assert json(boss, "PATCH", "/api/v1/users/eve", {"role": "operator"}).status_code == 200
    late, _ = guarded.access.admin.invite(Role.ADMIN, None, 3600, Maker("eve", user.uid))
    assert listed(boss) == []
    assert accept(guarded, late, "mallory")[1].status_code == 410
    assert eve.get(PATH).status_code == 403


def test_links_of_the_shell_are_nobodys_and_stay(guarded: Site) -> None:
    boss, _ = person(guarded, "boss"), person(guarded, "test")
    shell, _ = guarded.access.admin.invite(Role.VIEWER, None, 3600, TEST)
    boss.delete("/api/v1/users/test")
    assert [link["by"] for link in listed(boss)] == ["test"]
    assert accept(guarded, shell, "ann")[1].status_code == 200


def test_a_viewers_token_sees_none(guarded: Site) -> None:
    headers = bearer(token(guarded, Role.OPERATOR))
    assert guarded.web.get(PATH, headers=headers).status_code == 403
