"""From a frame to the JPEG that is uploaded."""

import struct
from typing import Literal

import cv2
import numpy as np
import pytest

from common.picture import Pixels, decode
from ingest import darkroom
from ingest.cameras import CameraError, Frame
from ingest.darkroom import Darkroom

BRIGHT = 200
TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT = (0, 0), (0, -1), (-1, 0), (-1, -1)


@pytest.fixture
def scene() -> Pixels:
    """64x32, its upper left quarter white."""
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:16, :32] = 255
    return picture


def jpeg(picture: Pixels) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def on_its_side(picture: bytes) -> bytes:
    """The JPEG with an EXIF note that the camera was held upright."""
    tiff = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
    segment = b"Exif\0\0" + tiff
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + picture[2:]


@pytest.mark.parametrize(
    ("rotate", "flip", "white"),
    [
        (0, "none", TOP_LEFT),
        (90, "none", TOP_RIGHT),
        (180, "none", BOTTOM_RIGHT),
        (270, "none", BOTTOM_LEFT),
        (0, "horizontal", TOP_RIGHT),
        (0, "vertical", BOTTOM_LEFT),
        (90, "horizontal", TOP_LEFT),
    ],
)
@pytest.mark.parametrize("as_jpeg", [False, True])
def test_pictures_are_turned_then_mirrored(
    rotate: Literal[0, 90, 180, 270],
    flip: Literal["none", "horizontal", "vertical"],
    white: tuple[int, int],
    as_jpeg: bool,  # noqa: FBT001
    scene: Pixels,
) -> None:
    frame = Frame(jpeg(scene) if as_jpeg else scene, 0.0)
    made = Darkroom(rotate=rotate, flip=flip).develop(frame)
    picture = decode(made.data)
    corners = {c for c in (TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT) if picture[c].mean() > BRIGHT}
    assert corners == {white}
    assert picture.shape == (made.height, made.width, 3)
    assert (made.width, made.height) == ((64, 32) if rotate in (0, 180) else (32, 64))


def test_a_jpeg_that_needs_nothing_is_kept(scene: Pixels) -> None:
    data = jpeg(scene)
    made = Darkroom().develop(Frame(data, 0.0))
    assert (made.data, made.width, made.height) == (data, 64, 32)


def test_a_kept_jpeg_is_measured_as_it_is_shown(scene: Pixels) -> None:
    data = on_its_side(jpeg(scene))
    made = Darkroom().develop(Frame(data, 0.0))
    assert (made.data, made.width, made.height) == (data, 32, 64)
    assert decode(data).shape == (64, 32, 3)


@pytest.mark.parametrize("as_jpeg", [False, True])
def test_large_pictures_are_scaled_down_and_keep_their_shape(as_jpeg: bool) -> None:  # noqa: FBT001
    large = np.zeros((300, 1200, 3), np.uint8)
    made = Darkroom(max_side=640).develop(Frame(jpeg(large) if as_jpeg else large, 0.0))
    assert (made.width, made.height) == (640, 160)
    assert decode(made.data).shape == (160, 640, 3)


def test_quality_has_its_price() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (100, 100, 3), np.uint8)
    sizes = [len(Darkroom(quality=q).develop(Frame(noise, 0.0)).data) for q in (30, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 2 < sizes[2]


@pytest.mark.parametrize(
    "bad",
    [b"", b"<html>", b"\xff\xd8\xff\xd9", np.zeros((0, 0, 3), np.uint8), np.zeros((10, 70_000, 3), np.uint8)],
)
def test_what_is_no_picture_is_the_cameras_fault(bad: bytes | Pixels) -> None:
    with pytest.raises(CameraError, match="the camera gave a"):
        Darkroom(max_side=100_000).develop(Frame(bad, 0.0))


def test_what_is_too_large_to_send_says_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "MAX_BYTES", 1000)
    noise = np.random.default_rng(3).integers(0, 256, (100, 100, 3), np.uint8)
    with pytest.raises(CameraError, match=r"lower ingest\.quality or ingest\.max_side") as caught:
        Darkroom().develop(Frame(noise, 0.0))
    assert caught.value.lasting
