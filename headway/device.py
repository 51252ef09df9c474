"""`headway device`: the devices that the broker and the store know, for whoever has their keys."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from common.adapters.s3 import S3Store
from common.ports.store import ObjectStore
from common.settings import TelemetrySettings
from common.telemetry import configure_logs
from common.wire.codec import encode
from common.wire.messages import DeviceConfig, DeviceSettings, revision_after
from common.wire.names import DeviceID
from common.wire.topics import Topics
from engage.settings import EngageSettings
from headway.clearing import clear
from headway.door import accounts, me, note
from headway.errors import UserError
from headway.installed import settings_of
from headway.line import Line
from headway.options import config_option, data_option
from headway.registry import Registered, filters, registered, stored_flows, traces

_Value = float | str | bool
_PATIENCE = 5.0
_COLOURS = {"online": "green", "paused": "yellow", "offline": "red"}
_DEVICE: TypeAdapter[str] = TypeAdapter(DeviceID)
_EXAMPLES = """\
Examples:

\b
  headway device list                                 every device, running or not
  headway device set cam-1 --interval 5 --name Gate   a picture every 5 s; the page calls it Gate
  headway device set cam-1 cam-2 --site yard          two at once
  headway device set cam-1 --pause                    no pictures until --resume
  headway device set cam-1 --site ''                  the site is again what its agent was started with
  headway device forget cam-1                         a device that was renamed or is no more

Without `headway up` on this machine name the settings of the services: headway device --config FILE ...
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the settings are that lead to the broker and the store."""

    data: Path
    config: Path | None

    def settings(self) -> EngageSettings:
        return settings_of(self.data, self.config)


def _checked(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        try:
            _DEVICE.validate_python(name)
        except ValidationError as error:
            raise click.BadParameter(
                f"{name!r} cannot be a device: letters, digits and . _ : - are allowed"
            ) from error
    return tuple(dict.fromkeys(names))


@click.group(epilog=_EXAMPLES)
@data_option
@config_option
@click.pass_context
def device(context: click.Context, data: Path, config: Path | None) -> None:
    """List devices, change their settings, forget them."""
    configure_logs(TelemetrySettings(log_level="error"), "device")
    context.obj = _Place(data, config)


@device.command("list", short_help="Show every device that the broker knows.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a device and line.")
@click.pass_obj
def show(place: _Place, *, as_json: bool) -> None:
    """Show every device that the broker knows, with what it says of itself.

    `settings` is the revision of the settings that were set here or on the page, and whether the device has
    applied it.
    """
    bus = place.settings().bus
    topics = Topics(bus.prefix)
    with Line(bus, *filters(topics)) as line:
        found = registered(topics, line.retained())
    if as_json:
        for name, entry in found.items():
            click.echo(json.dumps(_as_json(name, entry)))
    elif found:
        Console().print(_table(found))
    else:
        click.echo("The broker knows no device.")


def _as_json(name: str, entry: Registered) -> dict[str, Any]:
    status, config = entry.status, entry.config
    return {
        "deviceID": name,
        "state": entry.state,
        "flows": sorted(entry.flows),
        "status": status and status.model_dump(mode="json", by_alias=True, exclude_none=True),
        "config": config and config.model_dump(mode="json", by_alias=True, exclude_none=True),
        "applied": entry.applied,
    }


def _table(found: Mapping[str, Registered]) -> Table:
    heads = ("device", "state", "name", "site", "group", "interval", "version", "settings", "error")
    table = Table(*heads, box=None, header_style="dim")
    for name, entry in found.items():
        said, wanted = entry.status, entry.config
        told = (said.name, said.site, said.group) if said else (None, None, None)
        pace = f"{said.interval:g} s" if said and said.interval else "-"
        version = said and said.agent_version
        revision = str(wanted.revision) + ("" if entry.applied else ", not applied") if wanted else "own"
        words = (*told, pace, version, revision, said and said.error)
        state = Text(entry.state, style=_COLOURS.get(entry.state, "dim"))
        table.add_row(Text(name), state, *(Text(_plain(word or "-")) for word in words))
    return table


def _plain(text: str) -> str:
    """What a device says of itself goes to a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


