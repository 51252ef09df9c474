"""Each pass is believed for the sizes it is good at, and parts of near people are not people."""

import numpy as np
import pytest

from inference.merge import Boxes, merge

HEIGHT = 300
CANVAS = 600  # a far box may be 100 pixels tall here, and a near one must be 60


def boxes(*rows: tuple[float, float, float, float, float]) -> Boxes:
    table = np.array(rows, float).reshape(-1, 5)
    return Boxes(table[:, :4], table[:, 4])


@pytest.mark.parametrize(
    ("near", "far", "scores"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([(0, 0, 50, 200, 0.9)], [], [0.9], id="near"),
        pytest.param([(0, 0, 50, 200, 0.39)], [], [], id="near, doubtful"),
        pytest.param([(0, 0, 50, 59, 0.9)], [], [], id="small in the small pass"),
        pytest.param([], [(0, 0, 20, 60, 0.4)], [0.4], id="far"),
        pytest.param([], [(0, 0, 20, 60, 0.34)], [], id="far, doubtful"),
        pytest.param([], [(0, 0, 50, 101, 0.9)], [], id="large in the large pass"),
        pytest.param([(0, 0, 50, 200, 0.9)], [(100, 0, 120, 60, 0.8)], [0.9, 0.8], id="near and far"),
        pytest.param([(100, 0, 150, 200, 0.5)], [(0, 0, 20, 60, 0.8)], [0.8, 0.5], id="best first"),
        pytest.param([(0, 0, 50, 200, 0.9)], [(10, 0, 30, 40, 0.8)], [0.9], id="a head"),
        pytest.param([(0, 0, 50, 200, 0.9)], [(40, 0, 73, 60, 0.8)], [0.9], id="30 % inside"),
        pytest.param([(0, 0, 50, 200, 0.9)], [(41, 0, 74, 60, 0.8)], [0.9, 0.8], id="less inside"),
        pytest.param(
            [(0, 0, 50, 200, 0.3)], [(10, 0, 30, 40, 0.8)], [0.8], id="no near person to be part of"
        ),
    ],
)
def test_people_of_both_passes(
    near: list[tuple[float, float, float, float, float]],
    far: list[tuple[float, float, float, float, float]],
    scores: list[float],
) -> None:
    assert merge(boxes(*near), boxes(*far), HEIGHT, CANVAS).scores.tolist() == scores
