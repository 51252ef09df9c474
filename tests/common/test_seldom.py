"""What is logged once a minute."""

import pytest

from common.seldom import Seldom


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        pytest.param([(0, 1)], [1], id="at once"),
        pytest.param([(0, 1), (59.9, 1), (60, 1)], [1, 0, 2], id="then once a minute, with those between"),
        pytest.param([(0, 1), (1, 1), (500, 1), (501, 1)], [1, 0, 2, 0], id="when it happens again"),
        pytest.param([(0, 3), (1, 4), (60, 5)], [3, 0, 9], id="several at a time"),
    ],
)
def test_it_is_said_once_a_minute_with_how_often_it_happened(
    happens: list[tuple[float, int]], said: list[int]
) -> None:
    seldom = Seldom()
    assert [seldom.count("a", now, times) for now, times in happens] == said


def test_each_has_a_minute_of_its_own() -> None:
    seldom = Seldom()
    assert [seldom.count(about, now) for now, about in enumerate("abaa")] == [1, 1, 0, 0]
    assert seldom.count("b", 61) == 1
    assert seldom.count("a", 61) == 3


def test_however_many_there_are_a_thousand_are_remembered() -> None:
    seldom = Seldom()
    for number in range(2000):
        assert seldom.count(str(number), 0) == 1
        seldom.count(str(number), 1)
    assert len(seldom) == len(seldom._unsaid) == 1000
    assert seldom.count("0", 2) == 1, "what was forgotten is said anew"
    assert seldom.count("1999", 2) == 0
