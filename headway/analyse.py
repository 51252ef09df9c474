"""`headway analyse`: count people in pictures and films, through the code that the worker runs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from headway.model import ensure_model
from inference.analyse import Analysis, examine
from inference.analyse import analyse as analyse_bytes
from inference.detector import TRAIN, Detector
from inference.draw import snapshot
from inference.model.error import ModelError
from inference.picture import MAX_BYTES, BadPicture
from inference.ssdlite_detector import SsdliteDetector

PICTURES = {".jpg", ".jpeg", ".png"}
FILMS = {".avi", ".mp4", ".mkv", ".mov", ".webm"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in a picture, or in a frame of a film, called `name`."""

    name: str
    analysis: Analysis

    def as_json(self) -> str:
        analysis = self.analysis
        fields = {"count": analysis.count, "counts": analysis.counts, "boxes": analysis.boxes}
        return json.dumps({"file": self.name, **fields})


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    reason: str


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@click.option("--profile", type=click.Choice(["accurate", "light"]), default="accurate", show_default=True)
@click.option(
    "--annotate", type=click.Path(path_type=Path, file_okay=False), help="Write annotated pictures here."
)
@click.option("--no-pixelate", is_flag=True, help="Leave people recognisable in annotated pictures.")
@click.option(
    "--every", type=click.IntRange(1), default=25, show_default=True, help="Of a film, each how many frames."
)
def analyse(
    files: tuple[Path, ...],
    *,
    as_json: bool,
    profile: Literal["accurate", "light"],
    annotate: Path | None,
    no_pixelate: bool,
    every: int,
) -> None:
    """Count people in FILES: JPEG and PNG pictures, films, and folders of them."""
    errors = Console(stderr=True, highlight=False)
    try:
        ensure_model(errors)
        detector = SsdliteDetector.load(profile)
        if annotate:
            annotate.mkdir(parents=True, exist_ok=True)
    except (ModelError, OSError) as error:
        raise click.ClickException(str(error)) from error
    paths = list(_pictures(files))
    shown, failures = [], 0
    for path in track(
        paths, "counting", console=errors, transient=True, disable=len(paths) == 1 or not errors.is_terminal
    ):
        for outcome in _outcomes(path, detector, every):
            if isinstance(outcome, Failed):
                errors.print(f"{outcome.name}: {outcome.reason}", markup=False, soft_wrap=True)
                failures += 1
                continue
            if annotate:
                _annotate(outcome, annotate, pixelate=not no_pixelate)
            if as_json:
                click.echo(outcome.as_json())
            else:
                shown.append(_row(outcome))
    if shown:
        _print_table(shown)
    sys.exit(1 if failures else 0)


def _pictures(files: tuple[Path, ...]) -> Iterator[Path]:
    """The files themselves, and the pictures and films in folders."""
    for path in files:
        if path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.suffix.lower() in PICTURES | FILMS and p.is_file()
            )
        else:
            yield path


def _outcomes(path: Path, detector: Detector, every: int) -> Iterator[Seen | Failed]:
    if path.suffix.lower() in FILMS:
        yield from _frames(path, detector, every)
        return
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        yield Seen(str(path), analyse_bytes(data, detector))
    except BadPicture as error:
        yield Failed(str(path), error.reason)
    except OSError as error:
        yield Failed(str(path), error.strerror or str(error))


def _frames(path: Path, detector: Detector, every: int) -> Iterator[Seen | Failed]:
    film = cv2.VideoCapture(str(path))
    number = 0
    try:
        while film.grab():
            if number % every == 0:
                _, frame = film.retrieve()
                yield Seen(f"{path}#{number}", examine(np.asarray(frame, np.uint8), detector))
            number += 1
    finally:
        film.release()
    if number == 0:
        yield Failed(
            str(path), "not a film that can be read" if path.exists() else "No such file or directory"
        )


def _annotate(seen: Seen, folder: Path, *, pixelate: bool) -> None:
    """
    Beside its siblings under a name of its own: never over the picture itself, nor over another of the same
    name.
    """
    analysis = seen.analysis
    data = snapshot(analysis.picture, analysis.detections, analysis.count, None, pixelate=pixelate)
    path = Path(seen.name)
    (folder / f"{path.name.removesuffix(path.suffix)}.annotated.jpg").write_bytes(data)


def _row(seen: Seen) -> tuple[str, str, str, str]:
    counts = seen.analysis.counts
    return seen.name, str(seen.analysis.count), str(counts.get(TRAIN, 0)), f"{seen.analysis.inference_ms:.0f}"


def _print_table(rows: list[tuple[str, str, str, str]]) -> None:
    table = Table("file")
    for heading in ("people", "trains", "ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
