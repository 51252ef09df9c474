"""`headway model`: make the detector's model ready ahead of its first use."""

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from common.wire.messages import Model
from inference.model.error import ModelError
from inference.model.prepare import is_prepared, prepare
from inference.ssdlite_detector import SsdliteDetector


def ensure_model(console: Console) -> None:
    """
    Fetch and convert the model unless the cache holds it, with a bar on `console`; ModelError when that
    fails.
    """
    if is_prepared():
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("preparing the model", total=None)
        prepare(lambda stage: bar.update(task, description=stage))


@click.command()
def model() -> None:
    """Fetch and convert the detector's model, and say which one this machine runs."""
    try:
        ensure_model(Console(stderr=True))
        detector = SsdliteDetector.load()
    except ModelError as error:
        raise click.ClickException(str(error)) from error
    click.echo(Model(name=detector.name, digest=detector.digest).short)
