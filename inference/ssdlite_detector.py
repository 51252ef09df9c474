"""The default detector: SSDLite MobileNetV2 at two scales."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

import cv2
import numpy as np

from inference.cuda import CudaError
from inference.detector import PERSON, TRAIN, Array, Detection, Picture
from inference.merge import LEAST_SCORE, TRAIN_SCORE, Boxes, merge
from inference.model.error import ModelError
from inference.model.fetch import Progress
from inference.model.prepare import LABELS, NAME, ModelFiles, prepare
from inference.onnx_session import OnnxSession
from inference.processor import has_byte_dot_product
from inference.ssdlite import WHOLE, Canvas, anchors, canvas_for, decode, distinct

Profile = Literal["accurate", "light"]
Wanted = Literal["auto", "cpu", "cuda"]
"""`auto` is CUDA where it can be used, else the processor."""

CANVAS_AREA: dict[Profile, int] = {"accurate": 774 * 774, "light": 395 * 395}
COLUMN = {label: column for column, label in enumerate(LABELS)}
WHOLE_SCORES = {PERSON: LEAST_SCORE, TRAIN: TRAIN_SCORE}
LARGE_SCORES = {PERSON: LEAST_SCORE}


class Net(Protocol):
    """SSDLite; `digest` is that of its bytes, `provider` and `processor` say what runs it."""

    @property
    def digest(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def processor(self) -> str: ...

    def run(self, pixels: Array) -> tuple[Array, Array]:
        """Box codes (batch, N, 4) and scores (batch, N, labels) for RGB bytes (batch, height, width, 3)."""
        ...


class SsdliteDetector:
    """
    People at two scales, trains on the whole frame. Not for use from several threads at once.

    `batch` is how many pictures the net sees at once, at most: memory grows with it, not with the number of
    pictures. `why_not_cuda` says why CUDA was not taken; None where it was, or was not asked for.
    """

    name = NAME
    labels = tuple(LABELS)

    def __init__(
        self, net: Net, profile: Profile = "accurate", batch: int = 1, why_not_cuda: str | None = None
    ) -> None:
        cv2.setNumThreads(1)
        self._net = net
        self.profile: str = profile
        self.provider = net.provider
        self.processor = net.processor
        self.digest = net.digest
        self.batch = batch
        self.why_not_cuda = why_not_cuda
        self._area = CANVAS_AREA[profile]

    @classmethod
    def load(
        cls, profile: Profile = "accurate", provider: Wanted = "auto", progress: Progress = lambda _: None
    ) -> "SsdliteDetector":
        """The detector for this machine; prepares the model if needed. ModelError when that fails."""
        net, why_not_cuda = _open(prepare(progress), provider)
        return cls(net, profile, why_not_cuda=why_not_cuda)

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """What is in each picture, in the order given; boxes by falling score. RunError if the net fails."""
        large = [canvas_for(picture.shape[0], picture.shape[1], self._area) for picture in pictures]
        near = self._see(pictures, [WHOLE] * len(pictures), WHOLE_SCORES)
        far = self._see(pictures, large, LARGE_SCORES)
        found = zip(pictures, large, near, far, strict=True)
        return [_found(picture.shape[0], canvas, *boxes) for picture, canvas, *boxes in found]

    def _see(
        self, pictures: Sequence[Picture], canvases: Sequence[Canvas], least: Mapping[str, float]
    ) -> list[dict[str, Boxes]]:
        """Of each picture on its canvas, the boxes of each label with at least its score in `least`."""
        seen: dict[int, dict[str, Boxes]] = {}
        for canvas, numbers in chunks(canvases, self.batch):
            stretched = np.stack([_stretch(pictures[number], canvas) for number in numbers])
            for number, codes, scores in zip(numbers, *self._net.run(stretched), strict=True):
                height, width = pictures[number].shape[:2]
                seen[number] = {
                    label: _boxes(canvas, codes, scores[:, COLUMN[label]], score, (height, width))
                    for label, score in least.items()
                }
        return [seen[number] for number in range(len(pictures))]


def _open(files: ModelFiles, wanted: Wanted) -> tuple[OnnxSession, str | None]:
    """The model where it runs best, and why that is not CUDA."""
    reason = None
    if wanted != "cpu":
        try:
            return OnnxSession(files.floating, "cuda"), None
        except CudaError as error:
            if wanted == "cuda":
                raise ModelError(f"CUDA cannot be used: {error}") from error
            reason = str(error)
    if has_byte_dot_product():
        return OnnxSession(files.eight_bit, "cpu-int8"), reason
    return OnnxSession(files.floating, "cpu-float32"), reason


def chunks(canvases: Sequence[Canvas], size: int) -> Iterator[tuple[Canvas, list[int]]]:
    """The places in `canvases` of each canvas, at most `size` at a time."""
    places: dict[Canvas, list[int]] = defaultdict(list)
    for place, canvas in enumerate(canvases):
        places[canvas].append(place)
    for canvas, all_of_it in places.items():
        for start in range(0, len(all_of_it), size):
            yield canvas, all_of_it[start : start + size]


def _stretch(picture: Picture, canvas: Canvas) -> Array:
    stretched = cv2.resize(picture, (canvas.width, canvas.height))
    return cv2.cvtColor(stretched, cv2.COLOR_BGR2RGB)


def _boxes(canvas: Canvas, codes: Array, scores: Array, least: float, size: tuple[int, int]) -> Boxes:
    """Distinct boxes with a score of at least `least`, in pixels of a picture of that height and width."""
    height, width = size
    chosen = scores >= least
    corners = decode(codes[chosen], anchors(canvas)[chosen])
    across, down = width / canvas.width, height / canvas.height
    corners = np.clip(corners * (across, down, across, down), 0, (width, height, width, height))
    kept = distinct(corners, scores[chosen])
    return Boxes(corners[kept], scores[chosen][kept])


def _found(
    height: int, large: Canvas, near: Mapping[str, Boxes], far: Mapping[str, Boxes]
) -> list[Detection]:
    people = merge(near[PERSON], far[PERSON], height, large.height)
    found = [*_detections(people, PERSON), *_detections(near[TRAIN], TRAIN)]
    return sorted(found, key=lambda detection: -detection.score)


def _detections(boxes: Boxes, label: str) -> list[Detection]:
    rows = zip(boxes.corners.tolist(), boxes.scores.tolist(), strict=True)
    return [Detection(x1, y1, x2, y2, score, label) for (x1, y1, x2, y2), score in rows]
