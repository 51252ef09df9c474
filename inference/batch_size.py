"""How many pictures the model should see at once: measured at the first start on a machine, then remembered.

A GPU gains from batches until its units are full, a processor nothing.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Protocol

import numpy as np

from common.cache import cache_dir
from inference.detector import Detection, Picture
from inference.model.fetch import Progress
from inference.onnx_session import RunError
from inference.ssdlite_detector import Profile, SsdliteDetector, Wanted

SIZES = (1, 2, 4, 8, 16, 32)
GAIN = 1.05  # in pictures a second, below which a larger batch only makes results later
LONGEST = 1.0  # seconds of a batch
MEASURE = 0.25  # seconds for each size
FEWEST = 3  # runs of each size
PICTURE = np.full(
    (576, 768, 3), 128, np.uint8
)  # any will do: canvases of all shapes have about the same area


class Tunable(Protocol):
    """A detector whose batches can be chosen."""

    batch: int

    @property
    def digest(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def processor(self) -> str: ...

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]: ...


def load_tuned(
    profile: Profile = "accurate", provider: Wanted = "auto", progress: Progress = lambda _: None
) -> SsdliteDetector:
    """The detector for this machine, its `batch` the best there. ModelError when it cannot be loaded."""
    detector = SsdliteDetector.load(profile, provider, progress)
    tune(detector)
    return detector


def tune(detector: Tunable) -> int:
    """Set `batch` to the best size and return it: as remembered, else measured in a second or two."""
    path = _path(detector)
    best = _remembered(path)
    if best is None:
        best = choose(lambda size: seconds(detector, [PICTURE] * size))
        _remember(path, best)
    detector.batch = best
    return best


def choose(measure: Callable[[int], float | None]) -> int:
    """
    The size up to which every step in SIZES gains pictures a second and takes no longer than LONGEST. Pure.

    `measure` says what a batch of a size takes, None where the memory is too small for it.
    """
    best, fastest = SIZES[0], 0.0
    for size in SIZES:
        took = measure(size)
        if took is None or size / took < fastest * GAIN or (took > LONGEST and size > best):
            break
        best, fastest = size, size / took
        if took > LONGEST:
            break
    return best


def seconds(detector: Tunable, pictures: Sequence[Picture]) -> float | None:
    """
    What these pictures take as one batch, at best; None where the memory is too small. On a processor it is
    the time of one core, so that others at work there do not count.
    """
    clock = perf_counter if detector.provider == "cuda" else process_time
    detector.batch = len(pictures)
    runs: list[float] = []
    try:
        detector.detect(pictures)  # prepares what a new shape needs
        while len(runs) < FEWEST or sum(runs) < MEASURE:
            start = clock()
            detector.detect(pictures)
            runs.append(clock() - start)
    except RunError:
        return None
    return min(runs)


def _path(detector: Tunable) -> Path:
    key = f"{detector.digest} {detector.profile} {detector.provider} {detector.processor}"
    name = f"{detector.provider}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    return cache_dir() / "batch-size" / name


def _remembered(path: Path) -> int | None:
    try:
        size = json.loads(path.read_text())["batch"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return size if size in SIZES else None


def _remember(path: Path, size: int) -> None:
    """Whole or not at all; a cache that cannot be written only costs the next start its second."""
    try:
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump({"batch": size}, file)
        Path(file.name).replace(path)
    except OSError:
        return
