"""Settings as TOML text."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from headway.errors import UserError

Tables = dict[str, dict[str, Any]]


def dump(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of texts, numbers, booleans, lists of them, and inline tables."""
    parts = ["# Written by `headway up` at every start; use --config or --set for your own settings.\n"]
    for name, table in tables.items():
        parts.append(f"\n[{_text(name)}]\n")
        parts += [f"{_text(key)} = {_value(value)}\n" for key, value in table.items()]
    return "".join(parts)


def _value(value: object) -> str:
    match value:
        case str():
            return _text(value)
        case bool() | int() | float():
            return json.dumps(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(f'{_text(k)} = {_value(v)}' for k, v in value.items())}}}"
        case _:
            return str(value)  # dates


def _text(value: str) -> str:
    """JSON's escapes are TOML's, but TOML has no surrogate pairs, and wants DEL escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def assignment(text: str) -> tuple[str, str, Any]:
    """`section.key=value` as section, key and value; a value that is no TOML is a text."""
    path, equals, value = text.partition("=")
    section, dot, key = path.strip().partition(".")
    if not (equals and dot and section and key):
        raise UserError(
            f"--set takes SECTION.KEY=VALUE, for example compat.people_counter=true, not {text!r}"
        )
    try:
        return section, key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return section, key, value.strip()
