"""What a camera's text names, and what of it is shown."""

from pathlib import Path

import pytest

from common.ports.clock import SystemClock
from ingest.cameras import CameraError, camera_for, place
from ingest.cameras.address import Network, PiCamera, Recording, Usb, parse
from ingest.settings import IngestSection


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("picamera", PiCamera()),
        ("0", Usb(0)),
        (" 2\n", Usb(2)),
        ("/dev/video4", Usb(4)),
        ("film.mp4", Recording(Path("film.mp4"))),
        ("http://cam/snap.jpg?a=1", Network("http", "cam", 80, "/snap.jpg?a=1", None, "")),
        ("http://cam/a b?c d", Network("http", "cam", 80, "/a%20b?c%20d", None, "")),
        ("https://cam:8443", Network("https", "cam", 8443, "", None, "")),
        ("rtsp://u:p%40ss@cam/1", Network("rtsp", "cam", 554, "/1", "u", "p@ss")),
        ("rtsp://u:p@ss:w%rd@cam/1", Network("rtsp", "cam", 554, "/1", "u", "p@ss:w%rd")),
        ("RTSP://[::1]:8554/a b", Network("rtsp", "::1", 8554, "/a%20b", None, "")),
    ],
)
def test_texts_and_addresses(text: str, address: object) -> None:
    assert parse(text) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no camera is named"),
        ("ftp://cam/x", "begins with rtsp:// or http"),
        ("rtsp:///1", "names no host"),
        ("http://cam:99999/", "malformed"),
        ("http://[::1/", "malformed"),
        (f"http://{'x' * 70}/", "malformed"),
        ("film\0.mp4", "no camera is named"),
    ],
)
def test_what_names_no_camera_is_refused(text: str, message: str) -> None:
    with pytest.raises(CameraError, match=message) as caught:
        parse(text)
    assert caught.value.lasting


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://user:canary@cam/1",
        "rtsp://canary@cam/1",
        "http://cam/snap?user=admin&pwd=canary",
        "rtsp://cam/user=admin&password=canary&channel=1",
        "rtsp://user:canary@cam:notaport/",
        "ftp://user:canary@cam/",
    ],
)
def test_secrets_are_never_shown(text: str) -> None:
    try:
        shown = place(text) + repr(parse(text))
    except CameraError as error:
        shown = str(error)
    assert "canary" not in shown


def test_a_password_reaches_the_camera_percent_encoded() -> None:
    address = parse("rtsp://us er:p@ss:w%rd%2F@cam/1")
    assert isinstance(address, Network)
    assert address.full == "rtsp://us%20er:p%40ss%3Aw%25rd%2F@cam:554/1"
    assert address.bare == "rtsp://cam:554/1"


def test_picamera_says_what_to_install() -> None:
    with pytest.raises(CameraError, match="sudo apt install --no-install-recommends python3-picamera2"):
        camera_for("picamera", IngestSection(), SystemClock())
