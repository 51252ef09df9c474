"""The one way in which tests wait."""

from time import monotonic

import pytest

from tests.eventually import PATIENCE, eventually


def test_gives_the_first_value_that_is_true() -> None:
    values = iter([0, "", None, "x", "y"])
    assert eventually(lambda: next(values), every=0.001) == "x"


def test_fails_after_its_time() -> None:
    start = monotonic()
    with pytest.raises(AssertionError, match=r"not within 0.05 s"):
        eventually(lambda: False, within=0.05, every=0.001)
    assert 0.05 <= monotonic() - start < PATIENCE


def test_fails_with_the_given_text() -> None:
    with pytest.raises(AssertionError, match="because"):
        eventually(lambda: False, within=0, failure=lambda: "because")


def test_an_error_in_the_condition_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0)
