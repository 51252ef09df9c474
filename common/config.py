"""Settings from a TOML file, then the environment, then flags; the later one wins.

One file serves every service: `[bus] host = ...` is `HEADWAY_BUS__HOST` and `--bus.host`.
"""

import json
import os
import tomllib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import CliSettingsSource, EnvSettingsSource, SettingsError

from common.settings import CommonSettings

PREFIX = "HEADWAY_"
_SERVICES = frozenset({"ingest", "inference", "engage"})
_NOT_SETTINGS = frozenset({"HEADWAY_CACHE", "HEADWAY_DEBUG"})

S = TypeVar("S", bound=CommonSettings)


class ConfigError(Exception):
    """The settings cannot be used; the text says which, why and what to write instead."""


Layers = Mapping[str, Mapping[str, Any]]
"""Where settings come from, in words, and what was found there; the last one wins."""


def load(
    model: type[S],
    argv: Sequence[str],
    environ: Mapping[str, str] = os.environ,
    prog: str = "",
    file_name: str | None = None,
) -> S:
    """Settings of one service. ConfigError when they cannot be used; SystemExit after `--help`.

    Errors call the file `file_name`, where it is not what its user wrote.
    """
    parser = _parser(model, prog)
    flags = CliSettingsSource[ArgumentParser](
        model, root_parser=parser, cli_avoid_json=True, cli_implicit_flags=True, cli_hide_none_type=True
    )
    known, unknown = parser.parse_known_args(list(argv))
    if unknown:
        raise ConfigError(_unknown_flag(model, unknown[0]))
    file = Path(known.config) if known.config else None
    layers: Layers = {
        file_name or str(file): _from_file(model, file),
        "the environment": _from_environ(model, environ),
        "the flags": flags(parsed_args=known)(),
    }
    try:
        return model.model_validate(_merged(*layers.values()))
    except ValidationError as error:
        raise ConfigError(_explain(model, error, layers)) from error


def _unknown_flag(model: type[BaseModel], argument: str) -> str:
    """Without what may be a value, for that may be secret."""
    if not argument.startswith("-"):
        return "there is an argument that belongs to no flag; --help lists the flags"
    flag = argument.partition("=")[0]
    return f"unknown flag {flag}{_nearest(flag, _flags(model))}"


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; --help lists the flags")


def _parser(model: type[CommonSettings], prog: str) -> ArgumentParser:
    parser = _Parser(
        prog=prog or None,
        description=model.__doc__,
        epilog=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    return parser


def _from_file(model: type[CommonSettings], file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    return {key: value for key, value in content.items() if key in model.model_fields or key not in _SERVICES}


def _from_environ(model: type[CommonSettings], environ: Mapping[str, str]) -> dict[str, Any]:
    sections = {f"{PREFIX}{name.upper()}__" for name in model.model_fields}
    others = {f"{PREFIX}{name.upper()}__" for name in _SERVICES}
    for name in environ:
        ours = name.startswith(PREFIX) and name not in _NOT_SETTINGS
        if ours and not name.startswith(tuple(sections | others)):
            known = [f"{PREFIX}{key.upper().replace('.', '__')}" for key in _keys(model)]
            raise ConfigError(f"unknown setting {name} in the environment{_nearest(name, known)}")
    source = EnvSettingsSource(model, env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    for key in _keys(model, lists=True):
        name = f"{PREFIX}{key.replace('.', '__')}".lower()
        if not (value := source.env_vars.get(name) or "[").lstrip().startswith("["):
            source.env_vars |= {name: json.dumps(value.split(","))}
    try:
        return source()
    except SettingsError as error:
        raise ConfigError(f"a setting in the environment is not JSON: {error}") from error


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = result.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            result[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return result


def _keys(model: type[BaseModel], above: str = "", *, lists: bool = False) -> Iterator[str]:
    """All settings as `section.key`, or only those that are lists."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, f"{above}{name}.", lists=lists)
        elif not lists or get_origin(kind) in (list, tuple):
            yield above + name


def _flags(model: type[BaseModel]) -> list[str]:
    return ["--config", *(f"--{key}" for key in _keys(model))]


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _explain(model: type[BaseModel], error: ValidationError, layers: Layers) -> str:
    """One sentence about the first thing that is wrong, without its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = first["loc"]
    key = ".".join(str(part) for part in path)
    source = _source(path, layers)
    if first["type"] == "extra_forbidden":
        return f"unknown setting {key} in {source}{_nearest(key, [*_keys(model), *model.model_fields])}"
    text = "not a table" if first["type"] == "model_type" else first["msg"].removeprefix("Value error, ")
    return f"setting {key} in {source}: {text}"


def _source(path: Sequence[str | int], layers: Layers) -> str:
    """Where that setting, or at least its section, was last set."""
    for length in range(len(path), 0, -1):
        for name, layer in reversed(list(layers.items())):
            if _has(layer, path[:length]):
                return name
    return "the defaults"


def _has(tree: object, path: Sequence[str | int]) -> bool:
    for part in path:
        if not isinstance(tree, Mapping) or part not in tree:
            return False
        tree = tree[part]
    return True
