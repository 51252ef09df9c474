"""Where a request comes from: the client behind trusted proxies, and the site of the page that sent it."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = (
    *("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP"),
)
"""What proxies add, those that say so."""

_ONE, _SUBSCRIBER = 32, 64
"""Bits of an address that one client usually has to itself, of IPv4 and IPv6."""


def behind_proxies(application: Wsgi, proxies: Sequence[Network]) -> Wsgi:
    """Take the client's address and scheme from X-Forwarded-For and -Proto, where a trusted proxy says so."""

    def seen(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        peer = str(environ.get("REMOTE_ADDR", ""))
        if _is_in(peer, proxies):
            chain = [part.strip() for part in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
            strangers = [part for part in chain if _address(part) and not _is_in(part, proxies)]
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


def network(address: str, v4: int = _ONE, v6: int = _SUBSCRIBER) -> str:
    """The first bits of an address, as a network; what is no address stays as it is."""
    ip = _address(address)
    return address if ip is None else str(ip_network((ip, v4 if ip.version == 4 else v6), strict=False))  # noqa: PLR2004 -- the version of IP


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 client of a socket that takes both is one of IPv4."""
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    ip = _address(text)
    return ip is not None and any(ip in network for network in networks)
