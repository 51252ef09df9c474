"""The net's geometry: anchors where training had them, canvases that keep its padding, boxes found once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.model import tfjs
from inference.model.prepare import published
from inference.ssdlite import WHOLE, Canvas, anchors, canvas_for, decode, distinct, snap

AREA = 774 * 774
SIDES = st.integers(1, 20_000)


def test_anchors_of_the_whole_frame_are_those_of_training() -> None:
    trained = tfjs.load(published(print)).constants["Postprocessor/ExpandDims"].reshape(-1, 4) * 300
    corners = trained[:, :2], trained[:, 2:]
    expected = np.concatenate([(corners[0] + corners[1]) / 2, corners[1] - corners[0]], 1)
    assert np.allclose(anchors(WHOLE), expected, atol=0.02)


@pytest.mark.parametrize(("height", "width"), [(684, 876), (364, 492), (300, 2028), (1004, 556)])
def test_anchors_lie_around_the_middle_of_any_canvas(height: int, width: int) -> None:
    """As in training, where the grid is centred on the picture; half a cell is what padding costs."""
    cells = -(-height // 16) * -(-width // 16)
    first_layer = anchors(Canvas(height, width))[: cells * 3, :2]
    assert np.abs(first_layer.mean(0) - (height / 2, width / 2)).max() <= 8


@pytest.mark.parametrize(
    ("side", "snapped"), [(1, 300), (300, 300), (331, 300), (333, 364), (700, 684), (876, 876)]
)
def test_sides_keep_the_padding_of_training(side: int, snapped: int) -> None:
    assert snap(side) == snapped


@pytest.mark.parametrize(
    ("height", "width", "canvas"),
    [
        (576, 768, Canvas(684, 876)),
        (400, 500, Canvas(684, 876)),
        (1080, 1920, Canvas(556, 1004)),
        (1920, 1080, Canvas(1004, 556)),
        (500, 5000, Canvas(300, 2028)),
        (1, 1, Canvas(748, 748)),
    ],
)
def test_the_canvas_has_the_shape_of_the_picture(height: int, width: int, canvas: Canvas) -> None:
    assert canvas_for(height, width, AREA) == canvas


@given(SIDES, SIDES)
def test_every_canvas_costs_about_the_same(height: int, width: int) -> None:
    canvas = canvas_for(height, width, AREA)
    assert canvas.height % 64 == canvas.width % 64 == 300 % 64
    assert 0.8 < canvas.height * canvas.width / AREA < 1.2


def test_no_code_is_the_anchor_itself() -> None:
    assert np.allclose(decode(np.zeros((1, 4)), np.array([[50, 40, 20, 10]])), [[35, 40, 45, 60]])


def test_codes_move_by_tenths_and_grow_by_fifths() -> None:
    box = decode(np.array([[1, -1, 5 * np.log(2), 0]]), np.array([[50.0, 40, 20, 10]]))
    assert np.allclose(box, [[34, 32, 44, 72]])


@pytest.mark.parametrize(
    ("boxes", "kept"),
    [
        ([], []),
        ([[0, 0, 10, 10]], [0]),
        ([[0, 0, 10, 10], [20, 0, 30, 10]], [0, 1]),
        ([[0, 0, 10, 10], [1, 0, 11, 10]], [0]),
        ([[0, 0, 10, 10], [5, 0, 15, 10]], [0, 1]),
        ([[0, 0, 10, 40], [1, 5, 9, 15]], [0]),
        ([[0, 0, 10, 10], [1, 0, 11, 10], [8, 0, 18, 10]], [0, 2]),
    ],
)
def test_a_thing_is_found_once(boxes: list[list[float]], kept: list[int]) -> None:
    corners = np.array(boxes, float).reshape(-1, 4)
    assert distinct(corners, np.linspace(0.9, 0.5, len(boxes))).tolist() == kept


def test_the_best_box_of_a_thing_remains() -> None:
    assert distinct(np.array([[0, 0, 10, 10], [1, 0, 11, 10]]), np.array([0.4, 0.8])).tolist() == [1]
