"""Signing in and out, over REST."""

from dataclasses import dataclass

from flask import Response

from common.service import version
from engage.access.answers import Accept, NewPassword, SessionState, SignIn, Who
from engage.access.failures import RefusedError, SignInRefusedError
from engage.access.gate import (
    Access,
    browser,
    clear_session,
    done,
    entry,
    session_secret,
    set_browser,
    set_session,
)
from engage.access.records import User
from engage.access.roles import Principal, Role, act_as, current
from engage.access.secret import new_secret
from engage.contract import Body, Contract, json

_STATE = {200: Body(SessionState)}


@dataclass(frozen=True)
class Desk:
    access: Access
    label: str | None

    def state(self, principal: Principal) -> Response:
        who = None if principal.kind == "nobody" else _who(principal)
        return json(SessionState(auth=self.access.on, principal=who, oidc=self.label, version=version()))

    def welcome(self, user: User, secret: str) -> Response:
        act_as(user.principal)
        response = self.state(current())
        self.let_in(response, user, secret)
        return response

    def let_in(self, response: Response, user: User, secret: str) -> None:
        """Signed in anew, with a browser that is known from now on."""
        _end(self.access)
        act_as(user.principal)
        set_session(response, secret)
        sessions, mark = self.access.sessions, browser().mark
        if mark is None or not sessions.knows_browser(user.name, mark):
            mark = new_secret()
            sessions.know_browser(user.name, mark)
        set_browser(response, mark)
        self.access.sweep.due()


def add_session(api: Contract, access: Access, desk: Desk) -> None:
    @api.get("/api/v1/session", "Who is signed in", _STATE, role=Role.ANYBODY)
    def session() -> Response:
        return desk.state(current())

    @api.post("/api/v1/session", "Sign in with a name and a password", _STATE, role=Role.ANYBODY, body=SignIn)
    def sign_in(body: SignIn) -> Response:
        try:
            user, secret = access.accounts.sign_in(body.name, body.password.get_secret_value(), browser())
        except SignInRefusedError as error:
            access.audit.record(entry(access.clock, "sign-in refused", error.account))
            raise
        done("sign in", user.name)
        return desk.welcome(user, secret)

    @api.delete(
        "/api/v1/session", "Sign out", {204: Body(media_type="", description="signed out")}, role=Role.ANYBODY
    )
    def sign_out() -> Response:
        _end(access)
        if current().kind == "user":
            done("sign out", current().name)
        response = Response(status=204)
        clear_session(response)
        return response


def add_passwords(api: Contract, access: Access, desk: Desk) -> None:
    @api.put(
        "/api/v1/session/password",
        "Change one's own password; every other session of the user ends",
        _STATE,
        role=Role.VIEWER,
        body=NewPassword,
    )
    def password(body: NewPassword) -> Response:
        old, new = body.old.get_secret_value(), body.new.get_secret_value()
        if current().kind != "user":
            raise RefusedError(
                "Only somebody who signed in has a password; a token or this machine has none."
            )
        user, secret = access.accounts.change_password(current().id, old, new, browser())
        done("change password", user.name)
        return desk.welcome(user, secret)

    @api.post(
        "/api/v1/invitations/accept",
        "Make the account, or set the password, that a link is for; it works once",
        _STATE,
        role=Role.ANYBODY,
        body=Accept,
    )
    def accept(body: Accept) -> Response:
        token, chosen = body.token.get_secret_value(), body.password.get_secret_value()
        user, secret = access.accounts.accept(token, body.name, chosen)
        done("accept invitation", user.name, role=user.role.word)
        return desk.welcome(user, secret)


def _end(access: Access) -> None:
    """Of the session that this browser has, if it has one: whoever makes one up costs the others nothing."""
    secret = session_secret()
    if secret and access.sessions.principal(secret):
        access.sessions.close(secret)


def _who(principal: Principal) -> Who:
    sites = None if principal.sites is None else sorted(principal.sites)
    return Who(name=principal.name, role=principal.role.word, sites=sites, kind=principal.kind)
