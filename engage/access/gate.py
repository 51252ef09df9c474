"""The gate that every request passes: who asks, whether they may, and a record of what they changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from flask import Response, g, request
from werkzeug.sansio.http import parse_cookie

from common.ports.clock import Clock
from common.telemetry import SeldomLog
from engage.access.accounts import Accounts, Browser
from engage.access.admin import Admin
from engage.access.audit import Audit
from engage.access.client import Environ, is_foreign, is_forwarded
from engage.access.failures import NotAnyMoreError, RefusedError, TooManyTriesError
from engage.access.records import AuditEntry
from engage.access.roles import LOCAL, NOBODY, Principal, Role, act_as, current
from engage.access.sessions import LONGEST, Sessions
from engage.access.sweep import Sweep
from engage.access.vault import VaultAwayError
from engage.problems import problem

log = structlog.get_logger(__name__)

SESSION = "headway_session"
BROWSER = "headway_browser"
ERRAND = "headway_oidc"
_BEARER = "bearer "
_YEAR = 365 * 86_400
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MOST_SECRET = 200
_ERRAND_SECONDS = 600
AWAY = "Nobody new can sign in before the store is back; whoever is signed in stays so for 15 minutes."
_RETRY = {"Retry-After": "5"}


@dataclass(frozen=True)
class Access:
    """Everything about who may do what, for one application."""

    on: bool
    sessions: Sessions
    accounts: Accounts
    admin: Admin
    audit: Audit
    sweep: Sweep
    clock: Clock

    def principal_of(self, environ: Environ, auth: object = None) -> Principal | None:
        """Who is behind a request or a live channel (`auth` is its own, from Socket.IO); VaultAwayError."""
        if not self.on:
            return None if is_forwarded(environ) else LOCAL
        given = auth.get("token") if isinstance(auth, dict) else None
        if token := given or _bearer(environ):
            return self.admin.bearer(str(token)[:_MOST_SECRET])
        secret = _cookie(environ, SESSION)
        return self.sessions.principal(secret) if secret else None

    def viewer_of(self, environ: Environ, auth: object) -> Principal | None:
        """Whoever may look at the live channel; nobody new while the store is away."""
        try:
            principal = self.principal_of(environ, auth)
        except VaultAwayError:
            return None
        return principal if principal and principal.may(Role.VIEWER) else None

    def close(self) -> None:
        self.accounts.close()
        self.sessions.vault.close()


@dataclass(frozen=True)
class Gate:
    """`role_of` an endpoint is None where nobody said so: then nobody may."""

    access: Access
    role_of: Callable[[str], Role | None]
    origins: frozenset[str] = frozenset()
    seldom: SeldomLog = field(default_factory=lambda: SeldomLog(log))

    def away(self, error: VaultAwayError) -> Response:
        self.seldom.warning("the store is away", reason=str(error))
        return problem(503, "The store is away", AWAY, _RETRY)

    def check(self) -> Response | None:
        """The answer that refuses the request; None lets it pass, with `current()` set."""
        endpoint = request.endpoint
        if endpoint is None or request.method == "OPTIONS":
            return None  # there is no such route, or only a look at what it takes
        role = self.role_of(endpoint)
        if role is None:
            log.error("no role is declared for a route", endpoint=endpoint)
            return problem(403, "Not allowed", "Nobody may use this route: it declares no role.")
        if not self.access.on and is_forwarded(request.environ):
            return problem(
                403,
                "Not allowed",
                "There is no sign-in here, so nothing is answered through a proxy: "
                "remove engage.auth = false (or --no-auth).",
            )
        if not _bearer(request.environ) and is_foreign(request.environ, self.origins):
            return problem(403, "Not allowed", "The page of another site may not change anything here.")
        try:
            principal = self.access.principal_of(request.environ)
        except VaultAwayError as error:
            if role > Role.ANYBODY:
                return self.away(error)
            principal = None
        act_as(principal or NOBODY)
        g.again = partial(self.access.principal_of, request.environ)
        return None if current().may(role) else _refused(current(), role)

    def record(self, response: Response) -> Response:
        """Every change that was made is written down, also where the request failed afterwards."""
        changes = response.status_code < 400 and request.method in _UNSAFE and request.endpoint  # noqa: PLR2004
        if (told := g.get("done")) or (changes and current().kind != "nobody"):
            action, target, detail = told or (f"{request.method} {request.path}", "", {})
            self.access.audit.record(entry(self.access.clock, action, target, detail))
        return response

    def hide(self, response: Response) -> Response:
        """What depends on who asks is nobody else's: not another user's of the same browser either."""
        response.headers.setdefault("Cache-Control", "no-store")
        if request.endpoint and self.role_of(request.endpoint) != Role.ANYBODY:
            response.vary.update(("Authorization", "Cookie"))
        return response


def confirm() -> None:
    """After a wait: RefusedError where whoever asked may not see any more what they might; VaultAwayError."""
    principal = g.again()
    if principal is None:
        raise NotAnyMoreError("You were signed out, or the token was revoked, while you waited.")
    if principal != current():
        raise RefusedError("What you may see has changed while you waited; ask again.")


def entry(clock: Clock, action: str, target: str = "", detail: dict[str, str] | None = None) -> AuditEntry:
    who = current()
    return AuditEntry(
        at=clock.wall(),
        who=who.name,
        kind=who.kind,
        action=action,
        target=target,
        detail=detail or {},
        address=request.remote_addr or "",
    )


def done(action: str, target: str = "", **detail: str) -> None:
    """What the audit log shall say of this request; no secrets."""
    g.done = action, target, detail


def refusal(error: RefusedError) -> Response:
    headers = {"Retry-After": str(error.wait)} if isinstance(error, TooManyTriesError) else {}
    return problem(error.status, error.title, str(error), headers)


def browser() -> Browser:
    return Browser(request.remote_addr or "", _cookie(request.environ, BROWSER))


def session_secret() -> str | None:
    return _cookie(request.environ, SESSION)


def set_session(response: Response, secret: str) -> None:
    _set(response, SESSION, secret, int(LONGEST))


def set_browser(response: Response, mark: str) -> None:
    _set(response, BROWSER, mark, _YEAR)


def clear_session(response: Response) -> None:
    response.delete_cookie(SESSION, httponly=True, samesite="Lax", secure=request.is_secure)


def oidc_errand() -> str | None:
    return _cookie(request.environ, ERRAND)


def set_errand(response: Response, text: str, path: str) -> None:
    """Empty ends it."""
    _set(response, ERRAND, text, _ERRAND_SECONDS if text else 0, path)


def _set(response: Response, name: str, value: str, seconds: int, path: str = "/") -> None:
    secure = request.is_secure
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=secure, path=path)


def _refused(principal: Principal, role: Role) -> Response:
    if principal.kind == "nobody":
        detail = "Sign in at /, or send `Authorization: Bearer` with a token that an admin made."
        response = problem(401, "Not signed in", detail, {"WWW-Authenticate": 'Bearer realm="headway"'})
        if session_secret():
            clear_session(response)
        return response
    return problem(403, "Not allowed", f"This needs the role {role.word}; you have {principal.role.word}.")


def _bearer(environ: Environ) -> str | None:
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    return header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else None


def _cookie(environ: Environ, name: str) -> str | None:
    """Whatever cookies other services of the same host have set."""
    value = parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(name, "")
    return value[:_MOST_SECRET] or None
