"""No secret gets into a log, an answer that did not ask for it, a metric or, in plain, into the store."""

import pytest
from prometheus_client import generate_latest

from engage.access.roles import Role
from tests.engage.access.people import accept, bearer, invited, json, person, sign_in, token
from tests.engage.site import Site

CANARY = "canary kettle of 7 seas"


def test_no_secret_is_written_down_anywhere(guarded: Site, capfd: pytest.CaptureFixture[str]) -> None:
    admin = person(guarded)
    link, secret = invited(guarded, Role.OPERATOR), token(guarded, Role.ADMIN)
    client, _ = accept(guarded, link, "bob", CANARY)
    session, mark = (client.get_cookie(name) for name in ("headway_session", "headway_browser"))
    assert session
    assert mark
    secrets = [CANARY, link, secret.secret, session.value, mark.value]
    answers = [
        sign_in(guarded, "bob", CANARY)[1],
        sign_in(guarded, "bob", CANARY + "!")[1],
        sign_in(guarded, CANARY, CANARY)[1],
        sign_in(guarded, CANARY * 50, CANARY * 50)[1],
        json(client, "POST", "/api/v1/session", {"name": "bob", "password": CANARY, "more": CANARY}),
        client.post("/api/v1/session", data=CANARY, content_type="application/json"),
        client.post("/api/v1/session", data=CANARY * 20_000, content_type="application/json"),
        json(client, "PUT", "/api/v1/session/password", {"old": CANARY, "new": "short"}),
        json(client, "PUT", "/api/v1/session/password", {"old": "wrong", "new": CANARY}),
        accept(guarded, link, "eve", CANARY)[1],
        guarded.web.get("/api/v1/devices", headers={"Authorization": f"Bearer {secret.text}x"}),
        guarded.web.get("/api/v1/devices", headers=bearer(secret)),
        guarded.web.get("/api/v1/users/nothing", headers=bearer(secret)),
    ]
    guarded.store.down = True
    answers += [
        sign_in(guarded, "bob", CANARY)[1],
        json(admin, "POST", "/api/v1/tokens", {"name": "x", "role": "viewer"}),
    ]
    guarded.store.down = False
    guarded.clock.advance(10)
    again, _ = sign_in(guarded, "ann")
    answers += [again.get(path) for path in ("/api/v1/audit", "/api/v1/users", "/api/v1/tokens", "/metrics")]
    assert {answer.status_code for answer in answers} == {200, 400, 401, 405, 409, 410, 413, 503}
    out, err = capfd.readouterr()
    stored = b"".join(data for data, _ in guarded.store._objects.values()).decode("latin-1")
    told = "".join(answer.text for answer in answers)
    places = {
        "log": out + err,
        "answers": told,
        "store": stored + " ".join(guarded.store._objects),
        "metrics": generate_latest().decode(),
    }
    assert "sign" in places["log"] or "store is away" in places["log"], "the test looks at the log"
    found = [(where, secret[:8]) for where, text in places.items() for secret in secrets if secret in text]
    assert not found
