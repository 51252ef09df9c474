"""How a camera was held, from the EXIF data in its JPEG. Pure."""

import struct

import numpy as np
from numpy.typing import NDArray

ORIENTATION = 0x0112
START = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
TURNS = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.transpose(1, 0, 2),
    6: lambda picture: picture.transpose(1, 0, 2)[:, ::-1],
    7: lambda picture: picture[::-1, ::-1].transpose(1, 0, 2),
    8: lambda picture: picture.transpose(1, 0, 2)[::-1],
}


def orientation(segment: bytes) -> int:
    """The EXIF orientation (1 to 8) in the body of an APP1 segment; 1, upright, when it says none."""
    tiff = segment.removeprefix(START)
    order = ORDERS.get(tiff[:4])
    if tiff == segment or order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == ORIENTATION:
                return int(value) if value in TURNS else 1
    except struct.error:
        pass
    return 1


def upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture as it was seen."""
    turn = TURNS.get(orientation)
    return picture if turn is None else np.ascontiguousarray(turn(picture))
