"""`--mqtt URL` and `--store URL`: servers that somebody else runs, as settings."""

from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from headway.errors import UserError

_MQTT = {"mqtt": (1883, False), "mqtts": (8883, True)}
_S3 = {"http": (80, False), "https": (443, True)}


def mqtt(text: str) -> dict[str, Any]:
    """`mqtt[s]://[user:password@]host[:port]` as `[bus]`."""
    url, host, port, tls = _parse("--mqtt", text, _MQTT)
    found: dict[str, Any] = {"host": host, "port": port, "tls": tls}
    if url.username:
        found |= {"username": unquote(url.username), "password": unquote(url.password or "")}
    return found


def store(text: str) -> dict[str, Any]:
    """`http[s]://[access:secret@]host[:port][/bucket]` as `[store]`."""
    url, host, port, secure = _parse("--store", text, _S3)
    name = f"[{host}]" if ":" in host else host
    found: dict[str, Any] = {"endpoint": f"{name}:{port}", "secure": secure}
    if url.username:
        found |= {"access_key": unquote(url.username), "secret_key": unquote(url.password or "")}
    if bucket := url.path.strip("/"):
        found["bucket"] = bucket
    return found


def _parse(flag: str, text: str, schemes: dict[str, tuple[int, bool]]) -> tuple[SplitResult, str, int, bool]:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise UserError(f"{flag} is not a URL: {error}") from error
    if url.scheme not in schemes or not host:
        wanted = " or ".join(f"{scheme}://HOST:PORT" for scheme in schemes)
        raise UserError(f"{flag} takes {wanted}, not {url.scheme or 'no scheme'}://{host or ''}")
    default, secure = schemes[url.scheme]
    return url, host, port or default, secure
