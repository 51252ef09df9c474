"""The command line: `headway up` and what goes with it."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from common.config import ConfigError
from common.ports.store import StoreError
from common.service import version
from headway.errors import UserError
from inference.model.error import ModelError

_COMMANDS = {
    "up": "Run everything on this machine: broker, store, worker, page and cameras.",
    "user": "List, invite, remove and reset the people who sign in.",
    "status": "Show the devices of a running `headway up`.",
    "analyse": "Count people in pictures and videos.",
    "device": "List devices, change their settings, forget them.",
    "model": "Fetch and convert the detector.",
    "footage": "Fetch the sample footage.",
}
_USAGE = 2


class Commands(click.Group):
    """Each command lives in the module of its name, imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"headway.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="headway")
def cli() -> None:
    """
    Count people and track locomotives from any camera.

    `headway up` alone plays sample footage and prints the address of the page.
    """


def main() -> None:
    sys.exit(run(cli.main))


def run(command: Callable[..., Any]) -> int:
    """The exit status; an error becomes one sentence, and a traceback only with HEADWAY_DEBUG=1."""
    try:
        return int(command(standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        error.show()
        return _USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Exception as error:  # the one boundary of the command line
        if os.environ.get("HEADWAY_DEBUG"):
            raise
        click.echo(f"headway: {_sentence(error)}", err=True)
        return 1


def _sentence(error: Exception) -> str:
    match error:
        case UserError() | ConfigError() | StoreError() | ModelError():
            return str(error)
        case click.ClickException():
            return error.format_message()
        case OSError() if error.strerror:
            return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
        case _:
            return f"{type(error).__name__}: {error} (HEADWAY_DEBUG=1 shows where)"


if __name__ == "__main__":
    main()
