"""HTTP to our own web service, past any proxy that the environment names for the rest of the world."""

from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

_SECONDS = 2.0
_MOST = 10_000_000
_OPENER = build_opener(ProxyHandler({}))


def get(url: str) -> bytes:
    """At most 10 MB of the body; OSError when nothing answers, or not with success, or breaks off."""
    try:
        with _OPENER.open(url, timeout=_SECONDS) as answer:
            body: bytes = answer.read(_MOST)
            return body
    except HTTPException as error:
        raise ConnectionError(f"{url} broke off: {type(error).__name__}") from error
