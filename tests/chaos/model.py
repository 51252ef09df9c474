"""A model so cheap that its owner is what is tested."""

import time
from collections.abc import Sequence

from inference.detector import PERSON, Detection, Picture


class Brightness:
    """Finds as many people as a picture is bright: the same for the same picture, on every worker.

    `slowness`: seconds that it takes to see a picture.
    """

    name = "brightness"
    digest = "b" * 64
    profile = "light"
    provider = "cpu"
    labels = (PERSON,)
    batch = 4
    why_not_cuda = None

    def __init__(self, slowness: float = 0.0) -> None:
        self._slowness = slowness

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        time.sleep(self._slowness * len(pictures))
        return [[Detection(1, 1, 9, 9, 0.9, PERSON)] * people(picture) for picture in pictures]


def people(picture: Picture) -> int:
    return int(picture.mean()) // 20
