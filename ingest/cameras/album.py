"""A folder of pictures, or a single one, played as if it were a camera."""

from pathlib import Path

import structlog

from common.picture import JPEG_START, BadPicture, decode, measure
from common.ports.clock import Clock
from ingest.cameras.address import PICTURES
from ingest.cameras.camera import CameraError, Frame
from ingest.settings import MAX_BYTES

log = structlog.get_logger(__name__)


class Album:
    """One picture after the other, by name. What is no picture is passed over, and logged."""

    def __init__(self, path: Path, clock: Clock, *, loop: bool) -> None:
        self._path = path
        self._clock = clock
        self._loop = loop
        self._rest: list[Path] = []
        self._given = 0

    def open(self) -> None:
        try:
            names = sorted(self._path.iterdir()) if self._path.is_dir() else [self._path]
        except OSError as error:
            raise CameraError(f"cannot read {self._path}: {error.strerror}", lasting=True) from error
        self._rest = [name for name in names if name.suffix.lower() in PICTURES][::-1]
        self._given = 0
        if not self._rest:
            raise CameraError(f"there are no pictures in {self._path}: JPEG and PNG are read", lasting=True)

    def read(self) -> Frame | None:
        while self._rest:
            if frame := self._load(self._rest.pop()):
                self._given += 1
                return frame
        if not self._given:
            raise CameraError(f"none of the pictures in {self._path} can be read", lasting=True)
        if not self._loop:
            return None
        self.open()
        return self.read()

    def close(self) -> None:
        self._rest = []

    def _load(self, path: Path) -> Frame | None:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if data.startswith(JPEG_START) and len(data) <= MAX_BYTES:
                measure(data)
                return Frame(data, self._clock.wall())
            return Frame(decode(data, MAX_BYTES), self._clock.wall())
        except (OSError, BadPicture) as error:
            reason = error.strerror if isinstance(error, OSError) else error.reason
            log.warning("passed over a picture", path=str(path), reason=reason)
            return None
