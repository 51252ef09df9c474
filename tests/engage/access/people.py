"""Clients of a site with a sign-in."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engage.access.maker import Maker
from engage.access.roles import Role
from engage.access.secret import TokenSecret
from tests.engage.site import Site

TEST = Maker("test")
PASSWORD = "tall green tea kettle"


def json(client: FlaskClient, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
    return client.open(path, method=method, json=body, headers=headers)


def invited(site: Site, role: Role = Role.ADMIN, *sites: str) -> str:
    """The secret of a link."""
    secret, _ = site.access.admin.invite(role, frozenset(sites) or None, 3600, TEST)
    return secret


def accept(site: Site, secret: str, name: str, password: str = PASSWORD) -> tuple[FlaskClient, TestResponse]:
    client = site.app.test_client()
    body = {"token": secret, "name": name, "password": password}
    return client, json(client, "POST", "/api/v1/invitations/accept", body)


def person(site: Site, name: str = "ann", role: Role = Role.ADMIN, *sites: str) -> FlaskClient:
    """A browser that is signed in."""
    client, answer = accept(site, invited(site, role, *sites), name)
    assert answer.status_code == 200, answer.text
    return client


def sign_in(
    site: Site,
    name: str,
    password: str = PASSWORD,
    client: FlaskClient | None = None,
    address: str = "127.0.0.1",
) -> tuple[FlaskClient, TestResponse]:
    client = client or site.app.test_client()
    body = {"name": name, "password": password}
    answer = client.post("/api/v1/session", json=body, environ_overrides={"REMOTE_ADDR": address})
    return client, answer


def token(site: Site, role: Role = Role.VIEWER, *sites: str, seconds: float | None = None) -> TokenSecret:
    secret, _ = site.access.admin.issue("test", role, frozenset(sites) or None, seconds, TEST)
    return secret


def bearer(secret: TokenSecret) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret.text}"}


def whoami(client: FlaskClient) -> Any:
    return (client.get("/api/v1/session").json or {})["principal"]
