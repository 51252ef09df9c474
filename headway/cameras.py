"""`--camera`: what it names, what its device is called, and whether it can be read."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from headway import first_frame
from headway.errors import UserError
from ingest.cameras.address import PICTURES, Address, Network, PiCamera, Recording, Usb
from ingest.cameras.address import parse as parse_address
from ingest.cameras.camera import CameraError

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})=(.+)", re.DOTALL)
_PROBE_SECONDS = 20.0


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
            raise UserError(f"{error}"[:1].upper() + f"{error}"[1:]) from error
        check(address)
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


def check(address: Address) -> None:
    """UserError says why it cannot work; what is behind a network may come later and is not asked."""
    match address:
        case PiCamera() if importlib.util.find_spec("picamera2") is None:
            raise UserError(
                "The Raspberry Pi camera needs picamera2: "
                "sudo apt install --no-install-recommends python3-picamera2"
            )
        case Usb() if sys.platform == "linux" and not Path(address.place).exists():
            raise UserError(f"There is no USB camera {address.index}: {address.place} does not exist")
        case Recording(path):
            try:
                _check_path(path)
            except OSError as error:
                raise UserError(f"Cannot read {path}: {error.strerror}") from error
        case _:
            pass


def _check_path(path: Path) -> None:
    if path.is_dir():
        if not any(entry.suffix.lower() in PICTURES for entry in path.iterdir()):
            raise UserError(f"There are no pictures in {path}: {', '.join(sorted(PICTURES))} are read")
    elif not path.exists():
        raise UserError(f"There is no camera, video or folder {path}")
    else:
        with path.open("rb") as file:
            if not file.read(1):
                raise UserError(f"{path} is empty")
        _check_decoder(path.absolute())


def _check_decoder(path: Path) -> None:
    command = [sys.executable, "-P", "-m", first_frame.__name__, str(path)]
    try:
        probe = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise UserError(f"No picture came out of {path} within {_PROBE_SECONDS:.0f} s") from error
    if probe.returncode != 0:
        raise UserError(
            f"Cannot play {path}: there is no decoder for it here, or it is damaged; "
            f"`ffmpeg -i {path.name} {path.stem}-h264.mp4` may help"
        )
