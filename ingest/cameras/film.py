"""A video file, played as if it were a camera."""

import math
from pathlib import Path

import cv2
import numpy as np

from common.picture import Pixels
from common.ports.clock import Clock
from ingest.cameras.camera import CameraError, Frame

_USUAL_RATE = 25.0
_HIGHEST_RATE = 240.0


class Film:
    """In real time `read` gives the frame that is on just now, else the one `interval` seconds further on."""

    def __init__(self, path: Path, clock: Clock, *, interval: float, realtime: bool, loop: bool) -> None:
        self._path = path
        self._clock = clock
        self._interval = interval
        self._realtime = realtime
        self._loop = loop
        self._capture: cv2.VideoCapture | None = None
        self._rate = _USUAL_RATE
        self._length = 0
        self._began = 0.0
        self._position = 0
        self._shown: Pixels | None = None

    def open(self) -> None:
        self.close()
        check_readable(self._path)
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise self._undecodable()
        self._capture = capture
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if math.isfinite(rate) and 0 < rate <= _HIGHEST_RATE else _USUAL_RATE
        self._length = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._began = self._clock.monotonic()
        self._position = 0
        self._shown = None

    def read(self) -> Frame | None:
        wanted = self._wanted()
        if wanted < self._position and self._shown is not None:
            return Frame(self._shown, self._clock.wall())
        if self._skip_to(wanted) and (frame := self._decode()):
            return frame
        if self._position == 0:
            raise self._undecodable()
        if not self._loop:
            return None
        self.open()
        if not (frame := self._decode()):
            raise self._undecodable()
        return frame

    def close(self) -> None:
        if self._capture:
            self._capture.release()
        self._capture = None

    def _wanted(self) -> int:
        """The index of the next frame to show; in real time a long pause costs one lap at most."""
        if not self._realtime:
            return self._position + (round(self._rate * self._interval) or 1) - 1 if self._position else 0
        wanted = int((self._clock.monotonic() - self._began) * self._rate)
        if self._loop and self._length and wanted >= self._length:
            laps = wanted // self._length
            began = self._began + laps * self._length / self._rate
            self.open()
            self._began = began
            wanted -= laps * self._length
        return wanted

    def _skip_to(self, wanted: int) -> bool:
        """Decoding every frame: seeking lands on key frames in some files and nowhere in others."""
        assert self._capture  # noqa: S101 -- open comes before read
        while self._position < wanted:
            if not self._capture.grab():
                return False
            self._position += 1
        return True

    def _decode(self) -> Frame | None:
        assert self._capture  # noqa: S101 -- open comes before read
        good, picture = self._capture.read()
        if not good:
            return None
        self._position += 1
        self._shown = np.asarray(picture, np.uint8)
        return Frame(self._shown, self._clock.wall())

    def _undecodable(self) -> CameraError:
        return CameraError(
            f"cannot play {self._path}: it is damaged or there is no decoder for it; convert it with "
            f"`ffmpeg -i {self._path.name} -c:v libx264 {self._path.stem}-h264.mp4`",
            lasting=True,
        )


def check_readable(path: Path) -> None:
    """CameraError says why a file cannot be read, or that it is empty."""
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise CameraError(f"cannot read {path}: {error.strerror}", lasting=True) from error
    if empty:
        raise CameraError(f"{path} is empty", lasting=True)
