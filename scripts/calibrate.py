"""
Measure the range of every activation of the float model on natural pictures, for the eight-bit model.

python scripts/calibrate.py [PICTURE | VIDEO]... > inference/model/ranges.json

The table that is shipped was made from the photographs and films of Debian's package opencv-doc (its folder
examples/data): every picture that is no drawing, and every fiftieth frame of vtest.avi with two crops of it.
Each is seen at 300x300, as the whole frame, and the films also on the larger canvas. Only the lowest and
highest values leave here.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from onnx import TensorProto, helper

from inference.detector import Picture
from inference.model import tfjs
from inference.model.prepare import converted, published
from inference.model.quantise import activations
from inference.ssdlite import WHOLE, Canvas, canvas_for

EVERY = 50
FILMS = {".avi", ".mp4"}


def frames(path: Path) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(path))
    number = 0
    while capture.grab():
        if number % EVERY == EVERY // 2:
            yield np.asarray(capture.retrieve()[1], np.uint8)
        number += 1


def inputs(path: Path) -> Iterator[tuple[Picture, Canvas]]:
    """What the net sees of a file."""
    if path.suffix not in FILMS:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None:
            yield np.asarray(picture, np.uint8), WHOLE
        return
    for frame in frames(path):
        height, width = frame.shape[:2]
        yield frame, WHOLE
        yield frame[height // 4 : height * 3 // 4, width // 4 : width * 2 // 3], WHOLE
        yield frame[: height * 2 // 3, width // 2 :], WHOLE
        yield frame, canvas_for(height, width, 774 * 774)


def main(paths: list[Path]) -> None:
    model = converted(tfjs.load(published(lambda _: None)))
    names = activations(model)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for path in paths:
        for picture, canvas in inputs(path):
            pixels = cv2.cvtColor(cv2.resize(picture, (canvas.width, canvas.height)), cv2.COLOR_BGR2RGB)
            values = session.run(names, {"images": pixels[None]})
            low = np.minimum(low, [value.min() for value in values])
            high = np.maximum(high, [value.max() for value in values])
    table = {
        name: [round(float(a), 4), round(float(b), 4)] for name, a, b in zip(names, low, high, strict=True)
    }
    print(
        "{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(pair)}" for name, pair in table.items())
        + "\n}"
    )


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
