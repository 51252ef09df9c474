"""What every camera can do."""

from dataclasses import dataclass, field
from typing import Protocol

from common.picture import Pixels


class CameraError(Exception):
    """The camera gave no picture; the text names it without its secrets and says what to do.

    `lasting`: trying again soon is of no use, and may lock us out.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture: a JPEG file as it came, or pixels. `taken_at` is Unix seconds."""

    picture: bytes | Pixels = field(repr=False)
    taken_at: float


class Camera(Protocol):
    """One thread calls all three. `open` and `read` may raise CameraError, and return within 15 s."""

    def open(self) -> None:
        """Get ready; after `close` it may be opened again."""

    def read(self) -> Frame | None:
        """The newest picture; None when a recording is over."""

    def close(self) -> None:
        """Let go, at any time and as often as you like."""
