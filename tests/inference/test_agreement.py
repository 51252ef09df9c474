"""What two detectors differ by."""

from dataclasses import replace

import pytest

from inference.agreement import Agreement, agreement, matched, overlap
from inference.detector import PERSON, TRAIN, Detection

BOX = Detection(10, 10, 20, 30, 0.5, PERSON)
SHIFTED = replace(BOX, x1=11, x2=21, score=0.75)
FAR = replace(BOX, x1=110, x2=120)
NOTHING = Agreement(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ([], [], NOTHING),
        ([[], []], [[], []], NOTHING),
        ([[BOX]], [[BOX]], NOTHING),
        ([[BOX, FAR]], [[FAR, BOX]], NOTHING),
        ([[BOX]], [[SHIFTED]], Agreement(0, 1, 0.25, 0)),
        ([[BOX]], [[]], Agreement(1, 0, 0, 1)),
        ([[BOX], [BOX]], [[BOX], [BOX, FAR]], Agreement(0.2, 0, 0, 0.5)),
        ([[BOX]], [[replace(BOX, label=TRAIN)]], Agreement(1, 0, 0, 0)),
        ([[BOX, FAR]], [[BOX, SHIFTED]], Agreement(0.5, 0, 0, 0)),
    ],
)
def test_boxes_are_compared_with_those_of_the_same_thing(
    ours: list[list[Detection]], theirs: list[list[Detection]], found: Agreement
) -> None:
    assert agreement(ours, theirs) == agreement(theirs, ours) == found


@pytest.mark.parametrize("excess", ["alone", "box", "score", "count"])
def test_every_difference_counts(excess: str) -> None:
    limit = Agreement(0.1, 1, 0.1, 0.5)
    assert limit.within(limit)
    assert not replace(limit, **{excess: 2.0}).within(limit)


def test_other_numbers_of_pictures_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        agreement([[BOX]], [])


def test_a_box_is_matched_once() -> None:
    assert matched([BOX, SHIFTED], [BOX]) == [(BOX, BOX)]


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (BOX, 1),
        (FAR, 0),
        (replace(BOX, y1=20), 0.5),
        (replace(BOX, label=TRAIN), 0),
        (replace(BOX, x1=20), 0),
    ],
)
def test_overlap_is_the_shared_part_of_the_union(other: Detection, share: float) -> None:
    assert overlap(BOX, other) == overlap(other, BOX) == pytest.approx(share)
