"""What the real picamera2 needs to run on the libcamera double: `install()` before it is imported."""

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.ingest import libcamera_double


class _MemoryHeap:
    """In place of /dev/dma_heap."""

    isValid = True  # noqa: N815 -- picamera2's name

    def alloc(self, name: str, size: int) -> Any:
        from picamera2.dma_heap import UniqueFD  # noqa: PLC0415 -- after `install`

        fd = os.memfd_create(name, os.MFD_CLOEXEC)
        os.ftruncate(fd, size)
        return UniqueFD(fd)

    def close(self) -> None: ...


_ABSENT = (
    ("pykms", "PixelFormat"),
    ("prctl", "set_pdeathsig"),
    ("pidng", "core"),
    ("pidng.core", "PICAM2DNG"),
    ("pidng.camdefs", "Picamera2Camera"),
)


def install() -> None:
    """The double is `libcamera` from now on; what else exists on a Raspberry Pi only is empty."""
    libcamera_double.__dict__["_libcamera"] = libcamera_double
    sys.modules["libcamera"] = libcamera_double
    for name, attribute in _ABSENT:
        module = sys.modules.setdefault(name, ModuleType(name))
        module.__dict__[attribute] = _Anything
    from picamera2.allocators import dmaallocator  # noqa: PLC0415

    dmaallocator.DmaHeap = _MemoryHeap
    dmaallocator.fcntl = SimpleNamespace(ioctl=lambda *_: 0)


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        return name


class _Anything(metaclass=_Names):
    """An enumeration with every name."""
