"""What a picture costs, from JPEG to count: processor milliseconds of one core, against the bare net."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

import cv2
import numpy as np

from bench.row import Row
from inference.analyse import analyse
from inference.detector import Picture
from inference.model.prepare import prepare
from inference.onnx_session import OnnxSession
from inference.processor import has_byte_dot_product
from inference.ssdlite import WHOLE, Canvas, canvas_for
from inference.ssdlite_detector import CANVAS_AREA, Profile, SsdliteDetector
from tests.assets import asset

EVERY = 40
PROFILES: tuple[Profile, ...] = ("accurate", "light")


def rows() -> list[Row]:
    """`model.person_ms` of each profile, the median over frames; the reference is the net alone."""
    frames = _frames(asset("vtest.avi"))
    files = prepare(print)
    if has_byte_dot_product():
        session = OnnxSession(files.eight_bit, "cpu-int8")
    else:
        session = OnnxSession(files.floating, "cpu-float32")
    return [_row(session, profile, frames) for profile in PROFILES]


def _row(session: OnnxSession, profile: Profile, frames: list[Picture]) -> Row:
    detector = SsdliteDetector(session, profile)
    pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames]
    height, width = frames[0].shape[:2]
    canvases = (WHOLE, canvas_for(height, width, CANVAS_AREA[profile]))
    value = _milliseconds([partial(analyse, data, detector) for data in pictures])
    reference = 0.0
    for canvas in canvases:
        reference += _milliseconds([partial(session.run, seen) for seen in _on(canvas, frames)])
    return Row("model.person_ms", round(value, 1), f"ms ({profile})", round(reference, 1))


def _on(canvas: Canvas, frames: list[Picture]) -> list[Picture]:
    return [np.asarray(cv2.resize(frame, (canvas.width, canvas.height)), np.uint8)[None] for frame in frames]


def _milliseconds(actions: list[Callable[[], object]]) -> float:
    actions[0]()
    costs = []
    for action in actions:
        start = process_time()
        action()
        costs.append(process_time() - start)
    return median(costs) * 1e3


def _frames(footage: Path) -> list[Picture]:
    film = cv2.VideoCapture(str(footage))
    frames = []
    while film.grab():
        if int(film.get(cv2.CAP_PROP_POS_FRAMES)) % EVERY == 0:
            frames.append(np.asarray(film.retrieve()[1], np.uint8))
    film.release()
    if not frames:
        raise ValueError(f"{footage} is no film that can be read")
    return frames
