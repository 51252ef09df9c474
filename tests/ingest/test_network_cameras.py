"""RTSP from a real server, pictures over HTTP from a real one, and a USB camera that is not there."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from common.ports.clock import SystemClock
from ingest.cameras import Camera, CameraError, Frame, camera_for, live, snapshot
from ingest.settings import IngestSection
from tests.assets import asset
from tests.eventually import PATIENCE, eventually
from tests.ingest.http_camera import PASSWORD, USER, HttpCamera
from tests.servers import free_ports

PYTHON = "/usr/bin/python3"
NEEDED = (
    "the RTSP server for tests needs: apt-get install --no-install-recommends gir1.2-gst-rtsp-server-1.0 "
    "gir1.2-gstreamer-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav"
)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With cameras that are slow because the machine is."""
    for module, name in ((live, "TIMEOUT"), (live, "_ANSWER"), (snapshot, "TIMEOUT"), (snapshot, "WHOLE")):
        monkeypatch.setattr(module, name, PATIENCE)


class Rtsp:
    """One server process on a port of its own."""

    def __init__(self, *credentials: str) -> None:
        (self.port,) = free_ports(1)
        self.credentials = credentials
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        script = Path(__file__).with_name("rtsp_server.py")
        command = [PYTHON, str(script), str(self.port), *self.credentials]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline() == "READY\n", f"{NEEDED}\n{self.process.communicate()[1]}"

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def url(self, user: str = "", path: str = "moving") -> str:
        return f"rtsp://{user}127.0.0.1:{self.port}/{path}"


@pytest.fixture
def rtsp() -> Iterator[Rtsp]:
    server = Rtsp()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def guarded_rtsp() -> Iterator[Rtsp]:
    server = Rtsp("admin", "p@ss:w/rd")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    capture = cv2.VideoCapture(str(asset("vtest.avi")))
    picture = capture.read()[1]
    capture.release()
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.fixture
def http(jpeg: bytes) -> Iterator[HttpCamera]:
    with HttpCamera(jpeg).running() as camera:
        yield camera


def camera(text: str) -> Camera:
    return camera_for(text, IngestSection(), SystemClock())


def pixels(frame: Frame | None) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    assert frame
    assert not isinstance(frame.picture, bytes)
    return frame.picture


def test_rtsp_gives_the_newest_frame(rtsp: Rtsp) -> None:
    stream, clock = camera(rtsp.url()), SystemClock()
    stream.open()
    try:
        first = pixels(stream.read())
        assert first.shape == (240, 320, 3)
        asked = clock.wall()
        second = stream.read()
        assert second
        assert asked <= second.taken_at <= clock.wall()
        eventually(lambda: not np.array_equal(pixels(stream.read()), first))
    finally:
        stream.close()


def test_rtsp_says_when_the_camera_goes_and_comes_back(rtsp: Rtsp) -> None:
    stream = camera(rtsp.url())
    stream.open()
    stream.read()
    rtsp.stop()
    with pytest.raises(CameraError, match="has stopped sending"):
        eventually(lambda: not stream.read())
    stream.close()
    with pytest.raises(CameraError, match=r"cannot reach rtsp://127.0.0.1:\d+: Connection refused"):
        _once(stream)
    rtsp.start()
    assert _once(stream)


