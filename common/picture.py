"""
Pictures from the network: looked at before they are decoded, so that a bad one costs nothing.

Sizes are read from the header first, since a few bytes can claim a picture that fills the memory. A picture
that ends early is refused: its missing half would be decoded as grey, and nobody stands in it. Grey, palette,
16-bit, CMYK and transparent pictures become plain BGR bytes; the orientation that a camera noted is applied.
"""

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height x width x 3, blue, green, red."""

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000
MAX_SCANS = 64  # of a progressive JPEG: usually ten, and each costs a pass over all pixels

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
SCAN = 0xDA
FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what decoders know
OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length


class BadPicture(Exception):  # noqa: N818 - it is the sender's picture that is wrong
    """The bytes are no picture that can be counted in; `reason` says why in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int


def decode(data: bytes, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Pixels:
    """
    The JPEG or PNG picture as BGR bytes, height x width x 3; BadPicture when it is none, damaged or too
    large.
    """
    if not data:
        raise BadPicture("empty")
    if len(data) > max_bytes:
        raise BadPicture(f"{len(data)} bytes, more than {max_bytes}")
    size = measure(data)
    if size.width * size.height > max_pixels:
        raise BadPicture(f"{size.width}x{size.height} pixels, more than {max_pixels} in all")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadPicture("damaged") from error
    if picture is None:
        raise BadPicture("damaged")
    return np.asarray(picture, np.uint8)


def measure(data: bytes) -> Size:
    """Width and height from the header of a picture that is there to its end; BadPicture otherwise."""
    if data.startswith(PNG_START):
        size = _measure_png(data)
    elif data.startswith(JPEG_START):
        size = _measure_jpeg(data)
    else:
        raise BadPicture("neither JPEG nor PNG")
    if size.width == 0 or size.height == 0:
        raise BadPicture("no pixels")
    return size


def _measure_png(data: bytes) -> Size:
    if data[12:16] != b"IHDR" or PNG_END not in data[-64:]:
        raise BadPicture("truncated")
    return Size(*struct.unpack_from(">II", data, 16))


def _measure_jpeg(data: bytes) -> Size:
    """Walk the segments up to the first scan; behind it markers occur only as such and can be counted."""
    position, size = 2, None
    while position + 4 <= len(data):
        if data[position] != 0xFF:  # noqa: PLR2004 - every marker begins so
            raise BadPicture("damaged")
        marker = data[position + 1]
        if marker == 0xFF or marker in ALONE:  # noqa: PLR2004 - a filling byte
            position += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        if marker == SCAN:
            _check_scans(data, position)
            break
        if marker in FRAMES:
            size = _frame_size(data, position)
        elif marker in OTHER_FRAMES:
            raise BadPicture("a kind of JPEG that is not supported")
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    else:
        raise BadPicture("truncated")
    if size is None:
        raise BadPicture("damaged")
    return size


def _frame_size(data: bytes, position: int) -> Size:
    if position + 9 > len(data):
        raise BadPicture("truncated")
    height, width = struct.unpack_from(">HH", data, position + 5)
    return Size(width, height)


def _check_scans(data: bytes, position: int) -> None:
    if data.find(JPEG_END, position) < 0:
        raise BadPicture("truncated")
    if data.count(bytes((0xFF, SCAN)), position) > MAX_SCANS:
        raise BadPicture(f"more than {MAX_SCANS} scans")
