"""The default detector: SSDLite MobileNetV2 at two scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np

from inference.detector import PERSON, TRAIN, Array, Detection, Picture
from inference.merge import LEAST_SCORE, TRAIN_SCORE, Boxes, merge
from inference.model.fetch import Progress
from inference.model.prepare import LABELS, NAME, prepare
from inference.onnx_session import OnnxSession
from inference.processor import has_byte_dot_product
from inference.ssdlite import WHOLE, Canvas, anchors, canvas_for, decode, distinct

Profile = Literal["accurate", "light"]

CANVAS_AREA: dict[Profile, int] = {"accurate": 774 * 774, "light": 395 * 395}
COLUMN = {label: column for column, label in enumerate(LABELS)}


class Net(Protocol):
    """SSDLite: box codes (N, 4) and scores (N, labels) for an RGB canvas; `digest` is that of its bytes."""

    @property
    def digest(self) -> str: ...

    def run(self, pixels: Array) -> tuple[Array, Array]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the net says about one canvas: scores (N, classes) and box codes (N, 4)."""

    canvas: Canvas
    codes: Array
    scores: Array


class SsdliteDetector:
    """People at two scales, trains on the whole frame. Not for use from several threads at once."""

    name = NAME
    labels = tuple(LABELS)

    def __init__(self, net: Net, profile: Profile = "accurate") -> None:
        cv2.setNumThreads(1)
        self._net = net
        self.profile: str = profile
        self.digest = net.digest
        self._area = CANVAS_AREA[profile]

    @classmethod
    def load(cls, profile: Profile = "accurate", progress: Progress = lambda _: None) -> "SsdliteDetector":
        """The detector for this processor; prepares the model if needed. ModelError when that fails."""
        files = prepare(progress)
        return cls(OnnxSession(files.eight_bit if has_byte_dot_product() else files.floating), profile)

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """What is in each picture, in the order given; boxes by falling score."""
        return [self._detect(picture) for picture in pictures]

    def _detect(self, picture: Picture) -> list[Detection]:
        height, width = picture.shape[:2]
        whole = self._see(picture, WHOLE)
        large = self._see(picture, canvas_for(height, width, self._area))
        people = merge(
            _boxes(whole, PERSON, LEAST_SCORE, height, width),
            _boxes(large, PERSON, LEAST_SCORE, height, width),
            height,
            large.canvas.height,
        )
        trains = _boxes(whole, TRAIN, TRAIN_SCORE, height, width)
        found = [*_detections(people, PERSON), *_detections(trains, TRAIN)]
        return sorted(found, key=lambda detection: -detection.score)

    def _see(self, picture: Picture, canvas: Canvas) -> Seen:
        stretched = cv2.resize(picture, (canvas.width, canvas.height))
        return Seen(canvas, *self._net.run(cv2.cvtColor(stretched, cv2.COLOR_BGR2RGB)))


def _boxes(seen: Seen, label: str, least: float, height: int, width: int) -> Boxes:
    """Distinct boxes of a class in pixels of a picture of this size."""
    scores = seen.scores[:, COLUMN[label]]
    chosen = scores >= least
    corners = decode(seen.codes[chosen], anchors(seen.canvas)[chosen])
    across, down = width / seen.canvas.width, height / seen.canvas.height
    corners = np.clip(corners * (across, down, across, down), 0, (width, height, width, height))
    kept = distinct(corners, scores[chosen])
    return Boxes(corners[kept], scores[chosen][kept])


def _detections(boxes: Boxes, label: str) -> list[Detection]:
    rows = zip(boxes.corners.tolist(), boxes.scores.tolist(), strict=True)
    return [Detection(x1, y1, x2, y2, score, label) for (x1, y1, x2, y2), score in rows]
