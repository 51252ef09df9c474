"""Pictures from the network: what is bad is refused early, and always as BadPicture."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.picture import MAX_SCANS, BadPicture, Header, decode, measure

NOISE = np.random.default_rng(7).integers(0, 256, (48, 64, 3), np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()
PNG = cv2.imencode(".png", NOISE)[1].tobytes()
PROGRESSIVE = cv2.imencode(".jpg", NOISE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """The JPEG above, claiming another size."""
    start = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:start] + struct.pack(">HH", height, width) + JPEG[start + 4 :]


def with_thumbnail(picture: bytes, thumbnail: bytes) -> bytes:
    """A JPEG that carries another whole one in an APP1 segment, as cameras do."""
    segment = b"Exif\0\0" + thumbnail
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + picture[2:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(JPEG, id="jpeg"),
        pytest.param(PROGRESSIVE, id="progressive"),
        pytest.param(PNG, id="png"),
        pytest.param(JPEG + b"\0" * 500, id="padded, as some cameras do"),
        pytest.param(with_thumbnail(JPEG, JPEG[:900]), id="with a thumbnail"),
        pytest.param(JPEG[:2] + b"\xff\xff" + JPEG[3:], id="filling bytes before a marker"),
        pytest.param(cv2.imencode(".png", NOISE[:, :, 0])[1].tobytes(), id="grey png"),
        pytest.param(cv2.imencode(".jpg", NOISE[:, :, 0])[1].tobytes(), id="grey jpeg"),
        pytest.param(cv2.imencode(".png", NOISE.astype(np.uint16) * 257)[1].tobytes(), id="16-bit png"),
        pytest.param(
            cv2.imencode(".png", np.dstack([NOISE, NOISE[:, :, :1]]))[1].tobytes(), id="transparent"
        ),
    ],
)
def test_what_cameras_send_becomes_bgr_bytes(data: bytes) -> None:
    picture = decode(data)
    assert picture.shape == (48, 64, 3)
    assert picture.dtype == np.uint8
    assert measure(data) == Header(64, 48)


def test_colours_survive() -> None:
    assert np.array_equal(decode(PNG), NOISE)
    assert np.array_equal(decode(cv2.imencode(".png", NOISE.astype(np.uint16) * 257)[1].tobytes()), NOISE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, world", "neither JPEG nor PNG"),
        (b"GIF89a" + b"\0" * 99, "neither JPEG nor PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "neither JPEG nor PNG"),
        (b"\xff\xd8", "truncated"),
        (b"\xff\xd8" + b"\0" * 99, "damaged"),
        (JPEG[:-2], "truncated"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (JPEG[:300], "truncated"),
        (with_thumbnail(JPEG, JPEG)[: len(JPEG) + 200], "truncated"),
        (PNG[:-12], "truncated"),
        (PNG[: len(PNG) // 2], "truncated"),
        (PNG[:20], "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (PNG[:60] + bytes(40) + PNG[100:], "damaged"),
        (JPEG[:2000] + b"\0" * 200 + JPEG[2200:], "damaged"),
        (JPEG[:-900] + b"\xff\xd9", "damaged"),
        (
            JPEG.replace(b"\xff\xc0\0\x11\x08\0\x30\0\x40\x03", b"\xff\xc0\0\x11\x08\0\x30\0\x40\x04"),
            "a kind of JPEG that is not supported",
        ),
        (png(0, 48), "no pixels"),
        (png(100_000, 100_000), "100000x100000 pixels, more than 50000000 in all"),
        (png(2**31 - 1, 1), "2147483647x1 pixels, more than 50000000 in all"),
        (jpeg(65_500, 65_500), "65500x65500 pixels, more than 50000000 in all"),
        (jpeg(0, 48), "no pixels"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc9"), "a kind of JPEG that is not supported"),
        (
            PROGRESSIVE[:-2] + b"\xff\xda\0\x04\0\0" * (MAX_SCANS + 1) + b"\xff\xd9",
            f"more than {MAX_SCANS} scans",
        ),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadPicture) as caught:
        decode(data)
    assert caught.value.reason == reason


def test_limits_are_the_callers() -> None:
    assert decode(JPEG, max_bytes=len(JPEG), max_pixels=64 * 48).shape == (48, 64, 3)
    with pytest.raises(BadPicture, match="bytes, more than"):
        decode(JPEG, max_bytes=len(JPEG) - 1)
    with pytest.raises(BadPicture, match="pixels, more than"):
        decode(PNG, max_pixels=64 * 48 - 1)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", JPEG[:200], PNG[:33]])
)
@settings(max_examples=300)
def test_any_bytes_are_a_picture_or_bad(tail: bytes, head: bytes) -> None:
    check(head + tail)


@given(st.data())
@settings(max_examples=200)
def test_a_picture_with_wrong_bytes_in_it_is_a_picture_or_bad(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([JPEG, PNG, PROGRESSIVE])))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(whole))


def check(data: bytes) -> None:
    try:
        picture = decode(data, max_pixels=100_000)
    except BadPicture:
        pass
    else:
        assert picture.ndim == 3
        assert picture.shape[0] * picture.shape[1] <= 100_000


def held(orientation: int, order: str = ">") -> bytes:
    """The JPEG above, from a camera held like this."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    entries = [
        struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
        for tag, value in ((0x010F, 9), (0x0112, orientation))
    ]
    body = b"Exif\0\0" + mark + struct.pack(f"{order}IH", 8, 2) + b"".join(entries)
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + JPEG[2:]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_pictures_are_turned_as_opencv_turns_them(orientation: int, order: str) -> None:
    data = held(orientation, order)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    picture = decode(data)
    assert expected is not None
    assert picture.shape == expected.shape
    assert np.abs(picture.astype(int) - expected.astype(int)).max() <= 3


@pytest.mark.parametrize("cut", range(0, 48, 5))
def test_broken_exif_data_is_ignored(cut: int) -> None:
    segment = held(6)[6 : 6 + cut]
    data = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + JPEG[2:]
    assert decode(data).size == NOISE.size
