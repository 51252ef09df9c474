"""Who made a link or a token, and what it is worth for that: no more than its maker may do now."""

from dataclasses import dataclass

from engage.access.records import Credential, Invitation, Sites, Token, User
from engage.access.roles import Principal, Role
from engage.access.vault import Vault


@dataclass(frozen=True, slots=True)
class Maker:
    """`account`: the uid of the user who answers for it; None where the keys of the store do."""

    name: str
    account: str | None = None

    @classmethod
    def of(cls, principal: Principal) -> "Maker":
        return cls(principal.name, principal.account)


def owner(vault: Vault, account: str) -> User | None:
    """The user whose account it is, if that is open; as it was a few seconds ago."""
    credential = vault.get(Credential, account)
    user = vault.get(User, credential.name) if credential else None
    return user if user and user.uid == account and not user.disabled else None


def rights(vault: Vault, token: Token) -> Principal | None:
    """What a token may do that has not expired: its own, but for what its maker may not; None: nothing."""
    if token.maker is None:
        return Principal(token.name, token.role, token.sites, "token", token.id)
    if (user := owner(vault, token.maker)) is None:
        return None
    role, sites = min(token.role, user.role), _both(token.sites, user.sites)
    return Principal(token.name, role, sites, "token", token.id, user.uid)


def may_invite(vault: Vault, link: Invitation) -> bool:
    """Whether its maker still may."""
    if link.maker is None:
        return True
    user = owner(vault, link.maker)
    return user is not None and user.role == Role.ADMIN


def _both(one: Sites, other: Sites) -> Sites:
    if one is None or other is None:
        return other if one is None else one
    return one & other
