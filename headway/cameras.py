"""`--camera`: what it names, what its device is called, and whether it can be read."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from headway import first_frame
from headway.errors import UserError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_NETWORK = frozenset({"rtsp", "rtsps", "http", "https"})
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.+)", re.DOTALL)
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
        source = _check(source)
        if name in (known := {camera.device for camera in cameras}):
            raise UserError(f"Two cameras are called {name}: give each its own name")
        cameras.append(Camera(name or _unique(_derive(source), known), source))
    return cameras


def _split(text: str) -> tuple[str | None, str]:
    if (match := _NAMED.fullmatch(text)) and not Path(text).exists() and "://" not in match[1]:
        return match[1], match[2]
    return None, text


def _derive(source: str) -> str:
    if source == "picamera":
        return source
    if source.isdigit():
        return f"usb-{source}"
    if "://" in source:
        url = urlsplit(source)
        name = f"{url.scheme}-{url.hostname}"
    else:
        name = Path(source).stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "camera"


def _unique(name: str, known: set[str]) -> str:
    return next(n for n in _numbered(name, len(known)) if n not in known)


def _numbered(name: str, known: int) -> Sequence[str]:
    return [name, *(f"{name}-{i}" for i in range(2, known + 3))]


def _check(source: str) -> str:
    """The source as the agent wants it, paths absolute; UserError says why it cannot work."""
    if source == "picamera":
        if importlib.util.find_spec("picamera2") is None:
            raise UserError(
                "The Raspberry Pi camera needs picamera2: "
                "sudo apt install --no-install-recommends python3-picamera2"
            )
        return source
    if source.isdigit():
        if sys.platform == "linux" and not Path(f"/dev/video{source}").exists():
            raise UserError(f"There is no USB camera {source}: /dev/video{source} does not exist")
        return source
    if "://" in source:
        return _check_url(source)
    return str(_check_path(Path(source).expanduser()))


def _check_url(source: str) -> str:
    try:
        url = urlsplit(source)
        host, _port = url.hostname, url.port
    except ValueError as error:
        raise UserError(f"That camera's address is not a URL: {error}") from error
    if url.scheme not in _NETWORK:
        raise UserError(f"A camera's address starts with rtsp:// or http(s)://, not with {url.scheme}://")
    if not host:
        raise UserError(f"That camera's address names no host: {url.scheme}://HOST/...")
    return source


def _check_path(path: Path) -> Path:
    try:
        if path.is_dir():
            if not any(entry.suffix.lower() in PICTURES for entry in path.iterdir()):
                raise UserError(f"There are no pictures in {path}: {', '.join(sorted(PICTURES))} are read")
        elif not path.exists():
            raise UserError(f"There is no camera, video or folder {path}")
        else:
            _check_video(path)
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}") from error
    return path.absolute()


def _check_video(path: Path) -> None:
    with path.open("rb") as file:
        if not file.read(1):
            raise UserError(f"{path} is empty")
    command = [sys.executable, "-P", "-m", first_frame.__name__, str(path.absolute())]
    try:
        probe = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise UserError(f"No picture came out of {path} within {_PROBE_SECONDS:.0f} s") from error
    if probe.returncode != 0:
        raise UserError(
            f"Cannot play {path}: no decoder for it, or it is damaged; "
            f"convert it with `ffmpeg -i {path.name} -c:v libx264 {path.stem}-h264.mp4`"
        )
