"""Names that travel: each is bounded and checked once, where it enters."""

import re
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SEGMENT = re.compile(r"[A-Za-z0-9._=+@:,-]{1,255}")
_KEY_LENGTH = 512
KEY_PATTERN = rf"(?!(.*/)?\.+(/|$)){_SEGMENT.pattern}(/{_SEGMENT.pattern})*"
"""What `check_key` accepts, but for the whole length, as a regular expression for documents."""
_NO_DOTS = r"(?!\.+(/|$))"
_KEY = re.compile(rf"{_NO_DOTS}{_SEGMENT.pattern}(/{_NO_DOTS}{_SEGMENT.pattern})*")
_RESERVED_FLOWS = frozenset({"image", "device", "worker", "engage", "claim", "result", "trouble"})


def wire_name(field: str) -> str:
    """A field's name in JSON: camelCase, with `ID` in capitals as the original people-counter has it."""
    return to_camel(field.removesuffix("_id")) + "ID" if field.endswith("_id") else to_camel(field)


def check_key(key: str) -> str:
    """The S3 key itself; ValueError when empty, over 512 characters, absolute, or with `..` or odd signs."""
    if len(key) > _KEY_LENGTH or not _KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key[:80]!r}")
    return key


def _check_flow(flow: str) -> str:
    if flow in _RESERVED_FLOWS:
        raise ValueError(f"{flow!r} is a part of the topics and cannot name a flow")
    return flow


class ObjectPath(NamedTuple):
    """`<bucket>/<key>`, as `filePath` has it."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: object) -> Self:
        """ValueError when the bucket or the key is not well formed."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise ValueError("not text")  # noqa: TRY004 -- pydantic turns ValueError into its own
        bucket, _, key = text.partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise ValueError(f"not a bucket name: {bucket[:80]!r}")
        return cls(bucket, check_key(key))

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


_NAME = StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")

DeviceID = Annotated[str, _NAME]
WorkerID = Annotated[str, _NAME]
Flow = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$"), AfterValidator(_check_flow)]
ObjectKey = Annotated[
    str,
    Field(max_length=_KEY_LENGTH),
    AfterValidator(check_key),
    WithJsonSchema({"type": "string", "maxLength": _KEY_LENGTH, "pattern": f"^{KEY_PATTERN}$"}),
]
FilePath = Annotated[
    ObjectPath,
    PlainValidator(ObjectPath.parse),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_BUCKET.pattern}/{KEY_PATTERN}$"}),
]
