"""
Geometry of SSDLite MobileNetV2, trained on 300x300 pixels, on canvases of other sizes. Pure.

The net is fully convolutional, so a larger canvas finds smaller people, under two conditions that were
measured on labelled footage: its sides must be 300 (mod 64), which keeps the padding of every stride-2 layer
as in training (average precision .92, else .72-.82), and an anchor must lie where its cell looks, which is
not the middle of the cell: it is the middle of the cell's receptive field less the mean offset that the
300x300 training grid had from it (.922 against .874).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inference.detector import Array

TRAINED = 300
STEP = 64
LAYERS = 6
SIZES = (
    60,
    105,
    150,
    195,
    240,
    285,
    300,
)  # of the square anchors of each layer, in pixels; the last for the mean
FIRST_LAYER_SIZE = 30
RATIOS = (2.0, 0.5, 3.0, 1 / 3)  # width to height
CENTRE_SCALE = 10.0  # box code of the TensorFlow object detection API: ty, tx, th, tw
SIZE_SCALE = 5.0
MAX_ANCHORS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a picture is stretched to before the net sees it, in pixels."""

    height: int
    width: int


WHOLE = Canvas(TRAINED, TRAINED)


def snap(side: float) -> int:
    """The side nearest to `side` that is 300 (mod 64), at least 300."""
    return max(TRAINED, TRAINED + STEP * round((side - TRAINED) / STEP))


def canvas_for(height: int, width: int, area: int) -> Canvas:
    """
    The canvas of about `area` pixels in the picture's shape; a side never falls below 300, so a strip is
    stretched.
    """
    longest = area / TRAINED
    scale = math.sqrt(area / (height * width))
    return Canvas(*(snap(min(side * scale, longest)) for side in (height, width)))


@lru_cache(MAX_ANCHORS_KEPT)
def anchors(canvas: Canvas) -> Array:
    """Centre y, centre x, height, width in canvas pixels: (N, 4) float32, as the net orders its outputs."""
    grids = []
    stride, cells = 16, 19
    rows, columns = (-(-side // stride) for side in (canvas.height, canvas.width))
    for layer in range(LAYERS):
        if canvas == WHOLE:
            first, step = TRAINED / cells / 2, TRAINED / cells
        else:
            first, step = TRAINED / 2 - stride * (cells - 1) / 2, stride
        grids.append(_grid(first + step * np.arange(rows), first + step * np.arange(columns), _sizes(layer)))
        stride, cells = stride * 2, -(-cells // 2)
        rows, columns = -(-rows // 2), -(-columns // 2)
    return np.concatenate(grids).astype(np.float32)


def _grid(centres_y: Array, centres_x: Array, sizes: Array) -> Array:
    centres = np.stack(np.meshgrid(centres_y, centres_x, indexing="ij"), -1)[:, :, None]
    shape = (len(centres_y), len(centres_x), len(sizes), 2)
    return np.concatenate([np.broadcast_to(centres, shape), np.broadcast_to(sizes, shape)], -1).reshape(-1, 4)


def _sizes(layer: int) -> Array:
    """(n, 2) height and width of the anchors in every cell of a layer."""
    size = float(SIZES[layer])
    ratios = RATIOS[:2] if layer == 0 else RATIOS
    square = float(FIRST_LAYER_SIZE) if layer == 0 else size
    sizes = [(square, square), *((size / math.sqrt(ratio), size * math.sqrt(ratio)) for ratio in ratios)]
    if layer > 0:
        between = math.sqrt(size * SIZES[layer + 1])
        sizes.append((between, between))
    return np.array(sizes)


def decode(codes: Array, centres: Array) -> Array:
    """(N, 4) boxes x1, y1, x2, y2 on the canvas, from the net's box codes and their anchors."""
    middle = codes[:, :2] / CENTRE_SCALE * centres[:, 2:] + centres[:, :2]
    half = np.exp(codes[:, 2:] / SIZE_SCALE) * centres[:, 2:] / 2
    return np.concatenate([middle - half, middle + half], 1)[:, [1, 0, 3, 2]]


def distinct(boxes: Array, scores: Array, iou: float = 0.5, inside: float = 0.8) -> Array:
    """
    Indices of the boxes that remain, best first, when every box is dropped that shares `iou` of the union
    with a better one, or `inside` of the smaller of both.
    """
    order = np.argsort(-scores, kind="stable")
    areas = area(boxes)
    keep = []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        shared = intersection(boxes[best], boxes[rest])
        apart = shared <= iou * (areas[best] + areas[rest] - shared)
        order = rest[apart & (shared <= inside * np.minimum(areas[best], areas[rest]))]
    return np.array(keep, dtype=int)


def area(boxes: Array) -> Array:
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]))


def intersection(box: Array, boxes: Array) -> Array:
    """Pixels that each of `boxes` shares with `box`."""
    corners = np.minimum(box[..., 2:], boxes[..., 2:]) - np.maximum(box[..., :2], boxes[..., :2])
    return np.asarray(np.clip(corners, 0, None).prod(-1))
