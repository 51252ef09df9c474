"""What the model's process says to the worker, as JSON: it is believed no more than a stranger. Pure."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.wire.messages import MAX_BATCH, MAX_BOXES, Box, Label, Text
from inference.detector import Detection

Shape = tuple[int, int, int]
"""Of a picture: height, width, and where it begins in the memory."""

_LABELS = 99
"""In one picture, besides people: a result has room for 100."""


class Hello(BaseModel):
    """What the model says of itself once it is loaded; `error` instead, where it could not be."""

    model_config = ConfigDict(frozen=True)

    name: Text = ""
    digest: Text = ""
    profile: Text = ""
    provider: Text = ""
    labels: tuple[Label, ...] = ()
    batch: Annotated[int, Field(ge=1, le=MAX_BATCH)] = 1
    why_not_cuda: str | None = None
    error: str | None = None


class _Answer(BaseModel):
    """`found` in each picture; `error` instead, where the model failed."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    found: list[Annotated[list[Box], Field(max_length=MAX_BOXES)]] = []
    error: str | None = None


def encode(found: Iterable[Iterable[Detection]]) -> bytes:
    """Any error where that is not what it is; the numbers may be any."""
    boxes = [
        [(float(d.x1), float(d.y1), float(d.x2), float(d.y2), float(d.score), str(d.label)) for d in one]
        for one in found
    ]
    return json.dumps({"found": boxes}).encode()


def encode_error(error: Exception) -> bytes:
    return json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()


def hello(data: bytes) -> Hello:
    """ValueError."""
    try:
        return Hello.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(_cause(error)) from error


def detections(data: bytes, shapes: Sequence[Shape], labels: Sequence[str]) -> list[list[Detection]]:
    """Those in each picture, inside it. ValueError where it is no answer for pictures of these shapes."""
    try:
        answer = _Answer.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(f"the model's answer cannot be used: {_cause(error)}") from error
    if answer.error is not None:
        raise ValueError(answer.error)
    if len(answer.found) != len(shapes):
        raise ValueError(f"the model answered for {len(answer.found)} pictures, not {len(shapes)}")
    return [
        _in_picture(boxes, height, width, labels)
        for boxes, (height, width, _) in zip(answer.found, shapes, strict=True)
    ]


def _in_picture(boxes: Sequence[Box], height: int, width: int, labels: Sequence[str]) -> list[Detection]:
    seen = {label for *_, label in boxes}
    if strange := seen.difference(labels):
        raise ValueError(f"the model found {min(strange)!r}, which is none of its labels")
    if len(seen) > _LABELS:
        raise ValueError(f"the model found {len(seen)} kinds of things in a picture, over {_LABELS}")
    return [_clipped(box, height, width) for box in boxes]


def _clipped(box: Box, height: int, width: int) -> Detection:
    x1, y1, x2, y2, score, label = box
    if x1 > x2 or y1 > y2:
        raise ValueError(f"the model found a box that ends before it begins: {x1:g}, {y1:g}, {x2:g}, {y2:g}")
    (x1, x2), (y1, y2) = _within(x1, x2, float(width)), _within(y1, y2, float(height))
    return Detection(x1, y1, x2, y2, score, label)


def _within(start: float, end: float, length: float) -> tuple[float, float]:
    return min(max(start, 0.0), length), min(max(end, 0.0), length)


def _cause(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
