"""What the model's process may say, and what a worker makes of it."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.messages import MAX_BOXES, Results
from inference.answers import Hello, detections, encode, encode_error, hello
from inference.detector import PERSON, TRAIN, Detection

SHAPES = [(48, 64, 0)]
LABELS = (PERSON, TRAIN)


def box(x1: float = 1, y1: float = 2, x2: float = 3, y2: float = 4, score: float = 0.5) -> Detection:
    return Detection(x1, y1, x2, y2, score, PERSON)


def labelled(*labels: str) -> list[Detection]:
    return [Detection(1, 2, 3, 4, 0.5, label) for label in labels]


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        ([], []),
        ([box()], [box()]),
        ([box(score=0), box(score=1)], [box(score=0), box(score=1)]),
        ([box(5, 5, 5, 5)], [box(5, 5, 5, 5)]),
        ([box(-1, -2, 65, 49)], [box(0, 0, 64, 48)]),
        ([box(-1e12, -1e300, 1e12, 1e300)], [box(0, 0, 64, 48)]),
        ([box(-9, 5, -3, 9)], [box(0, 5, 0, 9)]),
        ([box(*np.array([1, 2, 3, 4], np.float32))], [box()]),
        ([box()] * MAX_BOXES, [box()] * MAX_BOXES),
        (labelled(TRAIN), labelled(TRAIN)),
    ],
)
def test_what_it_found_is_inside_the_picture(found: list[Detection], seen: list[Detection]) -> None:
    assert detections(encode([found]), SHAPES, LABELS) == [seen]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "the model answered for 0 pictures, not 1"),
        ([[], []], "the model answered for 2 pictures, not 1"),
        ([[box(x1=nan)]], "the model's answer cannot be used: found.0.0.0: Input should be a finite number"),
        ([[box(y2=inf)]], "the model's answer cannot be used: found.0.0.3: Input should be a finite number"),
        ([[box(score=nan)]], "the model's answer cannot be used: found.0.0.4: .* finite number"),
        ([[box(score=1.5)]], "the model's answer cannot be used: found.0.0.4: .* less than or equal to 1"),
        ([[box(score=-1)]], "the model's answer cannot be used: found.0.0.4: .* greater than or equal to 0"),
        ([[box()] * (MAX_BOXES + 1)], "the model's answer cannot be used: found.0: .* at most 1000 items"),
        ([[box(x1=9)]], "the model found a box that ends before it begins: 9, 2, 3, 4"),
        ([[box(y1=9)]], "the model found a box that ends before it begins: 1, 9, 3, 4"),
        ([labelled("cat")], "the model found 'cat', which is none of its labels"),
    ],
)
def test_nonsense_is_refused_and_named(found: list[list[Detection]], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        detections(encode(found), SHAPES, LABELS)


def test_a_picture_holds_no_more_kinds_of_things_than_a_result() -> None:
    kinds = [f"kind-{number}" for number in range(100)]
    (seen,) = detections(encode([labelled(*kinds[:99])]), SHAPES, kinds)
    Results(count=0, counts={PERSON: 0} | {one.label: 1 for one in seen})
    with pytest.raises(ValueError, match="100 kinds of things in a picture, over 99"):
        detections(encode([labelled(*kinds)]), SHAPES, kinds)


@given(st.binary() | st.from_regex(r'\{"found": ?[][0-9.",a-z]*\}').map(str.encode))
def test_any_bytes_are_an_answer_or_refused(data: bytes) -> None:
    try:
        found = detections(data, SHAPES, LABELS)
    except ValueError:
        return
    assert all(0 <= one.x1 <= one.x2 <= 64 and 0 <= one.y1 <= one.y2 <= 48 for one in found[0])


def test_an_error_is_told_in_its_own_words() -> None:
    with pytest.raises(ValueError, match=r"^ZeroDivisionError: none left$"):
        detections(encode_error(ZeroDivisionError("none left")), SHAPES, LABELS)


@pytest.mark.parametrize("found", [None, 5, [None], [[None]], [[box(x1="one")]]])  # type: ignore[arg-type]
def test_what_is_no_list_of_detections_is_not_sent(found: object) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)):
        encode(found)  # type: ignore[arg-type]


def test_a_hello_arrives() -> None:
    said = Hello(name="n", digest="d", profile="light", provider="cpu", labels=LABELS, batch=4)
    assert hello(said.model_dump_json().encode()) == said


@pytest.mark.parametrize("data", [b"", b"\x80\x04K\x01.", b"5", b'{"batch": 0}', b'{"labels": [""]}'])
def test_what_is_no_hello_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        hello(data)
