"""Rate limits, as other systems see them."""

import pytest

from engage.access.roles import Principal, Role, act_as
from engage.allowance import Verdict
from engage.limits import Policy
from tests.engage.conftest import Build
from tests.engage.site import Site


@pytest.fixture
def tight(build: Build) -> Site:
    return build(engage={"rate_limit": 2, "picture_rate_limit": 1}).rebuilt()


def test_every_answer_says_what_is_left(tight: Site) -> None:
    first, second, third = (tight.web.get("/api/v1/devices") for _ in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
    for answer, state in ((first, '"requests";r=1;t=30'), (second, '"requests";r=0;t=60')):
        assert answer.headers["RateLimit-Policy"] == '"requests";q=2;w=60'
        assert answer.headers["RateLimit"] == state
    assert third.mimetype == "application/problem+json"
    assert third.headers["Retry-After"] == "30"
    assert "`since`" in (third.json or {})["detail"]
    tight.wait(30)
    assert tight.web.get("/api/v1/devices").status_code == 200


def test_headers() -> None:
    policy = Policy("requests", 10, 60)
    assert policy.header() == '"requests";q=10;w=60'
    assert policy.state(Verdict(3, 0.0, 41.2)) == '"requests";r=3;t=42'


def test_pictures_have_an_allowance_of_their_own(tight: Site) -> None:
    path = "/api/v1/devices/cam/snapshot"
    assert [tight.web.get(path).status_code for _ in range(2)] == [404, 429]
    assert tight.web.get("/api/v1/devices").status_code == 200


def test_health_and_the_page_have_none(tight: Site) -> None:
    for path in ("/healthz", "/readyz", "/"):
        answers = [tight.web.get(path, buffered=True) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit" not in answers[0].headers


def test_zero_is_no_limit(build: Build) -> None:
    site = build(engage={"rate_limit": 0}).rebuilt()
    answer = site.web.get("/api/v1/devices")
    assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


def test_each_address_where_there_is_no_name(tight: Site) -> None:
    def status(address: str) -> int:
        return tight.web.get("/api/v1/devices", environ_base={"REMOTE_ADDR": address}).status_code

    assert [status("10.0.0.1") for _ in range(3)] == [200, 200, 429]
    assert status("10.0.0.2") == 200


def test_each_user_wherever_they_are(build: Build) -> None:
    site = build(engage={"rate_limit": 2})
    names = iter(["ann", "ann", "ann", "bob"])
    site.app.before_request_funcs[None].insert(
        1, lambda: act_as(Principal(name := next(names), Role.VIEWER, None, "user", name))
    )
    site.rebuilt()
    answers = [
        site.web.get("/api/v1/devices", environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}).status_code
        for number in range(4)
    ]
    assert answers == [200, 200, 429, 200]


def test_what_the_gate_refuses_is_counted_by_address(build: Build) -> None:
    site = build(engage={"rate_limit": 2, "auth": True}).rebuilt()
    answers = [site.web.get("/api/v1/devices").status_code for _ in range(4)]
    assert answers == [401, 401, 429, 429]
