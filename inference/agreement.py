"""How far two detectors, or one on two machines, agree on the same pictures. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inference.detector import Detection

SAME_THING = 0.5
"""Intersection over union from which two boxes of a label are taken for one thing."""

Found = Sequence[Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """
    `alone` is the share of all boxes that only one of both found; of the others, `box` is the largest
    difference of a side in pixels and `score` that of a score. `count` is by how many boxes a picture differs
    on average.
    """

    alone: float
    box: float
    score: float
    count: float

    def within(self, limit: "Agreement") -> bool:
        """Whether nothing differs by more than in `limit`."""
        return (
            self.alone <= limit.alone
            and self.box <= limit.box
            and self.score <= limit.score
            and self.count <= limit.count
        )


def agreement(ours: Found, theirs: Found) -> Agreement:
    """Compare what was found in the same pictures, in the same order."""
    pairs = [pair for one, other in zip(ours, theirs, strict=True) for pair in matched(one, other)]
    counts = [abs(len(one) - len(other)) for one, other in zip(ours, theirs, strict=True)]
    boxes = sum(map(len, ours)) + sum(map(len, theirs))
    return Agreement(
        alone=(boxes - 2 * len(pairs)) / max(1, boxes),
        box=max((_apart(one, other) for one, other in pairs), default=0.0),
        score=max((abs(one.score - other.score) for one, other in pairs), default=0.0),
        count=sum(counts) / max(1, len(counts)),
    )


def matched(ours: Iterable[Detection], theirs: Iterable[Detection]) -> list[tuple[Detection, Detection]]:
    """What both found: each of ours with the one of theirs that overlaps it most, each used once."""
    left = list(theirs)
    pairs = []
    for one in ours:
        other = max(left, key=lambda candidate: overlap(one, candidate), default=None)
        if other and overlap(one, other) >= SAME_THING:
            left.remove(other)
            pairs.append((one, other))
    return pairs


def overlap(one: Detection, other: Detection) -> float:
    """Intersection over union; 0 for different labels."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    if one.label != other.label or width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


def _apart(one: Detection, other: Detection) -> float:
    sides = zip(_sides(one), _sides(other), strict=True)
    return max(abs(ours - theirs) for ours, theirs in sides)


def _sides(box: Detection) -> tuple[float, float, float, float]:
    return box.x1, box.y1, box.x2, box.y2
