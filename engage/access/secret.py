"""Secrets: random ones, of which a plain digest is kept, and passwords, which need a slow one."""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256
_TOKEN = re.compile(r"hw_([a-z0-9-]{1,64})_([A-Za-z0-9_-]{43})")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's password storage cheat sheet, argon2id."""

_FEWEST = 5
"""Different signs in a password."""

_COMMON = frozenset(
    """
    password passw0rd letmein welcome qwerty qwertyuiop asdfghjkl iloveyou sunshine princess football baseball
    superman trustno1 administrator adminadmin changeme secret master dragon monkey shadow computer internet
    whatever starwars headway headwayheadway raspberry raspberrypi abcdef abcdefgh abcdefghijkl peoplecounter
    1q2w3e4r5t6y qazwsxedc zaq12wsx correcthorsebatterystaple passwordpassword letmeinletmein welcomewelcome
    """.split()  # noqa: SIM905 -- for reading
)
"""Compared without the figures at either end."""


class PasswordRefusedError(Exception):
    """The text says what to choose instead."""


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    return secrets.token_hex(8)


def digest(secret: str) -> str:
    """Enough for a secret that nobody can guess."""
    return sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class TokenSecret:
    """`hw_<id>_<secret>`: what the client of REST shows."""

    id: str
    secret: str

    @classmethod
    def new(cls, id_: str | None = None) -> Self:
        return cls(id_ or new_id(), new_secret())

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _TOKEN.fullmatch(text)
        return cls(match[1], match[2]) if match else None

    def matches(self, kept: str) -> bool:
        return compare_digest(digest(self.secret), kept)

    @property
    def text(self) -> str:
        return f"hw_{self.id}_{self.secret}"


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


_NOBODYS = _HASHER.hash(secrets.token_urlsafe(16))


def verify_password(kept: str | None, password: str) -> bool:
    """As slow where there is no such user, so that the time does not tell."""
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(kept or _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def check_password(password: str, name: str) -> None:
    """PasswordRefusedError unless it is long enough and not the first that somebody would try."""
    if len(password) < SHORTEST:
        raise PasswordRefusedError(
            f"A password has at least {SHORTEST} characters; four random words do well."
        )
    if len(password) > LONGEST:
        raise PasswordRefusedError(f"A password has at most {LONGEST} characters.")
    if _is_common(password, name):
        raise PasswordRefusedError(
            "That is one of the passwords everybody tries first; take four random words."
        )


def _is_common(password: str, name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", password.lower())
    core = re.sub(r"^\d+|\d+$", "", plain)
    repeats = any(plain == (plain[:n] * len(plain))[: len(plain)] for n in range(1, _FEWEST))
    known = {*_COMMON, re.sub(r"[^a-z0-9]", "", name)}
    return (
        len(set(password)) < _FEWEST
        or (repeats and bool(plain))
        or plain.isdigit()
        or not known.isdisjoint({plain, core})
    )
