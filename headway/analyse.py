"""`headway analyse`: count people in pictures and films, through the code that the worker runs."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from common.picture import MAX_BYTES, BadPicture
from headway.model import ensure_model
from inference.analyse import Analysis, examine
from inference.analyse import analyse as analyse_bytes
from inference.detector import TRAIN, Detector
from inference.draw import snapshot
from inference.model.error import ModelError
from inference.ssdlite_detector import Profile, SsdliteDetector

PICTURES = {".jpg", ".jpeg", ".png"}
FILMS = {".avi", ".mp4", ".mkv", ".mov", ".webm"}

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")  # what it finds wrong we say ourselves

Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in a picture, or in a frame of a film."""

    path: Path
    analysis: Analysis
    frame: int | None = None

    @property
    def name(self) -> str:
        return str(self.path) if self.frame is None else f"{self.path}#{self.frame}"

    def as_json(self) -> str:
        analysis = self.analysis
        fields = {"count": analysis.count, "counts": analysis.counts, "boxes": analysis.boxes}
        return json.dumps({"file": self.name, **fields})

    def as_row(self) -> Row:
        analysis = self.analysis
        trains = analysis.counts.get(TRAIN, 0)
        return escape(self.name), str(analysis.count), str(trains), f"{analysis.inference_ms:.0f}"


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    reason: str


class Album:
    """A folder of annotated pictures, which never takes the place of another picture."""

    def __init__(self, folder: Path, *, pixelate: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._pixelate = pixelate
        self._names: Counter[str] = Counter()

    def add(self, seen: Seen) -> None:
        analysis = seen.analysis
        data = snapshot(analysis.picture, analysis.detections, analysis.count, None, pixelate=self._pixelate)
        (self._folder / self._name(seen)).write_bytes(data)

    def _name(self, seen: Seen) -> str:
        """`gate.jpg` becomes `gate.annotated.jpg`, the next of this name `gate.annotated-2.jpg`."""
        frame = "" if seen.frame is None else f"-{seen.frame}"
        stem = f"{seen.path.stem}{frame}.annotated"
        self._names[stem] += 1
        again = self._names[stem]
        return f"{stem}.jpg" if again == 1 else f"{stem}-{again}.jpg"


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
    profile: Profile,
    annotate: Path | None,
    no_pixelate: bool,
    every: int,
) -> None:
    """Count people in FILES: JPEG and PNG pictures, films, and folders of them."""
    errors = Console(stderr=True, highlight=False)
    try:
        ensure_model(errors)
        detector = SsdliteDetector.load(profile)
        album = Album(annotate, pixelate=not no_pixelate) if annotate else None
    except ModelError as error:
        raise click.ClickException(str(error)) from error
    rows: list[Row] = []
    failures = 0
    paths = list(_paths(files))
    if not paths:
        raise click.ClickException(f"there are no pictures or films in {', '.join(map(str, files))}")
    for outcome in _outcomes(paths, detector, every, _bar(errors, as_json=as_json)):
        if isinstance(outcome, Failed):
            errors.print(f"{outcome.name}: {outcome.reason}", markup=False, soft_wrap=True)
            failures += 1
            continue
        if album:
            _keep(outcome, album)
        if as_json:
            click.echo(outcome.as_json())
        else:
            rows.append(outcome.as_row())
    if rows:
        _print_table(rows)
    sys.exit(1 if failures else 0)


def _keep(seen: Seen, album: Album) -> None:
    try:
        album.add(seen)
    except OSError as error:
        raise click.ClickException(f"annotated pictures cannot be written: {error.strerror}") from error


def _paths(files: tuple[Path, ...]) -> Iterator[Path]:
    """The files themselves, and the pictures and films in folders."""
    for path in files:
        if path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.suffix.lower() in PICTURES | FILMS and p.is_file()
            )
        else:
            yield path


def _bar(errors: Console, *, as_json: bool) -> Progress:
    """Shown on a terminal, unless lines of results would run across it."""
    across = as_json and sys.stdout.isatty()
    hidden = across or not errors.is_terminal
    return Progress(console=errors, transient=True, redirect_stdout=False, disable=hidden)


def _outcomes(paths: list[Path], detector: Detector, every: int, bar: Progress) -> Iterator[Seen | Failed]:
    """What came of every picture and frame."""
    with bar:
        task = bar.add_task("counting", total=sum(_length(path, every) for path in paths))
        for path in paths:
            film = path.suffix.lower() in FILMS
            for outcome in _frames(path, detector, every) if film else [_look(path, detector)]:
                bar.advance(task)
                yield outcome


def _length(path: Path, every: int) -> int:
    """How many pictures are looked at in a file, as far as its header tells."""
    if path.suffix.lower() not in FILMS:
        return 1
    film = cv2.VideoCapture(str(path))
    frames = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
    film.release()
    return max(1, -(-frames // every))


def _look(path: Path, detector: Detector) -> Seen | Failed:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return Seen(path, analyse_bytes(data, detector))
    except BadPicture as error:
        return Failed(str(path), error.reason)
    except OSError as error:
        return Failed(str(path), error.strerror or str(error))


def _frames(path: Path, detector: Detector, every: int) -> Iterator[Seen | Failed]:
    film = cv2.VideoCapture(str(path))
    number = 0
    try:
        while film.grab():
            if number % every == 0:
                good, frame = film.retrieve()
                if good:
                    yield Seen(path, examine(np.asarray(frame, np.uint8), detector), number)
                else:
                    yield Failed(f"{path}#{number}", "damaged")
            number += 1
    finally:
        film.release()
    if number == 0:
        yield Failed(
            str(path), "not a film that can be read" if path.exists() else "No such file or directory"
        )


def _print_table(rows: list[Row]) -> None:
    table = Table()
    table.add_column("file", overflow="fold")
    for heading in ("people", "trains", "ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
