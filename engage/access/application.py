"""The gate and its routes, put into the web application."""

from collections.abc import Callable
from functools import partial

from flask import Flask, request

from common.ports.clock import Clock
from common.ports.store import ObjectStore
from engage.access.accounts import Accounts, Aside
from engage.access.admin import Admin
from engage.access.admin_routes import add_audit, add_invitations, add_tokens, add_users
from engage.access.audit import Audit
from engage.access.failures import RefusedError
from engage.access.gate import Access, Gate, refusal
from engage.access.roles import Role
from engage.access.session_routes import Desk, add_passwords, add_session
from engage.access.sessions import Sessions
from engage.access.sweep import Sweep
from engage.access.vault import Vault, VaultAwayError
from engage.contract import Contract
from engage.settings import EngageSection

OPEN = frozenset({"page", "asset", "file"})
"""The built page, which holds nothing of anybody's."""

_POLLING = "polling"
"""The original people-counter's channel has every device, whoever asks."""


def at_once(work: Callable[..., object], *arguments: object, **named: object) -> object:
    return work(*arguments, **named)


def open_access(settings: EngageSection, store: ObjectStore, clock: Clock, aside: Aside = at_once) -> Access:
    vault = Vault(store, clock)
    sessions = Sessions(vault, clock, settings.session_idle)
    accounts = Accounts(vault, sessions, clock, aside)
    return Access(
        settings.auth,
        sessions,
        accounts,
        Admin(vault, clock),
        Audit(vault, clock),
        Sweep(vault, clock),
        clock,
    )


def add_access(app: Flask, api: Contract, settings: EngageSection, access: Access) -> None:
    """Before whatever else looks at requests."""
    gate = Gate(access, partial(_role, api), frozenset(settings.allowed_origins))
    app.before_request(gate.check)
    app.after_request(gate.record)
    app.after_request(gate.hide)
    app.register_error_handler(RefusedError, refusal)
    app.register_error_handler(VaultAwayError, gate.away)
    base = partial(_base, settings)
    outside = settings.oidc.issuer is not None and settings.auth
    desk = Desk(access, settings.oidc.label if outside else None)
    add_session(api, access, desk)
    add_passwords(api, access, desk)
    if outside:
        _add_oidc(api, settings, access, desk, base)
    add_invitations(api, access, base)
    add_users(api, access, base)
    add_tokens(api, access)
    add_audit(api, access)


def _base(settings: EngageSection) -> str:
    return settings.public_url or request.host_url.rstrip("/")


def _add_oidc(
    api: Contract, settings: EngageSection, access: Access, desk: Desk, base: Callable[[], str]
) -> None:
    from engage.access.oidc import Provider  # noqa: PLC0415 -- what it needs is not installed with the rest
    from engage.access.oidc_routes import add_oidc  # noqa: PLC0415

    add_oidc(api, access, desk, Provider(settings.oidc, access.clock), base)


def _role(api: Contract, endpoint: str) -> Role | None:
    if endpoint in OPEN:
        return Role.ANYBODY
    if endpoint == _POLLING:
        return Role.ADMIN
    operation = api.operations.get(endpoint)
    return operation.role if operation else None
