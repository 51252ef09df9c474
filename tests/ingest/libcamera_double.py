"""A libcamera without hardware, for the real picamera2 to run on; `picamera2_ground` puts it in place.

One sensor that paints its left half blue and its right half red; `faults` breaks it. Written against the
calls of picamera2 0.3.38; buffers are memory files where the Raspberry Pi has a DMA heap.
"""

import enum
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np

SENSOR = (1640, 1232)
FRAME_SECONDS = 1 / 30


@dataclass
class Faults:
    """What is wrong with the camera just now."""

    missing: bool = False
    busy: bool = False
    silent: bool = False


faults = Faults()

StreamRole = enum.Enum("StreamRole", "Raw StillCapture VideoRecording Viewfinder")
Orientation = enum.Enum(
    "Orientation",
    "Rotate0 Rotate0Mirror Rotate180 Rotate180Mirror Rotate90Mirror Rotate270 Rotate270Mirror Rotate90",
)
ControlType = enum.Enum("ControlType", "Null Bool Byte Integer32 Integer64 Float String Rectangle Size")


@dataclass
class Size:
    width: int = 0
    height: int = 0


class Rectangle: ...


class _Value:
    """Made of anything; picamera2 compares and prints it."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __str__(self) -> str:
        return type(self).__name__

    def __hash__(self) -> int:
        return id(self)


class Transform(_Value):
    hflip = vflip = transpose = False


class ColorSpace(_Value):
    YcbcrEncoding = enum.Enum("YcbcrEncoding", "Null")
    Range = enum.Enum("Range", "Full")
    primaries = transferFunction = ycbcrEncoding = range = None  # noqa: N815 -- libcamera's names

    @classmethod
    def Sycc(cls) -> Self:  # noqa: N802
        return cls()

    Smpte170m = Rec709 = Raw = Sycc


class PixelFormat:
    def __init__(self, name: str = "BGR888") -> None:
        self._name = name

    def __str__(self) -> str:
        return self._name


@dataclass(frozen=True)
class ControlId:
    name: str
    type: ControlType = ControlType.Integer64


_FRAME_LIMITS = ControlId("FrameDurationLimits")
_TIMESTAMP = ControlId("SensorTimestamp")
_NOISE = ControlId("NoiseReductionMode")
_EXPOSURE = ("ExposureTime", "ExposureTimeMode", "AnalogueGain", "AnalogueGainMode")
controls = SimpleNamespace(
    FrameDurationLimits=_FRAME_LIMITS,
    SensorTimestamp=_TIMESTAMP,
    NoiseReductionMode=_NOISE,
    **{name: ControlId(name) for name in _EXPOSURE},
    draft=SimpleNamespace(NoiseReductionModeEnum=enum.IntEnum("Noise", "Off Fast HighQuality Minimal")),
)


def _limits(low: int, high: int) -> SimpleNamespace:
    return SimpleNamespace(min=low, max=high, default=low)


class FrameMetadata:
    Status = enum.Enum("Status", "Success Error Cancelled")

    def __init__(self) -> None:
        self.status = FrameMetadata.Status.Success


class _Plane:
    """As libcamera's: an fd that is set is duplicated."""

    def __init__(self) -> None:
        self._fd = -1
        self.offset = self.length = 0

    @property
    def fd(self) -> int:
        return self._fd

    @fd.setter
    def fd(self, value: int) -> None:
        self._fd = os.dup(value)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class FrameBuffer:
    Plane = _Plane

    def __init__(self, planes: list[_Plane], _cookie: int = 0) -> None:
        self.planes = planes
        self.metadata = FrameMetadata()


@dataclass(eq=False)
class Stream:
    configuration: "StreamConfiguration"


