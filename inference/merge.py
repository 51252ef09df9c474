"""
Which boxes of the two passes are people. Pure.

A picture is seen twice: as a 300x300 whole, where a person near the camera fits the net's anchors, and on a
larger canvas, where a far one does. The large canvas also finds heads and legs of near people as people of
their own, and the small one misses or fuses the far: so each pass is believed for the sizes it is good at,
and what the large canvas finds inside a near person is part of that person.
"""

from dataclasses import dataclass

import numpy as np

from inference.detector import Array
from inference.ssdlite import area, intersection

NEAR_SCORE = 0.4
FAR_SCORE = 0.35
LEAST_SCORE = min(NEAR_SCORE, FAR_SCORE)
TRAIN_SCORE = 0.5
NEAR_HEIGHT = 60 / 300  # of the picture: below, the small pass fuses neighbours
FAR_HEIGHT = 200  # canvas pixels: above, the large pass finds parts
PART_SHARE = 0.3  # of a far box inside one near person


@dataclass(frozen=True, slots=True)
class Boxes:
    """(N, 4) boxes x1, y1, x2, y2 in picture pixels, and their scores, best first."""

    corners: Array
    scores: Array

    def where(self, chosen: Array) -> "Boxes":
        return Boxes(self.corners[chosen], self.scores[chosen])

    @property
    def heights(self) -> Array:
        return self.corners[:, 3] - self.corners[:, 1]


def merge(near: Boxes, far: Boxes, picture_height: int, canvas_height: int) -> Boxes:
    """The people of both passes, best first."""
    near = near.where((near.scores >= NEAR_SCORE) & (near.heights >= NEAR_HEIGHT * picture_height))
    far_limit = FAR_HEIGHT * picture_height / canvas_height
    far = far.where((far.scores >= FAR_SCORE) & (far.heights <= far_limit))
    far = far.where(~_parts(far, near))
    both = Boxes(np.concatenate([near.corners, far.corners]), np.concatenate([near.scores, far.scores]))
    return both.where(np.argsort(-both.scores, kind="stable"))


def _parts(far: Boxes, near: Boxes) -> Array:
    """For every far box whether much of it lies inside one near person."""
    shared = intersection(far.corners[:, None], near.corners[None])
    return np.asarray((shared >= PART_SHARE * area(far.corners)[:, None]).any(axis=1))