@device.command("set", short_help="Set interval, name, site and group; pause and resume.")
@click.argument("devices", nargs=-1, required=True, callback=_checked, metavar="DEVICE...")
@click.option(
    "--interval",
    type=click.FloatRange(0.02, 86_400),
    metavar="SECONDS",
    help="Time between two pictures.",
)
@click.option("--name", help="What people call it.")
@click.option("--site", help="Where it stands.")
@click.option("--group", help="What it belongs to.")
@click.option("--pause/--resume", "paused", default=None, help="Take no pictures; take them again.")
@click.option("--own", is_flag=True, help="First take back all that was set before.")
@click.pass_obj
def change(place: _Place, /, devices: tuple[str, ...], *, own: bool, **changes: _Value | None) -> None:
    """Set what devices shall do; it lasts over their restarts.

    What is set here wins over what an agent was started with; what is not named stays as it is. An empty
    name, site or group leaves it to the agent again. A device that is away takes the settings when it is
    back.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    if not given and not own:
        raise click.UsageError("Nothing to set: name at least one setting")
    settings = place.settings()
    for name in devices:
        click.echo(_set(settings, name, given, own=own))


def _set(settings: EngageSettings, name: str, given: Mapping[str, _Value], *, own: bool) -> str:
    topics = Topics(settings.bus.prefix)
    with Line(settings.bus, topics.device_config(name), topics.device_status(name)) as line:
        entry = registered(topics, line.retained()).get(name, Registered())
        config = _config(name, entry.config, given, own=own)
        line.retain({topics.device_config(name): encode(config)})
        with accounts(settings.store) as admin:
            note(admin, "set device", name, **{key: str(value) for key, value in given.items()})
        return f"{name}: {_answer(line, topics, entry, config)}"


def _config(name: str, last: DeviceConfig | None, given: Mapping[str, _Value], *, own: bool) -> DeviceConfig:
    before = last.settings.model_dump() if last and not own else {}
    after = {key: None if value == "" else value for key, value in (before | dict(given)).items()}
    try:
        wanted = DeviceSettings.model_validate(after)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UserError(
            f"--{first['loc'][0]} cannot be that: at most 100 signs on one line, without spaces around them"
        ) from error
    revision = revision_after(last.revision if last else 0)
    return DeviceConfig(device_id=name, revision=revision, settings=wanted, by=me(), at=time())


def _answer(line: Line, topics: Topics, entry: Registered, config: DeviceConfig) -> str:
    """What the device makes of it."""
    if not entry.online:
        return "set; it is applied when the device is online"
    for received in line.received(_PATIENCE):
        status = registered(topics, {received.topic: received.payload})[config.device_id].status
        if status and status.applied == config.revision:
            return "set and applied"
        if status and status.error and "desired settings" in status.error:
            raise UserError(f"{config.device_id} says: {_plain(status.error)}")
    return f"set, but the device has said nothing for {_PATIENCE:.0f} s; see `headway device list`"


@device.command(short_help="Remove what is left of devices that are no more.")
@click.argument("devices", nargs=-1, required=True, callback=_checked, metavar="DEVICE...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(place: _Place, devices: tuple[str, ...], *, yes: bool) -> None:
    """Remove devices that were renamed or are no more: from the page, the broker and the store.

    What goes is the latest of each: status, desired settings, results and pictures, and what comes of its
    last ones in the next seconds. A device that still runs comes back as soon as it speaks; stop its agent
    first.
    """
    settings = place.settings()
    topics, flows = Topics(settings.bus.prefix), set(settings.engage.flows)
    every = [topic for name in devices for topic in filters(topics, name)]
    with closing(S3Store(settings.store)) as store, Line(settings.bus, *every) as line:
        found = registered(topics, line.retained())
        left = _left(store, devices, found, flows)
        known = [name for name in devices if name in found or left[name]]
        if not known:
            raise UserError(f"Nothing is known of {', '.join(devices)}; `headway device list` shows all")
        for name in known:
            _warn(name, found.get(name, Registered()), left[name])
        if not yes:
            click.confirm("Forget it all?" if len(known) > 1 else "Forget it?", abort=True)
        with accounts(settings.store) as admin:
            for name in known:
                note(admin, "forget device", name)
        store.delete([key for name in known for key in left[name]])
        retained = [topic for name in known for topic in found.get(name, Registered()).topics]
        back = clear(line, topics, known, retained)
        gone = tuple(name for name in known if name not in back)
        store.delete([key for keys in _left(store, gone, found, flows).values() for key in keys])
    for name in sorted(back):
        click.echo(f"{name} has spoken again and is back: stop its agent first.", err=True)
    click.echo(f"Forgotten: {', '.join(known)}")


def _left(
    store: ObjectStore, devices: tuple[str, ...], found: Mapping[str, Registered], flows: set[str]
) -> dict[str, list[str]]:
    everywhere = flows | stored_flows(store)
    return {name: traces(store, name, everywhere | found.get(name, Registered()).flows) for name in devices}


def _warn(name: str, entry: Registered, keys: list[str]) -> None:
    click.echo(f"{name}: {', '.join([*sorted(entry.topics.values()), *keys])}")
    if entry.online:
        click.echo(f"{name} is online and comes back when it speaks again: stop its agent first.", err=True)