class StreamConfiguration:
    def __init__(self, role: StreamRole) -> None:
        self.role = role
        self.stream = Stream(self)
        self.size = Size(640, 480)
        self.pixel_format = PixelFormat("SBGGR10" if role is StreamRole.Raw else "RGB888")
        self.color_space = ColorSpace()
        self.buffer_count = 4
        self.stride = self.frame_size = 0

    @property
    def formats(self) -> SimpleNamespace:
        return SimpleNamespace(pixel_formats=[self.pixel_format], sizes=lambda _: [Size(*SENSOR)])

    def lay_out(self) -> None:
        self.stride = -(-self.size.width * 3 // 64) * 64
        self.frame_size = self.stride * self.size.height


class CameraConfiguration:
    Status = enum.Enum("Status", "Valid Adjusted Invalid")

    def __init__(self, roles: list[StreamRole]) -> None:
        self._streams = [StreamConfiguration(role) for role in roles]
        self.sensor_config = None

    @property
    def size(self) -> int:
        return len(self._streams)

    def at(self, index: int) -> StreamConfiguration:
        return self._streams[index]

    def __iter__(self) -> Iterator[StreamConfiguration]:
        return iter(self._streams)

    def validate(self) -> Any:
        for stream in self._streams:
            stream.lay_out()
        return CameraConfiguration.Status.Valid


class Request:
    Status = enum.Enum("Status", "Pending Complete Cancelled")

    def __init__(self, cookie: int) -> None:
        self.cookie = cookie
        self.status = Request.Status.Pending
        self.buffers: dict[Stream, FrameBuffer] = {}
        self.metadata: dict[ControlId, Any] = {}

    def add_buffer(self, stream: Stream, buffer: FrameBuffer) -> None:
        self.buffers[stream] = buffer

    def set_control(self, *_: Any) -> None: ...

    def reuse(self) -> None:
        self.status = Request.Status.Pending


class Camera:
    id = "/base/soc/i2c0mux/i2c@1/imx219@10"

    def __init__(self, manager: "CameraManager") -> None:
        self._manager = manager
        self._queue: deque[Request] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.properties = {ControlId("Model"): "imx219", ControlId("PixelArraySize"): Size(*SENSOR)}
        self.controls = {
            _FRAME_LIMITS: _limits(33_333, 120_000),
            _NOISE: _limits(0, 4),
        }

        self.queue_request = self._queue.append
        self.create_request = Request
        self.generate_configuration = CameraConfiguration

    def acquire(self) -> None:
        if faults.busy:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")

    def release(self) -> None: ...

    def configure(self, _configuration: CameraConfiguration) -> int:
        return 0

    def start(self, _controls: Any = None) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._expose, name="sensor")
        self._thread.start()

    def stop(self) -> None:
        if self._thread:
            self._stopping.set()
            self._thread.join()
            self._thread = None
        while self._queue:
            self._manager.finished(self._queue.popleft(), Request.Status.Cancelled)

    def _expose(self) -> None:
        while not self._stopping.wait(FRAME_SECONDS):
            if self._queue and not faults.silent:
                request = self._queue.popleft()
                for stream, buffer in request.buffers.items():
                    _paint(stream.configuration, buffer)
                request.metadata = {_TIMESTAMP: time.monotonic_ns(), controls.ExposureTime: 10_000}
                self._manager.finished(request, Request.Status.Complete)


def _paint(stream: StreamConfiguration, buffer: FrameBuffer) -> None:
    """In libcamera "RGB888" means blue, green, red in memory."""
    width, height = stream.size.width, stream.size.height
    rows = np.zeros((height, stream.stride), np.uint8)
    pixels = rows[:, : width * 3].reshape(height, width, 3)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 255
    rows[:, : width * 3] = pixels.reshape(height, -1)
    plane = buffer.planes[0]
    os.pwrite(plane.fd, rows.tobytes(), plane.offset)


class CameraManager:
    version = "double"
    _only: ClassVar["CameraManager | None"] = None

    @classmethod
    def singleton(cls) -> "CameraManager":
        cls._only = cls._only or cls()
        return cls._only

    def __init__(self) -> None:
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._ready: deque[Request] = deque()
        self._camera = Camera(self)

    @property
    def cameras(self) -> list[Camera]:
        return [] if faults.missing else [self._camera]

    def finished(self, request: Request, status: Any) -> None:
        request.status = status
        self._ready.append(request)
        os.eventfd_write(self.event_fd, 1)

    def get_ready_requests(self) -> list[Request]:
        try:
            os.eventfd_read(self.event_fd)
        except BlockingIOError:
            return []
        return [self._ready.popleft() for _ in range(len(self._ready))]
