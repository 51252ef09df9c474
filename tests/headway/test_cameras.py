"""`--camera`: the device's name, and one sentence for what cannot work."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from headway import camera_check
from headway.cameras import parse
from headway.errors import UserError
from tests.assets import asset

VTEST = str(asset("vtest.avi"))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "my pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    ("texts", "devices"),
    [
        ([VTEST], ["vtest"]),
        ([VTEST, VTEST, VTEST], ["vtest", "vtest-2", "vtest-3"]),
        ([f"door={VTEST}", VTEST], ["door", "vtest"]),
        (["rtsp://user:secret@10.0.0.7:554/1"], ["rtsp-10.0.0.7"]),
        (["yard=rtsp://user:secret@10.0.0.7/1?a=b"], ["yard"]),
        (["http://cam.example/snapshot.jpg?x=1"], ["http-cam.example"]),
        (["http://[fe80::1]/a.jpg"], ["http-fe80-1"]),
    ],
)
def test_devices_are_named_after_their_cameras(texts: list[str], devices: list[str]) -> None:
    assert [camera.device for camera in parse(texts)] == devices


def test_a_folder_of_pictures(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(album.parent)
    (camera,) = parse([album.name])
    assert (camera.device, camera.source) == ("my-pictures", str(album))


def test_a_password_is_not_in_what_is_printed() -> None:
    assert "secret" not in repr(parse(["rtsp://user:secret@h/1"]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/no/such/file.mp4", "Cannot read /no/such/file.mp4: No such file or directory"),
        ("987", "There is no USB camera 987"),
        ("ftp://user:secret@h/1", "begins with rtsp:// or http"),
        ("rtsp://", "names no host"),
        ("http://u:secret@h:port/", "malformed"),
        ("picamera", "picamera2"),
        ("", "No camera is named"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse([text])
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.mp4", b"", "x.mp4 is empty"),
        ("x.mp4", b"not a video" * 100, "Cannot play .*x.mp4: it is damaged or there is no decoder"),
        ("x.jpg", b"not a picture", "None of the pictures in .*x.jpg can be read"),
    ],
)
def test_what_ingest_finds_wrong_is_shown_in_its_words(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        parse([str(path)])
    assert re.match(sentence, str(caught.value).removeprefix(f"{tmp_path}/"))
    assert "\n" not in str(caught.value)


def test_a_decoder_that_crashes_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = tmp_path / "crash.py"
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(camera_check, "__name__", "crash")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match="its decoder crashed"):
        parse([VTEST])


def test_two_cameras_of_one_name() -> None:
    with pytest.raises(UserError, match="Two cameras are called a"):
        parse(["a=rtsp://h/1", "a=rtsp://h/2"])
