"""From a camera's frame to the JPEG that is uploaded."""

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from cv2.typing import MatLike

from common.picture import BadPicture, Header, Pixels, decode, measure
from ingest.cameras.camera import CameraError, Frame
from ingest.settings import MAX_BYTES

Flip = Literal["none", "horizontal", "vertical"]
Turn = Literal[0, 90, 180, 270]

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FIRST_ON_ITS_SIDE = 5  # of the EXIF orientations
_FLIPS = {"horizontal": 1, "vertical": 0}


@dataclass(frozen=True, slots=True)
class Jpeg:
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Darkroom:
    """Turns, mirrors, scales down to `max_side` pixels, and encodes. A JPEG that needs none of it is kept."""

    quality: int = 85
    max_side: int = 1920
    rotate: Turn = 0
    flip: Flip = "none"

    def develop(self, frame: Frame) -> Jpeg:
        """CameraError where the frame is no picture, or none of a sensible size."""
        try:
            if isinstance(frame.picture, bytes):
                header = measure(frame.picture)
                if self._keeps(header):
                    upright = header.orientation < _FIRST_ON_ITS_SIDE
                    width, height = (header.width, header.height)[:: 1 if upright else -1]
                    return Jpeg(frame.picture, width, height)
                return self._encode(self._change(decode(frame.picture, MAX_BYTES)))
            return self._encode(self._change(frame.picture))
        except BadPicture as error:
            raise CameraError(f"the camera gave a damaged picture: {error.reason}") from error

    def _keeps(self, header: Header) -> bool:
        small = max(header.width, header.height) <= self.max_side
        return small and self.rotate == 0 and self.flip == "none"

    def _change(self, picture: Pixels) -> Pixels:
        if not picture.size:
            raise BadPicture("no pixels")
        changed: MatLike = picture
        if self.rotate:
            changed = cv2.rotate(changed, _TURNS[self.rotate])
        if self.flip != "none":
            changed = cv2.flip(changed, _FLIPS[self.flip])
        height, width = changed.shape[:2]
        if (scale := self.max_side / max(width, height)) < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            changed = cv2.resize(changed, size, interpolation=cv2.INTER_AREA)
        return np.asarray(changed, np.uint8)

    def _encode(self, picture: Pixels) -> Jpeg:
        good, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        height, width = picture.shape[:2]
        if not good:
            raise BadPicture(f"{width}x{height} pixels are too many for a JPEG")
        if len(data) > MAX_BYTES:
            raise CameraError(
                f"a picture has {len(data)} bytes: lower ingest.quality or ingest.max_side", lasting=True
            )
        return Jpeg(data.tobytes(), width, height)
