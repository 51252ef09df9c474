"""
Compare what the detector finds on the processor (floats, eight bits) and on a GPU where one answers, and how
fast each is.

python -m scripts.compare_providers FOOTAGE [--every N] [--sizes 1,2,4] [--seconds S] [--need-cuda]

FOOTAGE is a film or a folder of JPEGs. The model is that in $HEADWAY_CACHE, made there if it is missing. The
reference is floats on the processor, one picture at a time. The exit status is 1 when something differs by
more than its tolerance, or when a GPU is needed and none can be used.
"""

import argparse
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from inference.agreement import Agreement, Found, agreement
from inference.batch_size import SIZES
from inference.cuda import CudaError
from inference.detector import Picture
from inference.model.prepare import ModelFiles, prepare
from inference.onnx_session import CUDA_OPTIONS, OnnxSession, Provider, RunError
from inference.ssdlite import canvas_for
from inference.ssdlite_detector import CANVAS_AREA, SsdliteDetector

SAME_MODEL = Agreement(alone=0.005, box=0.5, score=0.01, count=0.05)
"""Floats elsewhere, or in batches: the same sums in another order; a score on the threshold may tip over."""

EIGHT_BITS = Agreement(alone=0.05, box=math.inf, score=math.inf, count=0.25)
"""Coarser sums: a box in twenty may differ, and the number of people by one in every fourth picture."""

LIMITS: dict[Provider, Agreement] = {"cpu-float32": SAME_MODEL, "cpu-int8": EIGHT_BITS, "cuda": SAME_MODEL}


def main() -> int:
    chosen = _arguments()
    CUDA_OPTIONS.update(option.split("=", 1) for option in chosen.cuda_option)
    pictures = list(_pictures(chosen.footage, chosen.every))
    if not pictures:
        sys.exit(f"{chosen.footage} holds no pictures that can be read")
    files = prepare(print)
    print(f"{len(pictures)} pictures, onnxruntime {onnxruntime.__version__}, {chosen.profile}")
    reference = SsdliteDetector(OnnxSession(files.floating, "cpu-float32"), chosen.profile)
    expected = reference.detect(pictures)
    passed = True
    for provider, limit in LIMITS.items():
        try:
            session = _session(files, provider)
        except CudaError as error:
            print(f"cuda is left out: {error}")
            passed &= not chosen.need_cuda
            continue
        passed &= _compare(session, chosen, pictures, expected, limit)
    print("all is within its tolerance" if passed else "FAILED")
    return 0 if passed else 1


def _compare(
    session: OnnxSession,
    chosen: argparse.Namespace,
    pictures: Sequence[Picture],
    expected: Found,
    limit: Agreement,
) -> bool:
    """Print a line for each batch size; whether all are within the limit."""
    print(f"\n{session.provider} on {session.processor}")
    detector = SsdliteDetector(session, chosen.profile)
    passed = True
    for size in chosen.sizes:
        detector.batch = size
        try:
            found = agreement(detector.detect(pictures), expected)
            whole = _detections_a_second(detector, pictures, chosen.seconds)
            net = _nets_a_second(session, pictures[0], size, chosen)
        except RunError as error:
            print(f"  batch {size:2}: {error}")
            break
        print(f"  batch {size:2}: {whole:8.1f} pictures/s, the net alone {net:8.1f}; {_text(found)}")
        passed &= found.within(limit)
    return passed


def _session(files: ModelFiles, provider: Provider) -> OnnxSession:
    return OnnxSession(files.eight_bit if provider == "cpu-int8" else files.floating, provider)


def _text(found: Agreement) -> str:
    return (
        f"count differs by {found.count:.3f}, boxes alone {found.alone:.2%}, "
        f"sides by up to {found.box:.4f} px, scores by up to {found.score:.6f}"
    )


def _detections_a_second(detector: SsdliteDetector, pictures: Sequence[Picture], seconds: float) -> float:
    """Pictures a second from pixels to boxes, in batches of pictures of one shape."""
    batch = [pictures[0]] * detector.batch
    detector.detect(batch)
    start, done = perf_counter(), 0
    while (spent := perf_counter() - start) < seconds:
        done += len(detector.detect(batch))
    return done / spent


def _nets_a_second(session: OnnxSession, picture: Picture, size: int, chosen: argparse.Namespace) -> float:
    """Pictures a second of the net on the large canvas, by itself."""
    canvas = canvas_for(picture.shape[0], picture.shape[1], CANVAS_AREA[chosen.profile])
    pixels = np.stack([cv2.resize(picture, (canvas.width, canvas.height))] * size)
    session.run(pixels)
    start, done = perf_counter(), 0
    while (spent := perf_counter() - start) < chosen.seconds:
        session.run(pixels)
        done += size
    return done / spent


def _pictures(footage: Path, every: int) -> Iterator[Picture]:
    if footage.is_dir():
        for path in sorted(footage.glob("*.jp*g")):
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is not None:
                yield np.asarray(picture, np.uint8)
        return
    film = cv2.VideoCapture(str(footage))
    for number in itertools.count():
        if not film.grab():
            break
        if number % every == 0:
            yield np.asarray(film.retrieve()[1], np.uint8)
    film.release()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("footage", type=Path)
    parser.add_argument("--every", type=int, default=20, help="of a film: each so many frames")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="batch sizes, with commas between")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each speed")
    parser.add_argument("--profile", choices=list(CANVAS_AREA), default="accurate")
    parser.add_argument(
        "--cuda-option", action="append", default=[], metavar="NAME=VALUE", help="of ONNX Runtime, to try it"
    )
    parser.add_argument("--need-cuda", action="store_true", help="fail where no GPU can be used")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
