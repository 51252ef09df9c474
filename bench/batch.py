"""What batches gain: pictures a second from pixels to boxes for each batch size, against one by one."""

import cv2
import numpy as np

from bench.row import Row
from inference.batch_size import seconds, tune
from inference.detector import Picture
from inference.ssdlite_detector import SsdliteDetector
from tests.assets import asset

SIZES = (1, 2, 4, 8)
ROUNDS = 3


def rows() -> list[Row]:
    """
    `batch.pictures_per_second.SIZE`: of one core on a processor, the best of rounds in which the sizes take
    turns; the reference is size 1. `batch.best` is what a worker would choose here.
    """
    detector = SsdliteDetector.load(progress=print)
    chosen = tune(detector)
    picture = _picture()
    speeds = dict.fromkeys(SIZES, 0.0)
    for _ in range(ROUNDS):
        for size in SIZES:
            if took := seconds(detector, [picture] * size):
                speeds[size] = max(speeds[size], size / took)
    unit, alone = f"1/s ({detector.provider})", round(speeds[1], 2)
    found = [Row(f"batch.pictures_per_second.{n}", round(v, 2), unit, alone) for n, v in speeds.items()]
    return [*found, Row("batch.best", chosen, f"pictures ({detector.provider})")]


def _picture() -> Picture:
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    picture = np.asarray(film.read()[1], np.uint8)
    film.release()
    return picture
