"""Signing in with an OpenID provider, over REST: the browser goes there and comes back."""

from collections.abc import Callable

from flask import Response, redirect, request

from engage.access.gate import Access, entry, oidc_errand, set_errand
from engage.access.oidc import Errand, OutsiderError, Provider
from engage.access.roles import Role
from engage.access.session_routes import Desk
from engage.contract import Body, Contract

PATH = "/api/v1/oidc"
_THERE = {302: Body(media_type="", description="to the provider")}
_BACK = {302: Body(media_type="", description="signed in, to the page")}


def add_oidc(api: Contract, access: Access, desk: Desk, provider: Provider, base: Callable[[], str]) -> None:
    def back() -> str:
        return f"{base()}{PATH}/callback"

    @api.get(
        f"{PATH}/start",
        "Sign in with the OpenID provider: sends the browser there",
        _THERE,
        role=Role.ANYBODY,
    )
    def start() -> Response:
        errand = Errand.new()
        response = _to(provider.start(back(), errand))
        set_errand(response, str(errand), PATH)
        return response

    @api.get(f"{PATH}/callback", "Where the OpenID provider sends the browser back", _BACK, role=Role.ANYBODY)
    def callback() -> Response:
        errand = Errand.parse(oidc_errand())
        if errand is None:
            raise OutsiderError("This sign-in did not begin in this browser, or too long ago; begin again.")
        outsider = provider.finish(back(), errand, request.args)
        user, secret = access.accounts.vouched(outsider, provider.default_role)
        response = _to("/")
        desk.let_in(response, user, secret)
        set_errand(response, "", PATH)
        access.audit.record(entry(access.clock, "sign in", user.name, {"by": outsider.issuer}))
        return response


def _to(address: str) -> Response:
    response = redirect(address)
    assert isinstance(response, Response)  # noqa: S101 -- Flask's own
    response.headers["Cache-Control"] = "no-store"
    return response
