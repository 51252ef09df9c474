"""The real picamera2 on a libcamera without hardware."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.ports.clock import SystemClock
from ingest.cameras import CameraError, camera_for
from ingest.settings import IngestSection
from tests.eventually import PATIENCE
from tests.ingest import picamera2_ground
from tests.ingest.libcamera_double import faults

if TYPE_CHECKING:
    from ingest.picam import Picam

pytestmark = [  # picamera2's own, the second where it fails to open
    pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]

PICAMERA2 = Path(sys.prefix) / "picamera2"
BLUE, RED = [255, 0, 0], [0, 0, 255]


@pytest.fixture(scope="module", autouse=True)
def _installed() -> Iterator[None]:
    """Away again afterwards: other tests know a machine without the camera."""
    assert PICAMERA2.is_dir(), f"{PICAMERA2} is missing: run `make setup`"
    before = set(sys.modules)
    sys.path.append(str(PICAMERA2))
    picamera2_ground.install()
    yield
    sys.path.remove(str(PICAMERA2))
    for name in set(sys.modules) - before:
        if name.startswith(("libcamera", "picamera2", "pidng", "pykms", "prctl", "ingest.picam")):
            del sys.modules[name]


@pytest.fixture
def picam(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Picam]":
    camera = camera_for("picamera", IngestSection(resolution="640x480"), SystemClock())
    from ingest import picam  # noqa: PLC0415 -- now that picamera2 is there

    monkeypatch.setattr(picam, "WAIT", PATIENCE)
    assert isinstance(camera, picam.Picam)
    yield camera
    faults.missing = faults.busy = faults.silent = False
    camera.close()


def test_pictures_are_blue_green_red_and_exposed_after_they_were_asked_for(picam: "Picam") -> None:
    picam.open()
    for _ in range(10):
        asked = SystemClock().wall()
        frame = picam.read()
        assert asked - 0.02 < frame.taken_at <= SystemClock().wall()
        assert not isinstance(frame.picture, bytes)
        assert frame.picture.shape == (480, 640, 3)
        assert (frame.picture[9, 9].tolist(), frame.picture[9, -9].tolist()) == (BLUE, RED)


def test_pictures_outlive_their_buffers(picam: "Picam") -> None:
    picam.open()
    frames = [picam.read() for _ in range(8)]
    picam.close()
    for frame in frames:
        assert not isinstance(frame.picture, bytes)
        assert frame.picture[9, 9].tolist() == BLUE


def _read_until_it_fails(picam: "Picam") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.picam.WAIT", 0.5)
        while True:
            picam.read()


def test_a_camera_that_is_not_there(picam: "Picam") -> None:
    faults.missing = True
    with pytest.raises(CameraError, match="no Raspberry Pi camera was found; check its cable"):
        picam.open()
    faults.missing = False
    picam.open()
    assert picam.read().taken_at


def test_a_camera_that_somebody_else_has(picam: "Picam") -> None:
    faults.busy = True
    with pytest.raises(CameraError, match="Device or resource busy; check its cable, and that nothing else"):
        picam.open()
    gc.collect()
    faults.busy = False
    picam.open()
    assert picam.read().taken_at


def test_a_sensor_that_falls_silent_is_closed_and_opened_again(picam: "Picam") -> None:
    picam.open()
    picam.read()
    for _ in range(6):
        faults.silent = True
        with pytest.raises(CameraError, match=r"gave no picture for 0\.5 s; check its cable"):
            _read_until_it_fails(picam)
        faults.silent = False
        picam.close()
        picam.open()
        assert picam.read().taken_at
