"""Where a request comes from: the client behind trusted proxies, and the site of the page that sent it."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

Network = IPv4Network | IPv6Network
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")


def behind_proxies(application: Wsgi, proxies: Sequence[Network]) -> Wsgi:
    """Take the client's address and scheme from X-Forwarded-For and -Proto, where a trusted proxy says so."""

    def seen(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        peer = str(environ.get("REMOTE_ADDR", ""))
        if _is_in(peer, proxies):
            chain = [part.strip() for part in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
            strangers = [part for part in chain if _is_address(part) and not _is_in(part, proxies)]
            environ["REMOTE_ADDR"] = strangers[-1] if strangers else peer
            if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
                environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        return application(environ, start_response)

    return seen


def is_forwarded(environ: Environ) -> bool:
    return any(environ.get(name) for name in FORWARDED)


def is_foreign(environ: Environ, origins: Iterable[str] = ()) -> bool:
    """Whether the page of another site sent what may change something.

    By Origin, else by Sec-Fetch-Site; programs that are no browsers send neither.
    """
    if environ.get("REQUEST_METHOD") in _SAFE:
        return False
    if (origin := environ.get("HTTP_ORIGIN")) is not None:
        return origin not in origins and not is_own(origin, environ)
    return environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("same-origin", "none")


def is_own(origin: str, environ: Environ) -> bool:
    """Under either scheme: who ends TLS may be somebody else."""
    host = environ.get("HTTP_HOST")
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)
