"""What the worker asks of a model that finds people and trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""BGR bytes, height x width x 3, as OpenCV has them."""

Array = NDArray[Any]

PERSON = "person"
TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Detection:
    """A thing of class `label`; its box in pixels, inside the picture, with x1 <= x2 and y1 <= y2."""

    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    label: str

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1


class Detector(Protocol):
    """
    `name` and `digest` (SHA-256 of the model, hexadecimal) say what computed a result; `labels` is what it
    can find.
    """

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """What is in each picture, in the order given; boxes by falling score."""
        ...
