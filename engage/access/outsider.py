"""Somebody whom an OpenID provider vouches for."""

from dataclasses import dataclass

from engage.access.roles import Role


@dataclass(frozen=True, slots=True)
class Outsider:
    """`role` None: the provider does not say, and the account's own counts."""

    issuer: str
    subject: str
    name: str
    role: Role | None
