"""What admins do, on the page and in the shell: invite, change and remove people, and issue tokens."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from common.ports.clock import Clock
from engage.access.failures import RefusedError, UnknownError
from engage.access.maker import Maker, may_invite, rights
from engage.access.records import Credential, Invitation, Sites, Token, User
from engage.access.roles import Principal, Role
from engage.access.secret import TokenSecret, digest, new_id, new_secret
from engage.access.vault import Vault

DAY = 86_400.0
Fate = Literal["keep", "revoke"]
_ID = 16
_LINK = re.compile(rf"[0-9a-f]{{{_ID}}}")


@dataclass(frozen=True)
class Admin:
    """All may raise VaultAwayError and RefusedError."""

    vault: Vault
    clock: Clock

    def users(self) -> list[User]:
        return sorted(self.vault.all(User).values(), key=lambda user: user.name)

    def nobody_yet(self) -> bool:
        return next(self.vault.names(User), None) is None

    def invite(self, role: Role, sites: Sites, seconds: float, by: Maker) -> tuple[str, Invitation]:
        """The secret of the link, which works once."""
        _check(role, sites)
        made = self._made(seconds, by)
        return self._link(Invitation(uid=new_id(), role=role, sites=sites, **made))

    def reset(self, name: str, seconds: float, by: Maker) -> tuple[str, Invitation]:
        """Sign the user out everywhere and close the account until the link is used."""
        user = self._user(name)
        if user.outside:
            raise RefusedError(f"{name!r} signs in with the OpenID provider, which keeps the password.")
        link = Invitation(
            uid=user.uid,
            name=name,
            generation=self._end_sessions(user),
            role=user.role,
            sites=user.sites,
            **self._made(seconds, by),
        )
        return self._link(link)

    def invitations(self) -> list[tuple[str, Invitation]]:
        """Those that work, by what they are called here, which is no secret; the oldest first."""
        found = sorted(self.vault.all(Invitation).items(), key=lambda one: one[1].created)
        return [(name[:_ID], link) for name, link in found if self._works(link)]

    def uninvite(self, id_: str) -> Invitation:
        """The link works no longer."""
        names = list(self.vault.names(Invitation, id_)) if _LINK.fullmatch(id_) else []
        links = self.vault.all(Invitation, names)
        if not links:
            raise UnknownError(f"invitation {id_!r}", "/api/v1/invitations")
        self.vault.delete(Invitation, *links)
        return next(iter(links.values()))

    def withdraw(self, by: Maker) -> None:
        """The links that somebody made, who may not any more, work no longer."""
        links = self.vault.all(Invitation).items()
        names = [name for name, link in links if _is_by(link, by)]
        if names:
            self.vault.delete(Invitation, *names)

    def change(
        self, name: str, *, role: Role | None, sites: Sites, all_sites: bool, disabled: bool | None
    ) -> User:
        """None leaves as it is; `sites` None with `all_sites` lifts the limit."""
        user = self._user(name)
        new = user.model_copy(
            update={
                "role": user.role if role is None else role,
                "sites": None if all_sites else user.sites if sites is None else sites,
                "disabled": user.disabled if disabled is None else disabled,
            }
        )
        _check(new.role, new.sites)
        if new.disabled or new.role < Role.ADMIN:
            self._not_the_last(user)
        self.vault.put(new, name)
        if new.disabled or new.role < user.role:
            self.withdraw(Maker(name, user.uid))
        return new

    def remove(self, name: str, by: Maker, tokens: Fate | None = None) -> list[Token]:
        """And the tokens that the user made, or keep those in the name of whoever asks; answers which."""
        user = self._user(name)
        self._not_the_last(user)
        made = [token for token in self.tokens() if token.maker == user.uid and not self.is_over(token)]
        if made and tokens is None:
            names = ", ".join(repr(token.name) for token in made)
            raise RefusedError(
                f"{name!r} made tokens that other systems may use ({names}): say whether to `keep` them, "
                "in your name, or to `revoke` them."
            )
        if made and tokens == "keep":
            self._take_over(made, user, by)
        self.vault.delete(User, name)
        self.vault.delete(Credential, user.uid)
        self.withdraw(Maker(name, user.uid))
        if made and tokens == "revoke":
            self.vault.delete(Token, *(token.id for token in made))
        return made

    def tokens(self) -> list[Token]:
        return sorted(self.vault.all(Token).values(), key=lambda token: token.created)

    def is_over(self, token: Token) -> bool:
        return token.expires is not None and token.expires <= self.clock.wall()

    def rights(self, token: Token) -> Principal | None:
        """What it may do now; None: nothing."""
        return None if self.is_over(token) else rights(self.vault, token)

    def issue(
        self,
        name: str,
        role: Role,
        sites: Sites,
        seconds: float | None,
        by: Maker,
        secret: TokenSecret | None = None,
    ) -> tuple[TokenSecret, Token]:
        """The secret is not to be had again."""
        _check(role, sites)
        secret, now = secret or TokenSecret.new(), self.clock.wall()
        token = Token(
            id=secret.id,
            name=name,
            digest=digest(secret.secret),
            role=role,
            sites=sites,
            created=now,
            expires=None if seconds is None else now + seconds,
            by=by.name,
            maker=by.account,
        )
        self.vault.put(token, token.id)
        return secret, token

    def revoke(self, id_: str) -> Token:
        token = self.vault.get_now(Token, id_)
        if token is None:
            raise UnknownError(f"token {id_!r}", "/api/v1/tokens")
        self.vault.delete(Token, id_)
        return token

    def bearer(self, text: str) -> Principal | None:
        """Whom a token speaks for, while it is good."""
        secret = TokenSecret.parse(text)
        token = self.vault.get(Token, secret.id) if secret else None
        if secret is None or token is None or not secret.matches(token.digest):
            return None
        return self.rights(token)

    def _link(self, invitation: Invitation) -> tuple[str, Invitation]:
        secret = new_secret()
        self.vault.put(invitation, digest(secret))
        return secret, invitation

    def _made(self, seconds: float, by: Maker) -> dict[str, Any]:
        now = self.clock.wall()
        return {"created": now, "expires": now + seconds, "by": by.name, "maker": by.account}

    def _works(self, link: Invitation) -> bool:
        if link.expires <= self.clock.wall() or not may_invite(self.vault, link):
            return False
        credential = self.vault.get(Credential, link.uid) if link.resets else None
        return not link.resets or (credential is not None and credential.generation == link.generation)

    def _take_over(self, tokens: list[Token], user: User, by: Maker) -> None:
        if by.account == user.uid:
            raise RefusedError("Your tokens would go with you: let another admin keep them.")
        for token in tokens:
            self.vault.put(token.model_copy(update={"by": by.name, "maker": by.account}), token.id)

    def _user(self, name: str) -> User:
        user = self.vault.get_now(User, name)
        if user is None:
            raise UnknownError(f"account {name!r}", "/api/v1/users")
        return user

    def _end_sessions(self, user: User) -> str:
        """The generation of the credential that has no password."""
        credential = Credential(name=user.name, generation=new_id(), changed=self.clock.wall())
        self.vault.put(credential, user.uid)
        return credential.generation

    def _not_the_last(self, user: User) -> None:
        if user.role < Role.ADMIN or user.disabled:
            return
        others = (u for u in self.users() if u.name != user.name and u.role == Role.ADMIN and not u.disabled)
        if next(others, None) is None:
            raise RefusedError(f"{user.name!r} is the only admin: make another one first.")


def link_id(secret: str) -> str:
    """What a link is called where it is listed."""
    return digest(secret)[:_ID]


def _is_by(link: Invitation, by: Maker) -> bool:
    return link.maker == by.account and (by.account is not None or link.by == by.name)


def _check(role: Role, sites: Sites) -> None:
    if role == Role.ADMIN and sites is not None:
        raise RefusedError("An admin sees every site: leave `sites` out, or choose another role.")
