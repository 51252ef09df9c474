"""People, invitations, tokens and the audit log, over REST: for admins."""

from collections.abc import Callable
from typing import cast

from flask import Response

from engage.access.answers import (
    DAY,
    AuditLog,
    AuditQuery,
    Change,
    InvitationMade,
    Invite,
    NewToken,
    People,
    Person,
    PersonChange,
    PersonChanged,
    TokenInfo,
    TokenMade,
    Tokens,
)
from engage.access.gate import Access, done
from engage.access.names import role, welcome_link
from engage.access.records import Sites, Token, User
from engage.access.roles import Role, current
from engage.contract import Body, Contract, json
from engage.settings import RoleWord

LINK_SECONDS = 3 * DAY
Base = Callable[[], str]
"""The address people reach the page by, without a slash at its end."""

_NOTHING = {204: Body(media_type="", description="done")}


def add_invitations(api: Contract, access: Access, base: Base) -> None:
    admin = access.admin

    @api.post(
        "/api/v1/invitations",
        "Make a link with which somebody makes an account",
        {200: Body(InvitationMade)},
        role=Role.ADMIN,
        body=Invite,
    )
    def invite(body: Invite) -> Response:
        secret, made = admin.invite(role(body.role), _sites(body.sites), body.seconds, current().name)
        done("invite", "", role=body.role, sites=_words(made.sites))
        return json(InvitationMade(link=welcome_link(base(), secret), expires=made.expires))


def add_users(api: Contract, access: Access, base: Base) -> None:
    admin = access.admin

    @api.get("/api/v1/users", "The people who have an account", {200: Body(People)}, role=Role.ADMIN)
    def users() -> Response:
        return json(People(users=[_person(user) for user in admin.users()]))

    @api.patch(
        "/api/v1/users/<name>",
        "Change somebody's role or sites, close the account, or reset the password",
        {200: Body(PersonChanged)},
        role=Role.ADMIN,
        body=PersonChange,
    )
    def change(name: str, body: PersonChange) -> Response:
        new = admin.change(
            name,
            role=role(body.role) if body.role else None,
            sites=_sites(body.sites),
            all_sites="sites" in body.model_fields_set and body.sites is None,
            disabled=body.disabled,
        )
        changed = {field: str(getattr(body, field)) for field in sorted(body.model_fields_set)}
        done("change user", name, **changed)
        link = (
            welcome_link(base(), admin.reset(name, LINK_SECONDS, current().name)[0]) if body.reset else None
        )
        return json(PersonChanged(user=_person(new), link=link))

    @api.delete("/api/v1/users/<name>", "Remove an account", _NOTHING, role=Role.ADMIN)
    def remove(name: str) -> Response:
        admin.remove(name)
        done("remove user", name)
        return Response(status=204)


def add_tokens(api: Contract, access: Access) -> None:
    admin = access.admin

    @api.get("/api/v1/tokens", "The tokens of other systems", {200: Body(Tokens)}, role=Role.ADMIN)
    def tokens() -> Response:
        return json(Tokens(tokens=[_token(token) for token in admin.tokens()]))

    @api.post(
        "/api/v1/tokens",
        "Make a token for another system; its secret is shown once",
        {200: Body(TokenMade)},
        role=Role.ADMIN,
        body=NewToken,
    )
    def issue(body: NewToken) -> Response:
        secret, token = admin.issue(
            body.name, role(body.role), _sites(body.sites), body.seconds, current().name
        )
        done("issue token", token.id, name=token.name, role=body.role, sites=_words(token.sites))
        return json(TokenMade(token=_token(token), secret=secret.text))

    @api.delete("/api/v1/tokens/<id>", "Revoke a token", _NOTHING, role=Role.ADMIN)
    def revoke(id: str) -> Response:  # noqa: A002 -- as the path has it
        done("revoke token", id, name=admin.revoke(id).name)
        return Response(status=204)


def add_audit(api: Contract, access: Access) -> None:
    @api.get(
        "/api/v1/audit",
        "Who changed what, when and from where; the latest first",
        {200: Body(AuditLog)},
        role=Role.ADMIN,
        query=AuditQuery,
    )
    def audit(query: AuditQuery) -> Response:
        found = access.audit.recent(query.limit, query.before)
        more = found[-1][0] if len(found) == query.limit else None
        return json(AuditLog(entries=[Change(**entry.model_dump()) for _, entry in found], next=more))


def _sites(sites: list[str] | None) -> Sites:
    return None if sites is None else frozenset(sites)


def _words(sites: Sites) -> str:
    return "all" if sites is None else ", ".join(sorted(sites))


def _listed(sites: Sites) -> list[str] | None:
    return None if sites is None else sorted(sites)


def _person(user: User) -> Person:
    return Person(
        name=user.name,
        role=cast(RoleWord, user.role.word),
        sites=_listed(user.sites),
        disabled=user.disabled,
        outside=user.outside,
        created=user.created,
        by=user.by,
    )


def _token(token: Token) -> TokenInfo:
    return TokenInfo(
        id=token.id,
        name=token.name,
        role=cast(RoleWord, token.role.word),
        sites=_listed(token.sites),
        created=token.created,
        expires=token.expires,
        by=token.by,
    )
