"""HTTP to our own web service, past any proxy that the environment names for the rest of the world."""

from http.client import HTTPException
from urllib.request import ProxyHandler, Request, build_opener

_SECONDS = 2.0
_MOST = 10_000_000
_OPENER = build_opener(ProxyHandler({}))


def get(url: str, token: str | None = None) -> bytes:
    """At most 10 MB of the body; OSError when nothing answers, or not with success, or breaks off."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with _OPENER.open(Request(url, headers=headers), timeout=_SECONDS) as answer:  # noqa: S310 -- our own
            body: bytes = answer.read(_MOST)
            return body
    except HTTPException as error:
        raise ConnectionError(f"{url} broke off: {type(error).__name__}") from error
