"""What a request may do, and on whose behalf it comes."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from flask import g

Kind = Literal["user", "token", "nobody", "local"]


class Role(IntEnum):
    """Each may do what those before it may."""

    ANYBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `sites` None: all of them; `id`: the user's name or the token's id.

    `account`: the uid of the user who answers for what it does; None where the keys of the store do.
    """

    name: str
    role: Role
    sites: frozenset[str] | None = None
    kind: Kind = "user"
    id: str = ""
    account: str | None = None

    def may(self, role: Role) -> bool:
        return self.role >= role


NOBODY = Principal("nobody", Role.ANYBODY, frozenset(), "nobody")
LOCAL = Principal("local", Role.ADMIN, None, "local", "local")
"""Everybody, where there is no sign-in."""


def act_as(principal: Principal) -> None:
    """From now on the request is on that one's behalf."""
    g.principal = principal


def current() -> Principal:
    """Of the request that is being handled; nobody where the gate has let in somebody without a name."""
    principal = g.get("principal", NOBODY)
    assert isinstance(principal, Principal)  # noqa: S101 -- only `act_as` sets it
    return principal
