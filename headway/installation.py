"""From flags, files and environment to settings, written once for all children."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.config import load
from common.settings import CommonSettings
from engage.settings import EngageSettings
from headway import broker, outside, toml, weed
from headway.cameras import Camera
from headway.datadir import DataDir, Memory
from headway.errors import UserError
from headway.ports import LOOPBACK, MAX_PORT, assign, is_free
from inference.settings import InferenceSettings
from ingest.settings import IngestSettings

_SERVER_PORTS = ("mqtt", "nats", *weed.PORTS)


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of `headway up`."""

    port: int
    cameras: tuple[Camera, ...]
    interval: float | None = None
    mqtt: str | None = None
    store: str | None = None
    config: Path | None = None
    assignments: tuple[str, ...] = ()
    auth: bool = True


@dataclass(frozen=True, slots=True)
class Installation:
    """What the children are started with."""

    settings: CommonSettings
    file: Path
    env: Mapping[str, str] = field(repr=False)
    memory: Memory = field(repr=False)
    embedded_bus: bool = True
    embedded_store: bool = True
    auth: bool = True

    @property
    def web_token(self) -> str | None:
        return self.memory.web_token if self.auth else None


def prepare(options: Options, data: DataDir) -> Installation:
    """Settings checked and written into the data folder; nothing runs yet. UserError, ConfigError."""
    check_port(options.port)
    memory = data.remember()
    memory.ports = assign(_SERVER_PORTS, memory.ports, {options.port}, weed.fits)
    tables, env = _given(options), dict(os.environ)
    for section, key, value in map(toml.assignment, options.assignments):
        _set(tables, env, section, {key: value})
    bus = _server(tables, env, "bus", "host", options.mqtt and outside.mqtt(options.mqtt), _bus(memory))
    store = _server(
        tables, env, "store", "endpoint", options.store and outside.store(options.store), _store(memory)
    )
    open_to_all = {} if options.auth else {"auth": False}
    _set(tables, env, "engage", {"host": LOOPBACK, "port": options.port, **open_to_all})
    if options.interval is not None:
        _set(tables, env, "ingest", {"interval": options.interval})
    if not _is_set(tables, env, "inference", "name"):
        _set(tables, env, "inference", {"name": memory.worker})
    file = data.write("headway.toml", toml.dump(tables))
    origin = _origin(options) or str(file)
    settings = load(CommonSettings, ["--config", str(file)], env, file_name=origin)
    if settings.telemetry.metrics_port:
        raise UserError("Every part serves metrics of its own: leave telemetry.metrics_port at 0 here")
    for model in (InferenceSettings, IngestSettings):
        load(model, ["--config", str(file)], env, file_name=origin)
    auth = load(EngageSettings, ["--config", str(file)], env, file_name=origin).engage.auth
    data.keep(memory)
    return Installation(settings, file, env, memory, embedded_bus=bus, embedded_store=store, auth=auth)


def endpoints(installation: Installation, port: int) -> dict[str, object]:
    """`endpoints.json`."""
    bus, store = installation.settings.bus, installation.settings.store
    return {
        "web": {"url": f"http://{LOOPBACK}:{port}", "token": installation.web_token},
        "mqtt": {
            "host": bus.host,
            "port": bus.port,
            "username": bus.username,
            "password": bus.secret(),
        },
        "s3": {
            "endpoint": store.endpoint,
            "access_key": store.access_key,
            "secret_key": store.secret(),
            "bucket": store.bucket,
            "secure": store.secure,
        },
    }


def check_port(port: int) -> None:
    if not is_free(port):
        other = port + 1 if port < MAX_PORT else port - 1
        raise UserError(f"Port {port} is taken or reserved: choose another one, for example --port {other}")


def _origin(options: Options) -> str:
    """Where the user may have written what is wrong."""
    flags = {"--set": options.assignments, "--mqtt": options.mqtt, "--store": options.store}
    places = [str(options.config)] if options.config else []
    return " or ".join(places + [flag for flag, value in flags.items() if value])


def _given(options: Options) -> toml.Tables:
    if options.config is None:
        return {}
    try:
        content = tomllib.loads(options.config.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read {options.config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{options.config} is not TOML: {error}") from error
    for name, table in content.items():
        if not isinstance(table, dict):
            raise UserError(f"{options.config} sets {name} outside of any [section]")
    return content


def _server(
    tables: toml.Tables,
    env: dict[str, str],
    section: str,
    key: str,
    flag: Mapping[str, Any] | str | None,
    own: Mapping[str, Any],
) -> bool:
    """Whether the server is our own: neither a flag nor a file nor the environment names another one."""
    if isinstance(flag, Mapping):
        _set(tables, env, section, flag)
        return False
    if _is_set(tables, env, section, key):
        return False
    _set(tables, env, section, own)
    return True


def _is_set(tables: toml.Tables, env: Mapping[str, str], section: str, key: str) -> bool:
    return key in tables.get(section, {}) or _variable(section, key) in env


def _bus(memory: Memory) -> dict[str, Any]:
    return {
        "host": LOOPBACK,
        "port": memory.ports["mqtt"],
        "username": broker.USERNAME,
        "password": memory.mqtt_password,
        "tls": False,
    }


def _store(memory: Memory) -> dict[str, Any]:
    return {
        "endpoint": f"{LOOPBACK}:{memory.ports['s3']}",
        "access_key": memory.s3_access_key,
        "secret_key": memory.s3_secret_key,
        "secure": False,
    }


def _set(tables: toml.Tables, env: dict[str, str], section: str, values: Mapping[str, Any]) -> None:
    """The values win over the file and over the environment."""
    tables.setdefault(section, {}).update(values)
    for key in values:
        env.pop(_variable(section, key), None)


def _variable(section: str, key: str) -> str:
    return f"HEADWAY_{section}__{key.replace('.', '__')}".upper()
