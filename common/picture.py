"""
Pictures from the network: looked at before they are decoded, so that a bad one costs nothing.

Sizes are read from the header first, since a few bytes can claim a picture that fills the memory. A picture
that ends early or holds wrong bytes is refused: decoders fill in grey, and nobody stands in it. That is why
JPEG goes through simplejpeg, which reports damage where OpenCV does not (and takes half the time). Grey,
palette, 16-bit and transparent pictures become plain BGR bytes, CMYK is refused; the orientation that a
camera noted is applied.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from common.exif import orientation, upright

Pixels = NDArray[np.uint8]
"""Height x width x 3, blue, green, red."""

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000
MAX_SCANS = 64  # of a progressive JPEG: usually ten, and each costs a pass over all pixels

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
PREFIX = 0xFF
SCAN = 0xDA
APP1 = 0xE1
FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what decoders know
OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
COMPONENTS = {1, 3}  # grey, colour
ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length


class BadPicture(Exception):  # noqa: N818 - it is the sender's picture that is wrong
    """The bytes are no picture that can be counted in; `reason` says why in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """Pixels as they are stored, before a picture is turned by its EXIF `orientation`."""

    width: int
    height: int
    orientation: int = 1


def decode(data: bytes, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The JPEG or PNG as BGR bytes, height x width x 3; BadPicture when it is none, damaged or too large."""
    if not data:
        raise BadPicture("empty")
    if len(data) > max_bytes:
        raise BadPicture(f"{len(data)} bytes, more than {max_bytes}")
    header = measure(data)
    if header.width * header.height > max_pixels:
        raise BadPicture(f"{header.width}x{header.height} pixels, more than {max_pixels} in all")
    picture = _decode_png(data) if data.startswith(PNG_START) else _decode_jpeg(data)
    return upright(picture, header.orientation)


def measure(data: bytes) -> Header:
    """What the header says, of a picture that is there to its end; BadPicture otherwise."""
    if data.startswith(PNG_START):
        header = _measure_png(data)
    elif data.startswith(JPEG_START):
        header = _measure_jpeg(data)
    else:
        raise BadPicture("neither JPEG nor PNG")
    if header.width == 0 or header.height == 0:
        raise BadPicture("no pixels")
    return header


def _decode_jpeg(data: bytes) -> Pixels:
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, "BGR", strict=True), np.uint8)
    except ValueError as error:
        raise BadPicture("damaged") from error


def _decode_png(data: bytes) -> Pixels:
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadPicture("damaged") from error
    if picture is None:
        raise BadPicture("damaged")
    return np.asarray(picture, np.uint8)


def _measure_png(data: bytes) -> Header:
    if data[12:16] != b"IHDR" or PNG_END not in data[-64:]:
        raise BadPicture("truncated")
    return Header(*struct.unpack_from(">II", data, 16))


def _measure_jpeg(data: bytes) -> Header:
    width, height, turned, scan = 0, 0, 1, 0
    for marker, start, end in _segments(data):
        if marker in FRAMES:
            height, width = _frame_size(data, start)
        elif marker in OTHER_FRAMES:
            raise BadPicture("a kind of JPEG that is not supported")
        elif marker == APP1 and turned == 1:
            turned = orientation(data[start:end])
        scan = start
    _check_scans(data, scan)
    return Header(width, height, turned)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first byte and end of every segment up to and with the first scan; BadPicture without one."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != PREFIX:
            raise BadPicture("damaged")
        marker = data[position + 1]
        if marker == PREFIX:  # a filling byte
            position += 1
        elif marker in ALONE:
            position += 2
        else:
            end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
            yield marker, position + 4, end
            if marker == SCAN:
                return
            position = end
    raise BadPicture("truncated")


def _frame_size(data: bytes, start: int) -> tuple[int, int]:
    """Height and width; BadPicture for the four components of CMYK."""
    if start + 6 > len(data):
        raise BadPicture("truncated")
    height, width, components = struct.unpack_from(">HHB", data, start + 1)
    if components not in COMPONENTS:
        raise BadPicture("a kind of JPEG that is not supported")
    return height, width


def _check_scans(data: bytes, first: int) -> None:
    """Behind the first scan markers occur only as such, so they can be looked for."""
    if data.find(JPEG_END, first) < 0:
        raise BadPicture("truncated")
    if data.count(bytes((PREFIX, SCAN)), first) >= MAX_SCANS:
        raise BadPicture(f"more than {MAX_SCANS} scans")
