"""What every answer carries, and who may ask."""

import pytest

from engage.settings import LARGEST_BODY
from tests.engage.conftest import Build
from tests.engage.site import Site


@pytest.mark.parametrize("path", ["/", "/assets/index-0a1b2c.js", "/api/v1/devices", "/nothing", "/api/v1/x"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site.web.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self' ws://localhost wss://localhost" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_the_page_is_asked_for_anew_and_its_assets_are_kept_for_ever(site: Site) -> None:
    page, asset = site.web.get("/", buffered=True), site.web.get("/assets/index-0a1b2c.js", buffered=True)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.headers["Cache-Control"] == "no-cache"
    again = site.web.get("/", buffered=True, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert site.web.get("/favicon.svg", buffered=True).mimetype == "image/svg+xml"


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/../../view.py", "/..%2fview.py", "/.env"])
def test_nothing_else_is_served_and_a_missing_file_is_not_kept(site: Site, path: str) -> None:
    answer = site.web.get(path, buffered=True)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_page_that_is_not_built_says_how_to_build_it(build: Build) -> None:
    site = build()
    for file in site.static.rglob("*.*"):
        file.unlink()
    answer = site.web.get("/", buffered=True)
    assert answer.status_code == 503
    assert "make web" in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("headway.localhost:8080", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_on_loopback_only_its_own_names_are_answered(site: Site, host: str, status: int) -> None:
    assert site.web.get("/api/v1/devices", headers={"Host": host}).status_code == status


def test_the_live_channel_checks_the_name_too(site: Site) -> None:
    path = "/socket.io/?EIO=4&transport=websocket"
    assert site.web.get(path, headers={"Host": "evil.example"}).status_code == 421
    assert site.web.get(path, headers={"Host": "localhost"}).status_code == 400


def test_a_name_can_be_allowed(build: Build) -> None:
    site = build(engage={"allowed_hosts": ["yard.example"]})
    assert site.web.get("/healthz", headers={"Host": "yard.example"}).status_code == 200
    answer = site.web.get("/healthz", headers={"Host": "evil.example"})
    assert "engage.allowed_hosts" in (answer.json or {})["detail"]


def test_on_the_network_any_name_is_answered_unless_some_are_listed(build: Build) -> None:
    site = build(engage={"host": "0.0.0.0"})
    assert site.web.get("/healthz", headers={"Host": "yard.example"}).status_code == 200


def test_other_sites_may_read_only_when_allowed(build: Build) -> None:
    site = build(engage={"allowed_origins": ["https://yard.example"]})
    for origin, allowed in (("https://yard.example", "https://yard.example"), ("https://evil.example", None)):
        headers = site.web.get("/healthz", headers={"Origin": origin}).headers
        assert headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in headers["Vary"]
        assert ("Authorization" in headers.get("Access-Control-Allow-Headers", "")) is bool(allowed)
        assert "Access-Control-Allow-Credentials" not in headers


def test_the_page_of_an_allowed_site_may_ask_first_and_then_send_a_token(build: Build) -> None:
    site = build(engage={"auth": True, "allowed_origins": ["https://yard.example"]})
    asked = site.web.options("/api/v1/devices", headers={"Origin": "https://yard.example"})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "https://yard.example"
    refused = site.web.get("/api/v1/devices", headers={"Origin": "https://yard.example"})
    assert refused.status_code == 401


def test_a_body_that_is_too_large_is_not_read(site: Site) -> None:
    for path in ("/api/v1/session", "/api/v1/tokens"):
        fits, refused = (
            site.web.post(path, data=b" " * size, content_type="application/json")
            for size in (LARGEST_BODY, LARGEST_BODY + 1)
        )
        assert (fits.status_code, refused.status_code) == (400, 413)
        assert "more than 192 KiB" in (refused.json or {})["detail"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:8080", True),
        ("https://localhost:8080", True),
        ("https://yard.example", True),
        ("http://localhost:9090", False),
        ("https://evil.example", False),
        ("null", False),
        ("http://[", False),
        ("http://localhost:8080.evil.example", False),
    ],
)
def test_who_may_open_the_live_channel(build: Build, *, origin: str | None, allowed: bool) -> None:
    site = build(engage={"allowed_origins": ["https://yard.example"]})
    assert site.live._may_connect(origin, {"HTTP_HOST": "localhost:8080"}) is allowed
