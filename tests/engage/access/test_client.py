"""Which client a request comes from, and which site sent it."""

from ipaddress import ip_network
from typing import Any

import pytest

from engage.access.client import behind_proxies, is_foreign


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "1.2.3.4", "203.0.113.7"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "203.0.113.7", ""),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(peer: str, forwarded: str | None, expected: str) -> None:
    environ: dict[str, Any] = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    if forwarded:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        seen.append(environ)
        return []

    behind_proxies(application, [ip_network("10.0.0.0/8")])(environ, lambda *_: None)
    assert seen[0]["REMOTE_ADDR"] == expected
    assert (seen[0]["wsgi.url_scheme"] == "https") is peer.startswith("10.")


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        ("GET", {"HTTP_ORIGIN": "https://evil.example"}, False),
        ("POST", {}, False),
        ("POST", {"HTTP_ORIGIN": "http://yard.example"}, False),
        ("POST", {"HTTP_ORIGIN": "https://yard.example"}, False),
        ("POST", {"HTTP_ORIGIN": "https://other.example"}, False),
        ("POST", {"HTTP_ORIGIN": "https://evil.example"}, True),
        ("POST", {"HTTP_ORIGIN": "null"}, True),
        ("POST", {"HTTP_ORIGIN": ""}, True),
        ("DELETE", {"HTTP_SEC_FETCH_SITE": "cross-site"}, True),
        ("PUT", {"HTTP_SEC_FETCH_SITE": "same-site"}, True),
        ("PATCH", {"HTTP_SEC_FETCH_SITE": "same-origin"}, False),
        ("POST", {"HTTP_SEC_FETCH_SITE": "none"}, False),
    ],
)
def test_which_site_sent_it(method: str, headers: dict[str, str], *, foreign: bool) -> None:
    environ = {"REQUEST_METHOD": method, "HTTP_HOST": "yard.example", **headers}
    assert is_foreign(environ, ["https://other.example"]) is foreign