def test_a_frozen_rtsp_camera_is_given_up(rtsp: Rtsp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TIMEOUT", 1.0)
    stream = camera(rtsp.url())
    eventually(lambda: _is_opened(stream))
    assert rtsp.process
    rtsp.process.send_signal(signal.SIGSTOP)
    with pytest.raises(CameraError, match="has stopped sending"):
        eventually(lambda: not stream.read())
    stream.close()


def _is_opened(stream: Camera) -> bool:
    """In a second; the server may be too busy for that."""
    stream.open()
    try:
        return bool(stream.read())
    except CameraError:
        stream.close()
        return False


def test_an_rtsp_camera_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TIMEOUT", 0.5)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(CameraError, match="does not answer") as caught,
    ):
        _once(camera(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x"))
    assert not caught.value.lasting


def test_rtsp_with_a_password_of_odd_signs(guarded_rtsp: Rtsp) -> None:
    assert _once(camera(guarded_rtsp.url(f"admin:{quote('p@ss:w/rd', safe='')}@")))


@pytest.mark.parametrize("user", ["", "admin:canary@"])
def test_rtsp_without_the_right_password(
    user: str, guarded_rtsp: Rtsp, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CameraError, match="gives no stream: check path, user and password") as caught:
        _once(camera(guarded_rtsp.url(user)))
    assert caught.value.lasting
    assert "canary" not in str(caught.value) + "".join(capfd.readouterr())


def _once(one: Camera) -> Frame | None:
    one.open()
    try:
        return one.read()
    finally:
        one.close()


def test_a_usb_camera_that_is_not_there() -> None:
    with pytest.raises(CameraError, match="cannot open /dev/video63: is it plugged in"):
        _once(camera("63"))


@pytest.mark.parametrize("path", ["/snapshot.jpg", "/moving", "/moving?without-length"])
def test_http_gives_the_jpeg_as_it_is(path: str, http: HttpCamera, jpeg: bytes) -> None:
    frame = camera(http.url(path)).read()
    assert frame
    assert isinstance(frame.picture, bytes)
    assert frame.picture.startswith(jpeg)
    assert len(frame.picture) < len(jpeg) + 10


@pytest.mark.parametrize("scheme", ["basic", "digest"])
@pytest.mark.parametrize("password", [quote(PASSWORD, safe=""), PASSWORD.replace("/", "%2F")])
def test_http_with_a_password_of_odd_signs(scheme: str, password: str, http: HttpCamera, jpeg: bytes) -> None:
    one = camera(http.url(f"/{scheme}/snapshot.jpg", f"{USER}:{password}@"))
    for _ in range(2):
        frame = one.read()
        assert frame
        assert frame.picture == jpeg


@pytest.mark.parametrize("scheme", ["basic", "digest", "bearer"])
@pytest.mark.parametrize("user", ["", "admin:canary@"])
def test_a_wrong_password_is_said_once(scheme: str, user: str, http: HttpCamera) -> None:
    one = camera(http.url(f"/{scheme}/snapshot.jpg", user))
    for asked in (2, 4):
        with pytest.raises(CameraError, match="answers 401: check user and password") as caught:
            one.read()
        assert caught.value.lasting
        assert "canary" not in str(caught.value)
        assert len(http.asked) <= asked


@pytest.mark.parametrize(
    ("path", "message", "lasting"),
    [
        ("/login", "sent no picture: text/html without a JPEG; is a login needed", False),
        ("/truncated.jpg", "sent no picture: truncated", False),
        ("/endless", "sent more than 20000000 bytes for one picture", False),
        ("/nowhere", "answers 404: check the path", True),
        ("/elsewhere?http://169.254.169.254/secret", "redirects to another host: give that address", True),
        ("/elsewhere?file:///etc/passwd", "answers 302", False),
        ("/elsewhere?ftp://127.0.0.1/x.jpg", "redirects to another host", True),
        ("/elsewhere?/login", "sent no picture: text/html without a JPEG", False),
    ],
)
def test_http_answers_that_are_no_picture(path: str, message: str, lasting: bool, http: HttpCamera) -> None:  # noqa: FBT001
    with pytest.raises(CameraError, match=message) as caught:
        camera(http.url(path)).read()
    assert caught.value.lasting is lasting


def test_http_that_drips_is_given_up(http: HttpCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "WHOLE", 0.5)
    with pytest.raises(CameraError, match="for one picture"):
        camera(http.url("/slow")).read()


def test_http_where_nobody_listens() -> None:
    (port,) = free_ports(1)
    with pytest.raises(CameraError, match=f"cannot reach http://127.0.0.1:{port}: Connection refused"):
        camera(f"http://127.0.0.1:{port}/x.jpg").read()
