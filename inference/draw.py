"""
The snapshot that people see: boxes, count and time, with people made unrecognisable. Pure.

Pixelation averages each person's box, with a margin, into at most ten cells in height: a whole figure's face
is then one or two cells, that of somebody cut off at the chest three. It covers whom the detector found,
nobody else.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np

from inference.detector import PERSON, Array, Detection, Picture

MAX_SIDE = 1280
MIN_SIDE = 480  # smaller pictures are enlarged, so that the caption can be read
HALF = 0.5
CELLS = 10
MARGIN = 0.06
QUALITY = 80
TEXT = 0.42  # of the font's own size, in the smallest picture
PERSON_COLOUR = (80, 200, 255)  # BGR
OTHER_COLOUR = (255, 180, 80)
WHITE = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def snapshot(
    picture: Picture,
    detections: Sequence[Detection],
    count: int,
    captured_at: float | None,
    *,
    pixelate: bool = True,
) -> bytes:
    """JPEG of the picture with its boxes, the number of people and the time (unix seconds, shown as UTC)."""
    scale = _scale(picture)
    canvas = _resized(picture, scale)
    scaled = [_scaled(detection, scale) for detection in detections]
    for detection in scaled:
        if pixelate and detection.label == PERSON:
            _pixelate(canvas, detection)
    for detection in scaled:
        _box(canvas, detection)
    _caption(canvas, _text(count, captured_at))
    return _encode(canvas)


def _encode(picture: Picture) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as JPEG")
    return data.tobytes()


def _text(count: int, captured_at: float | None) -> str:
    people = "1 person" if count == 1 else f"{count} people"
    try:
        time = (
            ""
            if captured_at is None
            else f"  {datetime.fromtimestamp(captured_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
    except (ValueError, OverflowError, OSError):  # no time that a calendar knows
        time = ""
    return people + time


def _scale(picture: Picture) -> float:
    longest = int(max(picture.shape[:2]))
    return min(max(longest, MIN_SIDE), MAX_SIDE) / longest


def _resized(picture: Picture, scale: float) -> Picture:
    """A copy, scaled."""
    if scale == 1:
        return picture.copy()
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    skips_pixels = scale < HALF
    way = cv2.INTER_AREA if skips_pixels else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)


def _scaled(detection: Detection, scale: float) -> Detection:
    x1, y1, x2, y2 = (value * scale for value in (detection.x1, detection.y1, detection.x2, detection.y2))
    return replace(detection, x1=x1, y1=y1, x2=x2, y2=y2)


def _pixelate(picture: Picture, detection: Detection) -> None:
    region = _region(picture, detection)
    height, width = region.shape[:2]
    if height == 0 or width == 0:
        return
    side = max(height, width) / CELLS
    cells = (max(1, round(width / side)), max(1, round(height / side)))
    coarse = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    region[:] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def _region(picture: Picture, detection: Detection) -> Array:
    """The part of the picture under a box and its margin, as a view."""
    across, down = MARGIN * detection.width, MARGIN * detection.height
    top, left = max(0, int(detection.y1 - down)), max(0, int(detection.x1 - across))
    return picture[top : int(detection.y2 + down) + 1, left : int(detection.x2 + across) + 1]


def _unit(picture: Picture) -> float:
    """How much larger than the smallest picture this one is; lines and text grow with it."""
    return int(max(picture.shape[:2])) / MIN_SIDE


def _box(picture: Picture, detection: Detection) -> None:
    corners = [round(value) for value in (detection.x1, detection.y1, detection.x2, detection.y2)]
    colour = PERSON_COLOUR if detection.label == PERSON else OTHER_COLOUR
    unit = _unit(picture)
    cv2.rectangle(picture, corners[:2], corners[2:], colour, round(1 + unit / 2), cv2.LINE_AA)
    if detection.label != PERSON:
        start = (corners[0] + round(4 * unit), corners[1] + round(14 * unit))
        cv2.putText(picture, detection.label, start, FONT, TEXT * unit, colour, round(unit), cv2.LINE_AA)


def _caption(picture: Picture, text: str) -> None:
    """White on a darkened strip at the bottom, smaller where the picture is narrow."""
    height, width = picture.shape[:2]
    unit = _unit(picture)
    (length, tall), below = cv2.getTextSize(text, FONT, TEXT * unit, round(unit))
    size = min(1.0, (width - 12 * unit) / length)
    strip = round((tall + below) * size + 8 * unit)
    picture[max(0, height - strip) :] //= 3
    start = (round(6 * unit), height - round(below * size + 4 * unit))
    cv2.putText(picture, text, start, FONT, TEXT * unit * size, WHITE, round(unit), cv2.LINE_AA)
