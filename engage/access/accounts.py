"""Signing in, and what people do with their own account."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from common.ports.clock import Clock
from engage.access.failures import BusyError, GoneError, RefusedError, SignInRefusedError, TooManyTriesError
from engage.access.maker import may_invite
from engage.access.names import user_name
from engage.access.outsider import Outsider
from engage.access.records import Credential, Invitation, Sites, User
from engage.access.roles import Role
from engage.access.secret import (
    PasswordRefusedError,
    check_password,
    digest,
    hash_password,
    new_id,
    verify_password,
)
from engage.access.sessions import Sessions, is_theirs
from engage.access.throttle import Try
from engage.access.vault import Vault
from engage.allowance import Allowances

Aside = Callable[..., Any]
"""Calls a function with arguments where it keeps nobody waiting, and answers what it answers."""

T = TypeVar("T")
P = ParamSpec("P")

_AT_ONCE = 2
_PATIENCE = 5.0
_UID = 32
_NOBODY = "nobody"
"""Looked up all the same, so that the time does not tell whether there is such a name."""

_WRONG = "The name or the password is wrong."


@dataclass(frozen=True)
class Browser:
    """Where a try to sign in comes from."""

    address: str
    mark: str | None = None


class Accounts:
    """Passwords are hashed two at a time, whoever asks."""

    def __init__(self, vault: Vault, sessions: Sessions, clock: Clock, aside: Aside) -> None:
        self._vault = vault
        self._sessions = sessions
        self._clock = clock
        self._aside = aside
        self._tries = Allowances()
        self._slow = ThreadPoolExecutor(_AT_ONCE, "engage-password")

    def sign_in(self, text: str, password: str, browser: Browser) -> tuple[User, str]:
        """The user and the secret of a new session; RefusedError, VaultAwayError."""
        name = user_name(text)
        attempt = Try(name, browser.address, self._sessions.knows_browser(name, browser.mark))
        self._take(attempt)
        user = self._vault.get_now(User, name) if name else None
        credential = self._vault.get_now(Credential, user.uid if user else _NOBODY)
        if not self._matches(credential, password) or user is None or credential is None:
            raise SignInRefusedError(_WRONG, user.name if user else "")
        if not is_theirs(user, credential):
            raise SignInRefusedError("This account is closed; an admin can open it again.", name)
        self._tries.give_back(attempt.costs())
        return user, self._sessions.open(user, credential)

    def change_password(self, name: str, old: str, new: str, browser: Browser) -> tuple[User, str]:
        """Ends every session of the user; the secret is of a new one."""
        user = self._vault.get_now(User, name)
        credential = self._vault.get_now(Credential, user.uid) if user else None
        if user is None or credential is None or user.outside:
            raise RefusedError("Your account has no password here; your OpenID provider keeps it.")
        attempt = Try(name, browser.address, self._sessions.knows_browser(name, browser.mark))
        self._take(attempt)
        if not self._matches(credential, old):
            raise SignInRefusedError("The old password is wrong.", name)
        self._tries.give_back(attempt.costs())
        return user, self._sessions.open(user, self._new_password(user, new))

    def accept(self, secret: str, text: str, password: str) -> tuple[User, str]:
        """Make the account, or set the password, that an invitation is for. Nobody guesses 256 bits."""
        link = self._vault.get_now(Invitation, digest(secret))
        if link is None or link.expires <= self._clock.wall() or not may_invite(self._vault, link):
            raise GoneError(
                "It was used, or is too old: ask an admin for another, or run `headway user invite`."
            )
        user = self._invited(link, text)
        credential = self._new_password(user, password)
        if not link.resets:
            self._vault.put(user, user.name)
        self._vault.delete(Invitation, digest(secret))
        self._settle(user, credential)
        return user, self._sessions.open(user, credential)

    def vouched(self, outsider: Outsider, default: Role | None) -> tuple[User, str]:
        """Whom the OpenID provider has let in; at the first time, the account is made."""
        uid = digest(f"{outsider.issuer} {outsider.subject}")[:_UID]
        credential = self._vault.get_now(Credential, uid)
        user = self._vault.get_now(User, credential.name) if credential else None
        if user is None or credential is None or user.uid != uid:
            return self._newcomer(outsider, uid, outsider.role or default)
        if user.disabled:
            raise RefusedError("This account is closed; an admin can open it again.")
        if outsider.role is not None and outsider.role != user.role:
            user = user.model_copy(update={"role": outsider.role, "sites": _sites(user, outsider.role)})
            self._vault.put(user, user.name)
        return user, self._sessions.open(user, credential)

    def _newcomer(self, outsider: Outsider, uid: str, role: Role | None) -> tuple[User, str]:
        """Never takes over an account that has the same name."""
        if role is None:
            raise RefusedError("Nobody said what you may do: set engage.oidc.default_role or role_claim.")
        now, name = self._clock.wall(), user_name(outsider.name) or "user"
        if self._vault.get_now(User, name):
            name = f"{name[:50]}-{uid[:8]}"
        user = User(name=name, uid=uid, role=role, created=now, by=outsider.issuer, outside=True)
        credential = Credential(name=name, generation=new_id(), changed=now)
        self._vault.put(credential, uid)
        self._vault.put(user, name)
        return user, self._sessions.open(user, credential)

    def close(self) -> None:
        self._slow.shutdown(wait=False, cancel_futures=True)

    def _invited(self, link: Invitation, text: str) -> User:
        name = user_name(text)
        if link.name is not None:
            user, credential = self._vault.get_now(User, link.name), self._vault.get_now(Credential, link.uid)
            if user is None or user.uid != link.uid:
                raise GoneError("The account it was made for is gone.")
            if credential is None or credential.generation != link.generation:
                raise GoneError("The password was set since it was made, or there is a later link.")
            if name and name != link.name:
                raise RefusedError(f"This link is for the account {link.name!r}.")
            return user
        if not name:
            raise RefusedError("A name has up to 64 letters, digits and . _ @ + -, no sign first.")
        if self._vault.get_now(User, name):
            raise RefusedError(f"There is an account {name!r} already; choose another name.")
        now = self._clock.wall()
        return User(name=name, uid=link.uid, role=link.role, sites=link.sites, created=now, by=link.by)

    def _settle(self, user: User, credential: Credential) -> None:
        """Of several that use the link, or choose the name, at the same moment, the last one has it."""
        kept, own = self._vault.get_now(User, user.name), self._vault.get_now(Credential, user.uid)
        if kept is None or kept.uid != user.uid or own is None or own.generation != credential.generation:
            raise GoneError("Somebody else used it, or took the name, at the same moment.")

    def _new_password(self, user: User, password: str) -> Credential:
        try:
            check_password(password, user.name)
        except PasswordRefusedError as error:
            raise RefusedError(str(error)) from error
        hashed = self._slowly(hash_password, password)
        credential = Credential(
            name=user.name, generation=new_id(), password=hashed, changed=self._clock.wall()
        )
        self._vault.put(credential, user.uid)
        return credential

    def _take(self, attempt: Try) -> None:
        if wait := self._tries.take(attempt.costs(), self._clock.monotonic()).wait:
            raise TooManyTriesError(wait)

    def _matches(self, credential: Credential | None, password: str) -> bool:
        return bool(self._slowly(verify_password, credential.password if credential else None, password))

    def _slowly(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        try:
            answer: T = self._slow.submit(self._aside, work, *arguments, **named).result(_PATIENCE)
        except TimeoutError as error:
            raise BusyError("Too many people sign in at once; try again in a few seconds.") from error
        return answer


def _sites(user: User, role: Role) -> Sites:
    return None if role == Role.ADMIN else user.sites
