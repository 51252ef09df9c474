"""`--camera`: what it names, what its device is called, and whether it can be read."""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from headway import camera_check
from headway.errors import UserError
from ingest.cameras import CameraError
from ingest.cameras.address import Address, Network, PiCamera, Recording, Usb
from ingest.cameras.address import parse as parse_address

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})=(.+)", re.DOTALL)
_CHECK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Camera:
    """`source` may hold a password: it never goes into a command line or a log."""

    device: str
    source: str = field(repr=False)


def parse(texts: Iterable[str]) -> list[Camera]:
    """Checked cameras with unique device names; UserError for the first that cannot work."""
    cameras: list[Camera] = []
    for text in texts:
        name, source = _split(text)
        known = {camera.device for camera in cameras}
        if name in known:
            raise UserError(f"Two cameras are called {name}: give each its own name")
        try:
            address = parse_address(source)
        except CameraError as error:
            raise UserError(_sentence(str(error))) from error
        check(source, address.place)
        absolute = str(address.path.absolute()) if isinstance(address, Recording) else source
        cameras.append(Camera(name or _unique(derive(address), known), absolute))
    return cameras


def _split(text: str) -> tuple[str | None, str]:
    if (match := _NAMED.fullmatch(text)) and not Path(text).exists():
        return match[1], match[2]
    return None, text


def derive(address: Address) -> str:
    """A device name that says which camera it is."""
    match address:
        case PiCamera():
            name = "picamera"
        case Usb(index):
            name = f"usb-{index}"
        case Network(scheme, host):
            name = f"{scheme}-{host}"
        case Recording(path):
            name = path.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "camera"


def _unique(name: str, known: set[str]) -> str:
    return next(n for n in chain([name], (f"{name}-{i}" for i in count(2))) if n not in known)


def check(source: str, place: str) -> None:
    """UserError says why it cannot work, and calls it `place`; see `ingest.cameras.check`."""
    command = [sys.executable, "-P", "-m", camera_check.__name__]
    try:
        done = subprocess.run(  # noqa: S603 -- ourselves
            command, input=source, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{place} gave no picture within {_CHECK_SECONDS:.0f} s") from error
    if done.returncode != 0:
        crash = f"cannot play {place}: its decoder crashed; convert the file with ffmpeg"
        raise UserError(_sentence(done.stdout or crash))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
