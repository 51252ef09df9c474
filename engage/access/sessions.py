"""Sessions: random secrets in a browser's cookie, which the store knows by their digest."""

from collections.abc import Callable
from dataclasses import dataclass

from common.ports.clock import Clock
from engage.access.records import Credential, KnownDevice, Renewal, Session, User
from engage.access.roles import Principal
from engage.access.secret import digest, new_secret
from engage.access.vault import Vault, VaultAwayError

_RENEWALS = 24
"""How often the use of a session is written down while it would run out unused."""

LONGEST = 30 * 86_400.0
"""Seconds after which one signs in again whatever one did."""


@dataclass(frozen=True)
class Sessions:
    """`idle`: seconds after which a session that is not used ends."""

    vault: Vault
    clock: Clock
    idle: float

    def open(self, user: User, credential: Credential) -> str:
        """The secret for the cookie."""
        secret, now = new_secret(), self.clock.wall()
        session = Session(
            name=user.name, uid=user.uid, generation=credential.generation, created=now, expires=now + LONGEST
        )
        self.vault.put(session, digest(secret))
        return secret

    def close(self, secret: str) -> None:
        self.vault.delete(Session, digest(secret))
        self.vault.delete(Renewal, digest(secret))

    def principal(self, secret: str) -> Principal | None:
        """Whose it is, unless it has ended; VaultAwayError."""
        session = self.vault.get(Session, digest(secret))
        if session is None or not self._in_time(session, digest(secret)):
            return None
        user = _owner(session, self.vault.get)
        if user is None:  # which may be so because of what was remembered
            user = _owner(session, self.vault.get_now)
        return user.principal if user else None

    def _in_time(self, session: Session, name: str) -> bool:
        now, step = self.clock.wall(), self.idle / _RENEWALS
        if now >= session.expires:
            return False
        last = session.created
        try:
            if now - last > step:
                last = max(last, (self.vault.get(Renewal, name) or Renewal(at=0)).at)
            if step < now - last < self.idle:
                self.vault.put(Renewal(at=now), name)
        except VaultAwayError:
            return True  # it was read a while ago; what it is read from is away now
        return now - last < self.idle

    def know_browser(self, name: str, secret: str) -> None:
        """From now on its tries to sign in as `name` are counted by themselves."""
        self.vault.put(KnownDevice(name=name, created=self.clock.wall()), digest(secret))

    def knows_browser(self, name: str, secret: str | None) -> str | None:
        """The digest of its mark, if it has one for that name."""
        known = self.vault.get(KnownDevice, digest(secret)) if secret else None
        return digest(secret) if secret and known and known.name == name else None


def _owner(session: Session, get: Callable[..., object]) -> User | None:
    user, credential = get(User, session.name), get(Credential, session.uid)
    if not isinstance(user, User) or not isinstance(credential, Credential):
        return None
    return user if is_theirs(user, credential) and _fits(session, user, credential) else None


def _fits(session: Session, user: User, credential: Credential) -> bool:
    return session.uid == user.uid and session.generation == credential.generation


def is_theirs(user: User, credential: Credential) -> bool:
    return credential.name == user.name and not user.disabled
