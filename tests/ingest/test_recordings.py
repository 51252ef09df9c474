"""Video files and folders of pictures as cameras."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.ports.clock import ManualClock
from ingest.cameras import Camera, CameraError, Frame, camera_for, check
from ingest.settings import IngestSection
from tests.assets import asset

RATE = 10


def film(clock: ManualClock, path: Path | None = None, **settings: object) -> Camera:
    camera = camera_for(str(path or asset("vtest.avi")), IngestSection.model_validate(settings), clock)
    camera.open()
    return camera


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames, one second; each is as bright as its number says."""
    path = tmp_path_factory.mktemp("film") / "short.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    for number in range(RATE):
        writer.write(np.full((48, 64, 3), number * 20, np.uint8))
    writer.release()
    return path


def number(frame: Frame | None) -> int:
    assert frame
    assert not isinstance(frame.picture, bytes)
    return round(float(frame.picture.mean()) / 20)


def test_in_real_time_the_frame_is_the_one_that_is_on(short: Path, clock: ManualClock) -> None:
    camera = film(clock, short)
    seen = []
    for pause in (0.0, 0.05, 0.06, 0.5, 0.35, 0.0, 1.4, 3600.0):
        clock.advance(pause)
        seen.append(number(camera.read()))
    assert seen == [0, 0, 1, 6, 9, 9, 3, 3]
    camera.close()


def test_as_fast_as_possible_every_interval_is_seen_once(short: Path, clock: ManualClock) -> None:
    camera = film(clock, short, realtime=False, loop=False, interval=0.3)
    assert [number(camera.read()) for _ in range(4)] == [0, 3, 6, 9]
    assert camera.read() is None
    camera.close()


def test_a_loop_begins_again(short: Path, clock: ManualClock) -> None:
    camera = film(clock, short, realtime=False, interval=0.4)
    assert [number(camera.read()) for _ in range(6)] == [0, 4, 8, 0, 4, 8]
    camera.close()


def test_a_recording_that_is_not_looped_ends(short: Path, clock: ManualClock) -> None:
    camera = film(clock, short, loop=False)
    assert camera.read()
    clock.advance(2)
    assert camera.read() is None
    camera.close()


def test_the_sample_footage_follows_the_scene(clock: ManualClock) -> None:
    camera = film(clock)
    frames = []
    for _ in range(3):
        frame = camera.read()
        assert frame
        assert frame.taken_at == clock.wall()
        assert not isinstance(frame.picture, bytes)
        frames.append(frame.picture)
        clock.advance(5)
    assert all(picture.shape == (576, 768, 3) for picture in frames)
    assert not np.array_equal(frames[0], frames[1])
    capture = cv2.VideoCapture(str(asset("vtest.avi")))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 50)
    assert np.array_equal(frames[1], capture.read()[1])
    capture.release()
    camera.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"just text\n" * 1000, "cannot play .*: it is damaged or there is no decoder for it"),
        (bytes(100_000), "cannot play"),
        ("head", "cannot play"),
        (None, "cannot read .*: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_in_a_sentence(
    content: bytes | str | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "film.avi"
    if content == "head":
        content = asset("vtest.avi").read_bytes()[:2000]
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(CameraError, match=message) as caught:
        check(str(path))
    assert caught.value.lasting


def test_a_truncated_film_plays_as_far_as_it_goes(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "half.avi"
    data = asset("vtest.avi").read_bytes()
    path.write_bytes(data[: len(data) // 8])
    camera = film(clock, path, realtime=False, loop=False, interval=1)
    seen = 0
    while camera.read():
        seen += 1
    assert 0 < seen < 80
    camera.close()


def test_a_film_that_is_damaged_in_the_middle_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "damaged.avi"
    data = bytearray(asset("vtest.avi").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(data)
    camera = film(clock, path, realtime=False, loop=False, interval=1)
    seen = 0
    while camera.read():
        seen += 1
    assert seen > 20
    camera.close()


def test_a_folder_gives_its_pictures_by_name_and_jpegs_as_they_are(
    tmp_path: Path, clock: ManualClock
) -> None:
    pixels = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    (tmp_path / "b.jpg").write_bytes(jpeg)
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    (tmp_path / "c.jpeg").write_bytes(b"no picture")
    (tmp_path / "d.jpg").write_bytes(b"")
    (tmp_path / "e.jpg").mkdir()
    (tmp_path / "notes.txt").write_text("not read")
    camera = film(clock, tmp_path)
    first, second, third = (camera.read() for _ in range(3))
    assert first
    assert second
    assert third
    assert np.array_equal(first.picture, pixels)
    assert second.picture == jpeg
    assert np.array_equal(third.picture, pixels), "the others are passed over"
    once = film(clock, tmp_path, loop=False)
    assert [bool(once.read()) for _ in range(3)] == [True, True, False]


def test_a_single_picture_is_a_camera_too(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "still.jpg"
    path.write_bytes(cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes())
    camera = film(clock, path)
    assert camera.read() == camera.read()


@pytest.mark.parametrize(
    ("names", "message"),
    [([], "there are no pictures in"), (["bad.jpg", "worse.png"], "none of the pictures in .* can be read")],
)
def test_a_folder_without_pictures_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(CameraError, match=message):
        check(str(tmp_path))


def test_a_usb_camera_that_is_not_plugged_in_is_said_early() -> None:
    with pytest.raises(CameraError, match="there is no USB camera 987: /dev/video987 does not exist"):
        check("987")


def test_a_camera_behind_the_network_may_come_later() -> None:
    check("rtsp://user:secret@camera.invalid/1")
