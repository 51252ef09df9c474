"""The physical limit of a worker: the model over decoded pictures, nothing else. Prints pictures a second."""

import itertools
import sys
import time

import cv2
import numpy as np

from inference.ssdlite_detector import SsdliteDetector
from tests.assets import asset


def main() -> None:
    seconds = float(sys.argv[1])
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    pictures = [np.asarray(film.read()[1], np.uint8) for _ in range(100)][::5]
    detector = SsdliteDetector.load()
    detector.detect(pictures[:1])
    start = time.monotonic()
    for done in itertools.count(1):
        detector.detect([pictures[done % len(pictures)]])
        if (spent := time.monotonic() - start) >= seconds:
            print(done / spent)
            return


if __name__ == "__main__":
    main()
