"""The sample footage: `vtest.avi` of the OpenCV project, people who cross a campus (768x576, 795 frames)."""

import gzip
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from common.cache import cache_dir
from headway.errors import UserError

NAME = "vtest.avi"
URL = f"https://raw.githubusercontent.com/opencv/opencv/4.12.0/samples/data/{NAME}"
SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
SIZE = 8_131_690
PACKAGE = "opencv-doc"
_CHUNK = 65_536
_CONNECT_SECONDS = 5.0
_APT_SECONDS = 600.0

Progressed = Callable[[int], None]


class _SourceError(Exception):
    """One source does not have it now; the text says why."""


def ensure_footage(console: Console, url: str = URL) -> Path:
    """The film in the cache, fetched once with a bar on `console`. UserError when no source has it."""
    target = cache_dir() / "footage" / NAME
    if target.is_file() and target.stat().st_size == SIZE:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
        part = Path(folder) / NAME
        try:
            _with_bar(console, "sample footage", lambda moved: download(url, part, moved))
        except _SourceError as first:
            console.print(
                f"{first}: taking it out of Debian's {PACKAGE} package (96 MB)",
                highlight=False,
                soft_wrap=True,
            )
            _from_package_or_fail(part, first)
        part.replace(target)
    return target


def download(url: str, target: Path, progressed: Progressed) -> None:
    """The file behind `url`, verified; _SourceError when it cannot be had or is another one."""
    try:
        with urlopen(url, timeout=_CONNECT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310 -- our own
            while (chunk := answer.read(_CHUNK)) and file.tell() <= SIZE:
                file.write(chunk)
                progressed(file.tell())
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise _SourceError(f"Cannot reach {url.split('/')[2]} ({getattr(error, 'reason', error)})") from error
    _verify(target, url)


def _from_package_or_fail(target: Path, first: Exception) -> None:
    try:
        from_package(target)
    except _SourceError as second:
        raise UserError(
            f"The sample footage is nowhere to be had. {first}. {second}. "
            f"With a network, `headway footage` fetches it; without one, name your own: --camera VIDEO"
        ) from second


def from_package(target: Path) -> None:
    """Out of Debian's package, which `apt-get download` gets without root; verified like the other."""
    if not shutil.which("apt-get"):
        raise _SourceError("This system has no apt-get")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".deb-") as name:
        folder = Path(name)
        _run(
            ["apt-get", "download", PACKAGE],
            folder,
            "apt-get download failed; as root run `apt-get update` first",
        )
        for deb in folder.glob("*.deb"):
            _run(["dpkg-deb", "-x", str(deb), str(folder)], folder, f"{deb.name} cannot be unpacked")
        _unpack(folder, target)


def _unpack(folder: Path, target: Path) -> None:
    found = [*folder.rglob(NAME), *folder.rglob(f"{NAME}.gz")]
    if not found:
        raise _SourceError(f"This release's {PACKAGE} has no {NAME}")
    opened = gzip.open if found[0].suffix == ".gz" else Path.open
    with opened(found[0], "rb") as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    _verify(target, PACKAGE)


def _run(command: list[str], folder: Path, failure: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_APT_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise _SourceError(f"{command[0]} took more than {_APT_SECONDS:.0f} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise _SourceError(f"{failure} ({lines[-1] if lines else done.returncode})")


def _verify(file: Path, source: str) -> None:
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != SHA256:
        file.unlink()
        raise _SourceError(f"What {source} gave is not the expected film (sha256 {found[:12]}...)")


def _with_bar(console: Console, name: str, work: Callable[[Progressed], None]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=SIZE)
        work(lambda moved: bar.update(task, completed=moved))


@click.command()
def footage() -> None:
    """Fetch the sample footage into the cache and print where it is."""
    click.echo(ensure_footage(Console(stderr=True)))
