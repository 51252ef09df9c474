"""Names of users, roles and links, as people have them."""

import re

from engage.access.records import NAME
from engage.access.roles import Role


def user_name(text: str) -> str:
    """Lower case; empty where it cannot be one."""
    name = text.strip().lower()
    return name if re.fullmatch(NAME, name) else ""


def role(word: str) -> Role:
    return Role[word.upper()]


def welcome_link(base: str, secret: str) -> str:
    return f"{base}/#/welcome/{secret}"
