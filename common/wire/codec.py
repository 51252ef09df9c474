"""Bytes to messages and back. Decoding raises nothing but DecodeError."""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from common.wire.messages import (
    AnyMessage,
    Capture,
    Claim,
    DeviceConfig,
    DeviceStatus,
    Finished,
    Message,
    Renewal,
    Result,
    Trouble,
    WorkerStatus,
)
from common.wire.topics import Kind, Place, Topics

MAX_PAYLOAD = 256 * 1024

_ADAPTERS: dict[Kind, TypeAdapter[AnyMessage]] = {
    Kind.IMAGE: TypeAdapter(Capture),
    Kind.RESULT: TypeAdapter(Result),
    Kind.CLAIM: TypeAdapter(Annotated[Claim | Renewal | Finished, Field(discriminator="type")]),
    Kind.TROUBLE: TypeAdapter(Trouble),
    Kind.DEVICE_CONFIG: TypeAdapter(DeviceConfig),
    Kind.DEVICE_STATUS: TypeAdapter(DeviceStatus),
    Kind.WORKER_STATUS: TypeAdapter(WorkerStatus),
    Kind.PEOPLE_COUNTER: TypeAdapter(Annotated[Capture | Result, Field(discriminator="type")]),
}
_RETAINED = frozenset({Kind.RESULT, Kind.TROUBLE, Kind.DEVICE_CONFIG, Kind.DEVICE_STATUS, Kind.WORKER_STATUS})


class DecodeError(Exception):
    """A message that cannot be used: who sent it stands in the topic, what is wrong in the cause."""

    def __init__(self, topic: str, payload: bytes, cause: str) -> None:
        super().__init__(f"{topic}: {cause}")
        self.topic = topic
        self.payload = payload
        self.cause = cause


def encode(message: Message) -> bytes:
    """Compact JSON in UTF-8; fields that are None are left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


def encode_people_counter(message: Capture | Result) -> bytes:
    """The fields of the original people-counter and no others."""
    return message.model_dump_json(
        by_alias=True,
        include={
            "type": True,
            "device_id": True,
            "file_path": True,
            "creation_timestamp": True,
            "analysis_metadata": {"results": {"count"}},
        },
    ).encode()


def decode(topics: Topics, topic: str, payload: bytes) -> AnyMessage:
    """The message on a topic; DecodeError when it is too large, malformed, or speaks for somebody else."""
    return decode_at(topics.parse(topic), topic, payload)


def decode_at(place: Place | None, topic: str, payload: bytes) -> AnyMessage:
    """Likewise, where it is known what place the topic names."""
    if place is None:
        raise DecodeError(topic, payload, "not one of our topics")
    if len(payload) > MAX_PAYLOAD:
        raise DecodeError(topic, payload, f"{len(payload)} bytes, the limit is {MAX_PAYLOAD}")
    try:
        message = _ADAPTERS[place.kind].validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DecodeError(topic, payload, f"{where}: {first['msg']}" if where else first["msg"]) from error
    if (sender := _claims_to_be(message)) is not None and not _may_speak(place, sender):
        raise DecodeError(topic, payload, f"{sender!r} may not speak for {place.name!r}")
    return message


def cleared(topics: Topics, topic: str, payload: bytes) -> Place | None:
    """Whose retained message is taken back by an empty payload; None where none is."""
    place = topics.parse(topic) if not payload else None
    return place if takes_back(place, payload) else None


def takes_back(place: Place | None, payload: bytes) -> bool:
    return not payload and place is not None and place.kind in _RETAINED


def _claims_to_be(message: AnyMessage) -> str | None:
    match message:
        case Capture() | Result() | Trouble() | DeviceConfig() | DeviceStatus():
            return message.device_id
        case WorkerStatus():
            return message.worker
        case _:
            return None


def _may_speak(place: Place, sender: str) -> bool:
    return place.kind is Kind.PEOPLE_COUNTER or place.name == sender
