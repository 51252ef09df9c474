"""`headway status`: the devices of a running `headway up`."""

import json
from pathlib import Path

import click
from rich.console import Console

from headway.datadir import ENDPOINTS
from headway.devices import fetch
from headway.errors import UserError
from headway.options import data_option
from headway.screen import devices_table


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a device and line.")
def status(data: Path, *, as_json: bool) -> None:
    """Show every device: its state, its count and how old that is."""
    web, token = _web(data)
    try:
        devices = fetch(web, token)
    except (OSError, ValueError) as error:
        raise UserError(f"{web} does not answer ({error}): is `headway up` still running?") from error
    if as_json:
        for device in devices:
            click.echo(json.dumps(device))
    elif devices:
        Console().print(devices_table(devices))
    else:
        click.echo("No device has shown itself yet.")


def _web(data: Path) -> tuple[str, str | None]:
    """The address and the token of `headway up`."""
    file = data.expanduser() / ENDPOINTS
    try:
        web = json.loads(file.read_bytes())["web"]
        return str(web["url"]), web.get("token")
    except FileNotFoundError as error:
        raise UserError(
            f"Nothing runs on {data.absolute()}: start `headway up`, or name its folder with --data DIR"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is damaged: start `headway up` again") from error
