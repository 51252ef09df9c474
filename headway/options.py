"""Options that several commands have."""

from pathlib import Path

import click

DATA = Path("data")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DATA,
    show_default=True,
    metavar="DIR",
    help="The folder of `headway up`.",
)
config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file of the services, where there is no `up`.",
)
