"""A model that cannot bear some colours, and finds one person in all others."""

import os
import threading
from collections.abc import Sequence
from math import nan

import cv2
import numpy as np

from inference.detector import PERSON, Detection, Picture
from inference.model.error import ModelError

OTHER = "OTHER_MODEL"
"""The environment variable, with any value."""

DEAD = "DEAD_MODEL"
"""The environment variable, whose value is a kind of picture."""

COLOURS = {
    "crash": (0, 0, 255),
    "hang": (0, 255, 0),
    "fail": (255, 0, 0),
    "nonsense": (0, 0, 0),
    "harmless": (128, 128, 128),
}


def picture(kind: str) -> Picture:
    return np.full((48, 64, 3), COLOURS[kind], np.uint8)


def jpeg(kind: str) -> bytes:
    return cv2.imencode(".jpg", picture(kind))[1].tobytes()


class Delicate:
    """Fits the Detector protocol."""

    name = "delicate"
    digest = "d" * 64
    profile = "light"
    provider = "cpu"
    labels = (PERSON,)
    batch = 4
    why_not_cuda = None

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        for seen in pictures:
            blue, green, red = (int(v) for v in seen[20, 20])
            if red > 200:
                os.abort()
            if green > 200:
                threading.Event().wait()
            if blue > 200:
                raise ValueError("blue is too much")
        return [[Detection(1, 2, 3, 4, 0.9 if seen.any() else nan, PERSON)] for seen in pictures]


def broken() -> Delicate:
    """A model that cannot be loaded."""
    raise ModelError("there is no such model")


class Other(Delicate):
    """Delicate on another processor."""

    provider = "other"


class Dead(Delicate):
    """Crashes, hangs or fails on any picture."""

    def __init__(self, how: str) -> None:
        self._how = how

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return super().detect([picture(self._how)] * len(pictures))


def dying() -> Delicate:
    """A model that bears nothing any more once the environment says how it is to end."""
    return Dead(os.environ[DEAD]) if DEAD in os.environ else Delicate()


def changing() -> Delicate:
    """Another model once that is asked for in the environment."""
    return Other() if OTHER in os.environ else Delicate()
