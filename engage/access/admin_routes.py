"""People, invitations, tokens and the audit log, over REST: for admins."""

from collections.abc import Callable
from typing import cast

from flask import Response

from engage.access.admin import Admin, link_id
from engage.access.answers import (
    DAY,
    AuditLog,
    AuditQuery,
    Change,
    InvitationInfo,
    InvitationMade,
    Invitations,
    Invite,
    NewToken,
    People,
    Person,
    PersonChange,
    PersonChanged,
    RemovalQuery,
    Rights,
    TokenInfo,
    TokenMade,
    Tokens,
)
from engage.access.gate import Access, done
from engage.access.maker import Maker
from engage.access.names import role, welcome_link
from engage.access.records import Invitation, Sites, Token, User
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
        secret, made = admin.invite(role(body.role), _sites(body.sites), body.seconds, _me())
        done("invite", link_id(secret), role=body.role, sites=_words(made.sites))
        link = welcome_link(base(), secret)
        return json(InvitationMade(id=link_id(secret), link=link, expires=made.expires))

    @api.get(
        "/api/v1/invitations",
        "The links that work, of those that make an account or set a password",
        {200: Body(Invitations)},
        role=Role.ADMIN,
    )
    def invitations() -> Response:
        return json(Invitations(invitations=[_invitation(id_, link) for id_, link in admin.invitations()]))

    @api.delete("/api/v1/invitations/<id>", "Take a link back", _NOTHING, role=Role.ADMIN)
    def uninvite(id: str) -> Response:  # noqa: A002 -- as the path has it
        link = admin.uninvite(id)
        done("take back invitation", id, **_of_link(link))
        return Response(status=204)


def add_users(api: Contract, access: Access, base: Base) -> None:
    admin = access.admin

    @api.get("/api/v1/users", "The people who have an account", {200: Body(People)}, role=Role.ADMIN)
    def users() -> Response:
        made = _made(admin)
        return json(People(users=[_person(user, made) for user in admin.users()]))

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
        link = welcome_link(base(), admin.reset(name, LINK_SECONDS, _me())[0]) if body.reset else None
        return json(PersonChanged(user=_person(new, _made(admin)), link=link))

    @api.delete(
        "/api/v1/users/<name>",
        "Remove an account; where the user made tokens, say what becomes of them",
        _NOTHING,
        role=Role.ADMIN,
        query=RemovalQuery,
    )
    def remove(name: str, query: RemovalQuery) -> Response:
        tokens = admin.remove(name, _me(), query.tokens)
        said = {query.tokens: ", ".join(token.name for token in tokens)} if query.tokens and tokens else {}
        done("remove user", name, **said)
        return Response(status=204)


def add_tokens(api: Contract, access: Access) -> None:
    admin = access.admin

    @api.get("/api/v1/tokens", "The tokens of other systems", {200: Body(Tokens)}, role=Role.ADMIN)
    def tokens() -> Response:
        return json(Tokens(tokens=[_token(token, admin) for token in admin.tokens()]))

    @api.post(
        "/api/v1/tokens",
        "Make a token for another system; its secret is shown once",
        {200: Body(TokenMade)},
        role=Role.ADMIN,
        body=NewToken,
    )
    def issue(body: NewToken) -> Response:
        secret, token = admin.issue(body.name, role(body.role), _sites(body.sites), body.seconds, _me())
        done("issue token", token.id, name=token.name, role=body.role, sites=_words(token.sites))
        return json(TokenMade(token=_token(token, admin), secret=secret.text))

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


def _me() -> Maker:
    return Maker.of(current())


def _made(admin: Admin) -> dict[str | None, list[str]]:
    """The names of tokens that have not expired, by the account of their maker."""
    found: dict[str | None, list[str]] = {}
    for token in admin.tokens():
        if not admin.is_over(token):
            found.setdefault(token.maker, []).append(token.name)
    return found


def _sites(sites: list[str] | None) -> Sites:
    return None if sites is None else frozenset(sites)


def _words(sites: Sites) -> str:
    return "all" if sites is None else ", ".join(sorted(sites))


def _listed(sites: Sites) -> list[str] | None:
    return None if sites is None else sorted(sites)


def _of_link(link: Invitation) -> dict[str, str]:
    about = {"account": link.name} if link.name else {}
    return about | {"role": link.role.word, "sites": _words(link.sites), "by": link.by}


def _invitation(id_: str, link: Invitation) -> InvitationInfo:
    return InvitationInfo(
        id=id_,
        name=link.name,
        role=cast(RoleWord, link.role.word),
        sites=_listed(link.sites),
        created=link.created,
        expires=link.expires,
        by=link.by,
    )


def _person(user: User, made: dict[str | None, list[str]]) -> Person:
    return Person(
        name=user.name,
        role=cast(RoleWord, user.role.word),
        sites=_listed(user.sites),
        disabled=user.disabled,
        outside=user.outside,
        created=user.created,
        by=user.by,
        tokens=made.get(user.uid, []),
    )


def _token(token: Token, admin: Admin) -> TokenInfo:
    may = admin.rights(token)
    return TokenInfo(
        id=token.id,
        name=token.name,
        role=cast(RoleWord, token.role.word),
        sites=_listed(token.sites),
        created=token.created,
        expires=token.expires,
        by=token.by,
        may=Rights(role=cast(RoleWord, may.role.word), sites=_listed(may.sites)) if may else None,
    )
