"""Snapshots: people unrecognisable unless asked otherwise, at any size, readable."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.detector import PERSON, TRAIN, Detection, Picture
from inference.draw import MAX_SIDE, MIN_SIDE, snapshot

NOISE = np.random.default_rng(3).integers(0, 256, (600, 800, 3), np.uint8)
SOMEBODY = Detection(300, 150, 380, 350, 0.9, PERSON)
INSIDE = np.s_[160:340, 310:370]
NOON = 1_700_000_000.0


def drawn(
    picture: Picture = NOISE,
    found: list[Detection] | None = None,
    *,
    pixelate: bool = True,
    at: float | None = NOON,
) -> Picture:
    data = snapshot(picture, [SOMEBODY] if found is None else found, 1, at, pixelate=pixelate)
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def detail(picture: Picture) -> float:
    """How much neighbouring pixels differ, as a face's features do."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_people_are_pixelated() -> None:
    plain, hidden = drawn(pixelate=False), drawn()
    assert detail(hidden[INSIDE]) < 0.15 * detail(plain[INSIDE])
    assert detail(hidden[:100]) == pytest.approx(detail(plain[:100]), rel=0.05)


def test_a_face_becomes_a_cell_or_two() -> None:
    """A person 200 pixels tall has a face about 25 tall: at most three steps of colour down it."""
    column = drawn()[165:190, 335].astype(int)
    steps = np.abs(np.diff(column, axis=0)).max(axis=1) > 12
    assert steps.sum() <= 3


def test_what_is_no_person_stays() -> None:
    train = Detection(300, 150, 380, 350, 0.9, TRAIN)
    assert detail(drawn(found=[train])[220:340, 310:370]) > 0.9 * detail(drawn(found=[])[220:340, 310:370])


def test_the_picture_that_was_analysed_is_left_alone() -> None:
    before = NOISE.copy()
    drawn()
    assert np.array_equal(NOISE, before)


def test_boxes_count_and_time_are_drawn() -> None:
    grey = np.full((600, 800, 3), 128, np.uint8)
    without = drawn(grey, [])
    assert np.abs(drawn(grey)[250, 296:304].astype(int) - 128).max() > 60
    assert without[:540].std() < 2
    assert without[560:].max() > 200
    assert not np.array_equal(without, drawn(grey, [], at=NOON + 1))
    assert (drawn(grey, [], at=None)[560:] > 200).sum() < (without[560:] > 200).sum()


@pytest.mark.parametrize(
    ("height", "width", "longest"),
    [
        (1080, 1920, MAX_SIDE),
        (4000, 3000, MAX_SIDE),
        (60, 80, MIN_SIDE),
        (1, 1, MIN_SIDE),
        (600, 800, 800),
        (10, 900, 900),
    ],
)
def test_sides_are_bounded(height: int, width: int, longest: int) -> None:
    assert max(drawn(np.zeros((height, width, 3), np.uint8), []).shape) == longest


@pytest.mark.parametrize("at", [1e20, -1e20, float("nan"), float("inf")])
def test_a_clock_gone_mad_costs_only_the_time(at: float) -> None:
    assert np.array_equal(drawn(at=at), drawn(at=None))


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.tuples(*[st.floats(0, 1)] * 4, st.sampled_from([PERSON, TRAIN])), max_size=5),
    st.integers(0, 10**6),
)
@settings(max_examples=60)
def test_any_box_in_any_picture_can_be_drawn(
    size: tuple[int, int], rows: list[tuple[float, float, float, float, str]], count: int
) -> None:
    height, width = size
    found = []
    for x, y, across, down, label in rows:
        x1, y1 = x * width, y * height
        found.append(Detection(x1, y1, x1 + across * (width - x1), y1 + down * (height - y1), 0.5, label))
    picture = np.zeros((height, width, 3), np.uint8)
    assert snapshot(picture, found, count, 0.0).startswith(b"\xff\xd8")
