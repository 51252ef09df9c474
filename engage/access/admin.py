"""What admins do, on the page and in the shell: invite, change and remove people, and issue tokens."""

from dataclasses import dataclass

from common.ports.clock import Clock
from engage.access.failures import RefusedError, UnknownError
from engage.access.records import Credential, Invitation, Sites, Token, User
from engage.access.roles import Principal, Role
from engage.access.secret import TokenSecret, digest, new_id, new_secret
from engage.access.vault import Vault

DAY = 86_400.0


@dataclass(frozen=True)
class Admin:
    """All may raise VaultAwayError and RefusedError."""

    vault: Vault
    clock: Clock

    def users(self) -> list[User]:
        return sorted(self.vault.all(User).values(), key=lambda user: user.name)

    def nobody_yet(self) -> bool:
        return next(self.vault.names(User), None) is None

    def invite(self, role: Role, sites: Sites, seconds: float, by: str) -> tuple[str, Invitation]:
        """The secret of the link, which works once."""
        _check(role, sites)
        return self._link(Invitation(uid=new_id(), role=role, sites=sites, by=by, **self._span(seconds)))

    def reset(self, name: str, seconds: float, by: str) -> tuple[str, Invitation]:
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
            by=by,
            **self._span(seconds),
        )
        return self._link(link)

    def withdraw(self, by: str) -> None:
        """The links that somebody made, who may not any more, work no longer."""
        names = [name for name, link in self.vault.all(Invitation).items() if link.by == by]
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
            self.withdraw(name)
        return new

    def remove(self, name: str) -> User:
        user = self._user(name)
        self._not_the_last(user)
        self.vault.delete(User, name)
        self.vault.delete(Credential, user.uid)
        self.withdraw(name)
        return user

    def tokens(self) -> list[Token]:
        return sorted(self.vault.all(Token).values(), key=lambda token: token.created)

    def issue(
        self,
        name: str,
        role: Role,
        sites: Sites,
        seconds: float | None,
        by: str,
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
            by=by,
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
        if token.expires is not None and token.expires <= self.clock.wall():
            return None
        return Principal(token.name, token.role, token.sites, "token", token.id)

    def _link(self, invitation: Invitation) -> tuple[str, Invitation]:
        secret = new_secret()
        self.vault.put(invitation, digest(secret))
        return secret, invitation

    def _span(self, seconds: float) -> dict[str, float]:
        now = self.clock.wall()
        return {"created": now, "expires": now + seconds}

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


def _check(role: Role, sites: Sites) -> None:
    if role == Role.ADMIN and sites is not None:
        raise RefusedError("An admin sees every site: leave `sites` out, or choose another role.")
