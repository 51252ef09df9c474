"""Rules for every request and every answer."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from engage.access.client import Wsgi, behind_proxies
from engage.models import Problem
from engage.problems import MEDIA_TYPE
from engage.settings import LARGEST_BODY, LOOPBACK, EngageSection

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws://{host} wss://{host}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_YEAR = 365 * 86_400
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
_SHARED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""For the pages of other sites that were allowed. They send a token: cookies are not for them."""


def add_security(app: Flask, settings: EngageSection) -> None:
    """After everything else: the check of the host wraps all that was added before."""
    origins = frozenset(settings.allowed_origins)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY

    @app.before_request
    def no_large_bodies() -> None:
        if (request.content_length or 0) > LARGEST_BODY:
            abort(413)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
        response.headers.update(_ALWAYS)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
        if (origin := request.headers.get("Origin")) in origins and origin:
            response.headers.update(_SHARED | {"Access-Control-Allow-Origin": origin})
        if origins:
            response.vary.add("Origin")
        return response

    if allowed := _hosts(settings):
        app.wsgi_app = only_hosts(app.wsgi_app, allowed)  # type: ignore[method-assign, assignment]
    if proxies := settings.trusted_proxies:
        app.wsgi_app = behind_proxies(app.wsgi_app, proxies)  # type: ignore[method-assign, assignment]


def only_hosts(application: Wsgi, allowed: frozenset[str]) -> Wsgi:
    """Refuse other names: a foreign page whose name was made to point here must not read anything."""

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = _name(environ.get("HTTP_HOST", ""))
        if name in allowed or name.endswith(".localhost"):
            return application(environ, start_response)
        detail = f"This service does not go by the name {name[:200]!r}; add it to engage.allowed_hosts."
        body = Problem(title="Misdirected request", status=421, detail=detail).model_dump_json().encode()
        start_response(
            "421 Misdirected Request", [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body)))]
        )
        return [body]

    return guard


def _name(host: str) -> str:
    """The host without its port; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _hosts(settings: EngageSection) -> frozenset[str]:
    """Empty where any name will do: it listens to the network, and nobody listed its names."""
    listed = frozenset(name.lower() for name in settings.allowed_hosts)
    return listed | {settings.host} | LOOPBACK if listed or settings.on_loopback else frozenset()
