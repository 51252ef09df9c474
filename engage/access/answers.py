"""What REST answers about people, tokens and changes, and what it takes."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from engage.contract import Asked
from engage.models import Answer
from engage.settings import RoleWord

SiteName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
SiteNames = Annotated[list[SiteName], Field(min_length=1, max_length=100)]
Secret = Annotated[SecretStr, Field(max_length=1024)]
DAY = 86_400.0


class Who(Answer):
    """Who is signed in; `sites` null: all of them."""

    name: str
    role: Literal["anybody", "viewer", "operator", "admin"]
    sites: list[str] | None
    kind: Literal["user", "token", "nobody", "local"]


class SessionState(Answer):
    """`auth` false: there is no sign-in. `oidc`: the label of the button, where there is another way in."""

    auth: bool
    principal: Who | None
    oidc: str | None
    version: str


class SignIn(Asked):
    name: str = Field(max_length=256)
    password: Secret


class NewPassword(Asked):
    old: Secret
    new: Secret


class Accept(Asked):
    """`token` is the last part of the link. A link that resets a password needs no name."""

    token: Secret
    name: str = Field("", max_length=256)
    password: Secret


class Invite(Asked):
    """Without `sites`, all of them. `seconds`: how long the link works."""

    role: RoleWord
    sites: SiteNames | None = None
    seconds: float = Field(3 * DAY, ge=60, le=30 * DAY)


class InvitationMade(Answer):
    """The link works once, and is not to be had again."""

    id: str
    link: str
    expires: float


class InvitationInfo(Answer):
    """A link that works."""

    id: str
    name: str | None = Field(description="whose password it sets; null: it makes an account")
    role: RoleWord
    sites: list[str] | None
    created: float
    expires: float
    by: str


class Invitations(Answer):
    invitations: list[InvitationInfo]


class Person(Answer):
    name: str
    role: RoleWord
    sites: list[str] | None
    disabled: bool
    outside: bool = Field(description="known to the OpenID provider; has no password here")
    created: float
    by: str
    tokens: list[str] = Field(description="names of the tokens they made that have not expired")


class People(Answer):
    users: list[Person]


class PersonChange(Asked):
    """What is left out stays as it is; `sites` null: all of them."""

    role: RoleWord | None = None
    sites: SiteNames | None = None
    disabled: bool | None = None
    reset: bool = Field(
        default=False, description="true: sign out everywhere, and answer a link for a new password"
    )


class PersonChanged(Answer):
    user: Person
    link: str | None


class RemovalQuery(Asked):
    tokens: Literal["keep", "revoke"] | None = Field(
        None, description="those that this user made: keep them in your name, or revoke them"
    )


class NewToken(Asked):
    """Without `sites`, all of them. `seconds` null: until it is revoked."""

    name: str = Field(min_length=1, max_length=100)
    role: RoleWord
    sites: SiteNames | None = None
    seconds: float | None = Field(90 * DAY, ge=60, le=3650 * DAY)


class Rights(Answer):
    role: RoleWord
    sites: list[str] | None


class TokenInfo(Answer):
    """`may`: its role and sites, but for what its maker may not do now; null: nothing."""

    id: str
    name: str
    role: RoleWord
    sites: list[str] | None
    created: float
    expires: float | None
    by: str
    may: Rights | None


class TokenMade(Answer):
    """`secret` is what the client sends as `Authorization: Bearer`; it is not to be had again."""

    token: TokenInfo
    secret: str


class Tokens(Answer):
    tokens: list[TokenInfo]


class AuditQuery(Asked):
    limit: int = Field(100, ge=1, le=500)
    before: str = Field(
        "", pattern=r"^([0-9]{8}T[0-9]{12}Z-[0-9a-f]{16})?$", description="`next` of the page before"
    )


class Change(Answer):
    at: float
    who: str
    kind: str
    action: str
    target: str
    detail: dict[str, str]
    address: str


class AuditLog(Answer):
    """The latest first."""

    entries: list[Change]
    next: str | None
