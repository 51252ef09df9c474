"""What batches gain: pictures a second from pixels to boxes for each batch size, against one by one."""

from time import perf_counter

import cv2
import numpy as np

from bench.row import Row
from inference.batch_size import tune
from inference.detector import Picture
from inference.ssdlite_detector import SsdliteDetector
from tests.assets import asset

SIZES = (1, 2, 4, 8)
SECONDS = 1.5
ROUNDS = 3


def rows() -> list[Row]:
    """
    `batch.pictures_per_second.SIZE`, the best of rounds that take turns; the reference is size 1.
    `batch.best` is what a worker would choose here.
    """
    detector = SsdliteDetector.load(progress=print)
    chosen = tune(detector)
    picture = _picture()
    speeds = dict.fromkeys(SIZES, 0.0)
    for _ in range(ROUNDS):
        for size in SIZES:
            speeds[size] = max(speeds[size], _speed(detector, picture, size))
    unit = f"1/s ({detector.provider})"
    found = [
        Row(f"batch.pictures_per_second.{n}", round(v, 2), unit, round(speeds[1], 2))
        for n, v in speeds.items()
    ]
    return [*found, Row("batch.best", chosen, f"pictures ({detector.provider})")]


def _speed(detector: SsdliteDetector, picture: Picture, size: int) -> float:
    detector.batch = size
    detector.detect([picture] * size)
    start, done = perf_counter(), 0
    while (spent := perf_counter() - start) < SECONDS:
        done += len(detector.detect([picture] * size))
    return done / spent


def _picture() -> Picture:
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    picture = np.asarray(film.read()[1], np.uint8)
    film.release()
    return picture
