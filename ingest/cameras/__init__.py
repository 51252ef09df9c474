"""From the text that names a camera to the camera."""

import importlib.util
from functools import partial
from pathlib import Path

from common.ports.clock import Clock, SystemClock
from ingest.cameras.address import Network, PiCamera, Recording, Usb, parse
from ingest.cameras.album import Album
from ingest.cameras.camera import Camera, CameraError, Frame
from ingest.cameras.film import Film
from ingest.cameras.live import Live, rtsp, usb
from ingest.cameras.snapshot import Snapshot
from ingest.settings import IngestSection

__all__ = ["Album", "Camera", "CameraError", "Film", "Frame", "camera_for", "check", "place"]

_PICAMERA = (
    "the Raspberry Pi camera needs picamera2: `sudo apt install --no-install-recommends python3-picamera2`, "
    "and a virtual environment made with --system-site-packages"
)


def camera_for(text: str, options: IngestSection, clock: Clock) -> Camera:
    """The camera, not yet opened. CameraError where the text can name none or something is not installed."""
    match parse(text):
        case Recording() as recording if recording.is_pictures:
            return Album(recording.path, clock, loop=options.loop)
        case Recording(path):
            return Film(path, clock, interval=options.interval, realtime=options.realtime, loop=options.loop)
        case Usb() as device:
            return Live(device.place, partial(usb, device, options.size), clock)
        case Network(scheme="http" | "https") as address:
            return Snapshot(address, clock)
        case Network() as address:
            return Live(address.place, partial(rtsp, address), clock)
        case PiCamera():
            return _picamera(options, clock)


def place(text: str) -> str:
    """What may be shown of a camera's text: no user, password or path. CameraError as in `camera_for`."""
    return parse(text).place


def check(text: str) -> None:
    """CameraError early, for people: a recording must give a picture and a USB camera be there.

    What is behind a network may come later and is not asked.
    """
    address = parse(text)
    camera = camera_for(text, IngestSection(), SystemClock())
    if isinstance(address, Usb) and not Path(address.place).exists():
        raise CameraError(f"there is no USB camera {address.index}: {address.place} does not exist")
    if isinstance(address, Recording):
        try:
            camera.open()
            camera.read()
        finally:
            camera.close()


def _picamera(options: IngestSection, clock: Clock) -> Camera:
    if importlib.util.find_spec("picamera2") is None or importlib.util.find_spec("libcamera") is None:
        raise CameraError(_PICAMERA, lasting=True)
    from ingest.picam import Picam  # noqa: PLC0415 -- there only on a Raspberry Pi

    return Picam(options.size, clock)
