"""Settings of an agent."""

import re
import socket
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from common.settings import CommonSettings, Section, TextFile, secret_from
from common.wire.messages import Interval, Title
from common.wire.names import DeviceID

MAX_BYTES = 20_000_000
"""Of one picture; workers refuse larger ones by default."""


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", socket.gethostname()).strip("-._:")[:128] or "camera"


class IngestSection(Section):
    """One camera, and what becomes of its pictures."""

    device: DeviceID = Field(
        default_factory=_host, description="this camera's name, its own; default: host name"
    )
    camera: SecretStr | None = Field(
        None,
        description="video file, folder of pictures, USB index, rtsp:// or http:// address, or picamera",
    )
    camera_file: TextFile | None = Field(
        None, description="file that holds the camera's address; use it where that has a password"
    )
    interval: Interval = Field(1.0, description="seconds from picture to picture")
    name: Title | None = Field(None, description="what people call this camera; default: its device name")
    site: Title | None = Field(None, description="where the camera stands, told with each picture")
    group: Title | None = Field(None, description="what it belongs to within or across sites")
    quality: int = Field(85, ge=20, le=100, description="JPEG quality of pictures that are encoded here")
    max_side: int = Field(
        1920, ge=64, le=16_384, description="larger pictures are scaled down to this, in pixels"
    )
    rotate: Literal[0, 90, 180, 270] = Field(0, description="degrees to turn pictures clockwise")
    flip: Literal["none", "horizontal", "vertical"] = Field(
        "none", description="mirror pictures, after turning"
    )
    resolution: str = Field(
        "1280x720", pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$", description="asked of USB cameras and of picamera"
    )
    pending: int = Field(
        4,
        ge=2,
        le=10_000,
        description="pictures kept while a server is away or slow; oldest go first, so fewer are fresher",
    )
    pending_bytes: int = Field(
        4 * MAX_BYTES,
        ge=2 * MAX_BYTES,
        le=2**40,
        description="bytes of pictures kept at most; oldest go first",
    )
    realtime: bool = Field(
        True,
        description="play a recording at its speed; false: as fast as the servers take it, losing nothing",
    )
    loop: bool = Field(True, description="begin a recording again at its end; false: stop there")
    frames: int | None = Field(None, ge=1, description="stop after this many pictures")

    @field_validator("camera", mode="before")
    @classmethod
    def _usb_index(cls, value: object) -> object:
        """`camera = 0` means the USB camera 0."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @property
    def size(self) -> tuple[int, int]:
        """The resolution as width and height."""
        width, height = self.resolution.split("x")
        return int(width), int(height)

    def secret(self) -> str | None:
        """What names the camera; it may hold a password."""
        return secret_from(self.camera, self.camera_file)


class IngestSettings(CommonSettings):
    """An agent: takes pictures, uploads them to the store and announces them."""

    ingest: IngestSection = IngestSection()
