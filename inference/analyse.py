"""From the bytes of a picture to what is in it: the one path of the worker and of `headway analyse`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from common.picture import decode
from inference.detector import PERSON, Detection, Detector, Picture


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was seen in a picture, and the milliseconds it took."""

    picture: Picture
    detections: tuple[Detection, ...]
    decode_ms: float
    inference_ms: float

    @property
    def width(self) -> int:
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        return int(self.picture.shape[0])

    @property
    def counts(self) -> dict[str, int]:
        """How often each label was seen: always that of people, others where there are any."""
        return {PERSON: 0, **Counter(detection.label for detection in self.detections)}

    @property
    def count(self) -> int:
        """People."""
        return self.counts[PERSON]

    @property
    def boxes(self) -> list[tuple[float, float, float, float, float, str]]:
        """x1, y1, x2, y2 in pixels, score and label, rounded as results carry them."""
        return [
            (round(d.x1, 1), round(d.y1, 1), round(d.x2, 1), round(d.y2, 1), round(d.score, 3), d.label)
            for d in self.detections
        ]


def analyse(data: bytes, detector: Detector) -> Analysis:
    """Decode a JPEG or PNG and detect; BadPicture when the bytes are no picture."""
    start = perf_counter()
    picture = decode(data)
    return examine(picture, detector, (perf_counter() - start) * 1e3)


def examine(picture: Picture, detector: Detector, decode_ms: float = 0.0) -> Analysis:
    """Detect in a picture that is decoded already."""
    (analysis,) = examine_all([picture], detector)
    return replace(analysis, decode_ms=decode_ms)


def examine_all(pictures: Sequence[Picture], detector: Detector) -> list[Analysis]:
    """Detect in pictures together; each is said to have taken the time of all."""
    start = perf_counter()
    found = detector.detect(pictures)
    spent = (perf_counter() - start) * 1e3
    return [Analysis(p, tuple(detections), 0.0, spent) for p, detections in zip(pictures, found, strict=True)]
