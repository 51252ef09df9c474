"""What a camera's text names. Addresses hold passwords: only `place` is ever shown."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ingest.cameras.camera import CameraError

PICTURES = frozenset({".jpg", ".jpeg", ".png"})
_DEVICE = re.compile(r"/dev/video(\d{1,3})")
_SAFE = "/%:=&;,+$!~*'()@?[]"  # what may stand in a path or a query as it is
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PiCamera:
    place: str = "picamera"


@dataclass(frozen=True, slots=True)
class Usb:
    index: int

    @property
    def place(self) -> str:
        return f"/dev/video{self.index}"


@dataclass(frozen=True, slots=True)
class Recording:
    """A video file, a picture, or a folder of pictures."""

    path: Path

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def is_pictures(self) -> bool:
        return self.path.is_dir() or self.path.suffix.lower() in PICTURES


@dataclass(frozen=True, slots=True)
class Network:
    """`target` is path and query, which may hold secrets too."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    username: str | None = field(repr=False)
    password: str = field(repr=False)

    @property
    def place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def bare(self) -> str:
        """The URL without user and password."""
        return self.place + self.target

    @property
    def full(self) -> str:
        """The URL with user and password, percent-encoded whether or not they came so."""
        if self.username is None:
            return self.bare
        user = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        return self.bare.replace("://", f"://{user}", 1)


Address = PiCamera | Usb | Recording | Network


def parse(text: str) -> Address:
    """CameraError where the text can name no camera; nothing is touched."""
    text = text.strip()
    if text == "picamera":
        return PiCamera()
    if text.isascii() and text.isdigit():
        return Usb(int(text))
    if match := _DEVICE.fullmatch(text):
        return Usb(int(match[1]))
    if "://" in text:
        return _network(text)
    if not text or "\0" in text:
        raise CameraError(
            "no camera is named: give a file, a folder, a USB index, an address or picamera", lasting=True
        )
    return Recording(Path(text).expanduser())


def _network(text: str) -> Network:
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise CameraError(
            f"a camera's address begins with rtsp:// or http(s)://, not {scheme[:20]}://", lasting=True
        )
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
        (host or "").encode("idna")
    except ValueError as error:
        raise CameraError(f"the {scheme}:// address of the camera is malformed", lasting=True) from error
    if not host:
        raise CameraError(f"the {scheme}:// address of the camera names no host", lasting=True)
    target = quote(url.path, safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
    user = None if url.username is None else unquote(url.username)
    return Network(scheme, host, port or _PORTS[scheme], target, user, unquote(url.password or ""))
