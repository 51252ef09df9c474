"""Names of users, as they are typed and as they are kept."""

import re

from engage.access.records import NAME


def user_name(text: str) -> str:
    """Lower case; empty where it cannot be one."""
    name = text.strip().lower()
    return name if re.fullmatch(NAME, name) else ""
