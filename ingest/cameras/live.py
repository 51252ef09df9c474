"""Cameras that play by themselves, through OpenCV: USB and RTSP."""

import os
import socket
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import cv2
import numpy as np

from common.ports.clock import Clock
from ingest.cameras.address import Network, Usb
from ingest.cameras.camera import CameraError, Frame

TIMEOUT = 5.0
_ANSWER = 2 * TIMEOUT + 2
_GOODBYE = 0.5

# Once set, this replaces OpenCV's own preference of TCP: with UDP, pictures lose their lower half.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

Opener = Callable[[], cv2.VideoCapture]
"""CameraError where there is nothing to open."""


class Live:
    """The newest frame, whenever it is asked for. Opening and failing happen aside and show in `read`."""

    def __init__(self, place: str, opener: Opener, clock: Clock) -> None:
        self._place = place
        self._opener = opener
        self._clock = clock
        self._grabber: _Grabber | None = None

    def open(self) -> None:
        if self._grabber and self._grabber.is_alive():
            raise CameraError(f"{self._place} still hangs in an earlier call")
        self._grabber = _Grabber(self._place, self._opener, self._clock)
        self._grabber.start()

    def read(self) -> Frame:
        assert self._grabber  # noqa: S101 -- open comes before read
        self._grabber.wanted.set()
        try:
            answer = self._grabber.answers.get(timeout=_ANSWER)
        except Empty:
            raise CameraError(f"{self._place} has sent no picture for {_ANSWER:.0f} s") from None
        if isinstance(answer, CameraError):
            raise answer
        return answer

    def close(self) -> None:
        if self._grabber:
            self._grabber.leaving.set()
            self._grabber.join(_GOODBYE)


class _Grabber(threading.Thread):
    """Owns the capture: takes every frame off it, so that none grows old, and hands out the wanted one.

    A call into a silent camera may hang for a minute. Nobody waits for it: the thread lets go by itself then.
    """

    def __init__(self, place: str, opener: Opener, clock: Clock) -> None:
        super().__init__(name=f"grab {place}", daemon=True)
        self.wanted = threading.Event()
        self.leaving = threading.Event()
        self.answers: SimpleQueue[Frame | CameraError] = SimpleQueue()
        self._place = place
        self._opener = opener
        self._clock = clock

    def run(self) -> None:
        try:
            capture = self._opener()
        except CameraError as error:
            self.answers.put(error)
            return
        try:
            while not self.leaving.is_set():
                self._grab(capture)
        except CameraError as error:
            self.answers.put(error)
        finally:
            capture.release()

    def _grab(self, capture: cv2.VideoCapture) -> None:
        if not capture.grab():
            raise CameraError(f"{self._place} has stopped sending")
        if not self.wanted.is_set():
            return
        taken_at = self._clock.wall()
        good, picture = capture.retrieve()
        if good:
            self.wanted.clear()
            self.answers.put(Frame(np.asarray(picture, np.uint8), taken_at))


def usb(address: Usb, size: tuple[int, int]) -> cv2.VideoCapture:
    """Asks for motion JPEG, which leaves room on the bus for large pictures; the driver has the last word."""
    width, height = size
    wishes = [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, width),
        (cv2.CAP_PROP_FRAME_HEIGHT, height),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]
    capture = cv2.VideoCapture(address.index, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError(f"cannot open {address.place}: is it plugged in, and used by no other program?")
    for key, value in wishes:
        capture.set(key, value)
    return capture


def rtsp(address: Network) -> cv2.VideoCapture:
    """OpenCV says only that it did not open, so whether the host is there is asked first."""
    try:
        socket.create_connection((address.host, address.port), TIMEOUT).close()
    except OSError as error:
        raise CameraError(f"cannot reach {address.place}: {error.strerror or error}") from error
    milliseconds = int(TIMEOUT * 1000)
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
    began = time.monotonic()
    capture = cv2.VideoCapture(address.full, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened() and time.monotonic() - began >= TIMEOUT:
        raise CameraError(f"{address.place} does not answer")
    if not capture.isOpened():
        raise CameraError(f"{address.place} gives no stream: check path, user and password", lasting=True)
    return capture
