"""The wire as an AsyncAPI 3.0 document, from the classes and topics themselves."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.json_schema import models_json_schema

from common.wire.messages import (
    SCHEMA_VERSION,
    AnalysisMetadata,
    Capture,
    Claim,
    DeviceConfig,
    DeviceSettings,
    DeviceStatus,
    Finished,
    Message,
    Model,
    Renewal,
    Result,
    Results,
    Trouble,
    WorkerStatus,
)
from common.wire.names import ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Topics

_SCHEMAS = "#/components/schemas/{model}"
_CAPTURE = "captures/cam-1/20260102T030405000006Z-0123456789abcdef0123456789abcdef.jpg"
_MODEL = Model(name="ssdlite-mobilenet-v2-coco", digest="0123456789abcdef")
_ABOUT = (
    "Agents upload pictures to an S3 store and announce them; workers share them and publish what they saw."
    " Payloads are JSON in UTF-8, at most 256 KiB; unknown fields are ignored. Everything is"
    " published with QoS 1. An empty payload on a retained topic takes back what was said there."
    " headway/v1 is the default of the setting bus.prefix."
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of topic; `{name}` in the address is a parameter."""

    name: str
    address: str
    about: str
    messages: tuple[type[Message], ...]
    senders: tuple[str, ...]
    receivers: tuple[str, ...]
    retained: bool = False


_TOPICS = Topics()
CHANNELS = (
    Channel(
        "image",
        _TOPICS.image("{device}"),
        "A picture lies in the store.",
        (Capture,),
        senders=("agent",),
        receivers=("worker",),
    ),
    Channel(
        "claim",
        _TOPICS.claim("{flow}", "{shard}"),
        "Workers agree on who analyses which captures.",
        (Claim, Renewal, Finished),
        senders=("worker",),
        receivers=("worker",),
    ),
    Channel(
        "result",
        _TOPICS.result("{flow}", "{device}"),
        "The latest answer for a device; not to be believed after `staleAfter`.",
        (Result,),
        senders=("worker",),
        receivers=("web",),
        retained=True,
    ),
    Channel(
        "trouble",
        _TOPICS.trouble("{flow}", "{device}"),
        "A picture was set aside because the model crashed on it.",
        (Trouble,),
        senders=("worker",),
        receivers=("web",),
        retained=True,
    ),
    Channel(
        "deviceConfig",
        _TOPICS.device_config("{device}"),
        "The settings that a device shall have; an empty payload leaves it to its own.",
        (DeviceConfig,),
        senders=("web",),
        receivers=("agent", "web"),
        retained=True,
    ),
    Channel(
        "deviceStatus",
        _TOPICS.device_status("{device}"),
        "An agent's health, and its last will.",
        (DeviceStatus,),
        senders=("agent",),
        receivers=("web",),
        retained=True,
    ),
    Channel(
        "workerStatus",
        _TOPICS.worker_status("{worker}"),
        "A worker's load, and its last will.",
        (WorkerStatus,),
        senders=("worker",),
        receivers=("worker", "web"),
        retained=True,
    ),
    Channel(
        "peopleCounter",
        PEOPLE_COUNTER,
        "The one topic of the original people-counter, with compat.people_counter = true.",
        (Capture, Result),
        senders=("agent", "worker"),
        receivers=("worker", "web"),
    ),
)

EXAMPLES: tuple[Message, ...] = (
    Capture(
        device_id="cam-1",
        file_path=ObjectPath("people-counter-images", _CAPTURE),
        creation_timestamp=1767323045.000006,
        sequence=7,
        width=768,
        height=576,
        interval=1,
        site="yard",
    ),
    Claim(worker="host-1", captures=((_CAPTURE, 0),)),
    Renewal(worker="host-1", captures=((_CAPTURE, 0),)),
    Finished(worker="host-1", captures=(_CAPTURE,), answered=1),
    Result(
        device_id="cam-1",
        file_path=ObjectPath("people-counter-images", "snapshots/production/cam-1.jpg"),
        creation_timestamp=1767323045.000006,
        capture_id=_CAPTURE,
        sequence=7,
        received_at=1767323045.2,
        published_at=1767323045.3,
        stale_after=1767323050.2,
        site="yard",
        analysis_metadata=AnalysisMetadata(
            results=Results(
                count=1,
                flow="production",
                model=_MODEL,
                counts={"person": 1},
                boxes=((10.5, 20, 50.25, 140, 0.875, "person"),),
                worker="host-1",
                width=768,
                height=576,
                queue_ms=12,
                inference_ms=56,
            )
        ),
    ),
    Trouble(
        device_id="cam-1",
        capture_id=_CAPTURE,
        creation_timestamp=1767323045.000006,
        reason="the model ended with SIGSEGV",
        quarantined="quarantine/production/cam-1/" + _CAPTURE.rpartition("/")[2],
        published_at=1767323045.3,
    ),
    DeviceConfig(
        device_id="cam-1",
        revision=3,
        settings=DeviceSettings(interval=2, name="Gate", site="yard", group="north"),
        by="ada",
        at=1767323000,
    ),
    DeviceStatus(
        device_id="cam-1",
        state="online",
        session="5f0c",
        interval=2,
        captured=7,
        agent_version="0.1.0",
        name="Gate",
        site="yard",
        group="north",
        applied=3,
    ),
    WorkerStatus(worker="host-1", state="online", session="7a91", flow="production", load=2, model=_MODEL),
)


def asyncapi() -> dict[str, Any]:
    """The document, in the order in which it is best read."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headway",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "127.0.0.1:1883", "protocol": "mqtt", "protocolVersion": "5"}},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": {type(example).__name__: _message(example) for example in EXAMPLES},
            "schemas": _schemas(),
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    names = [part[1:-1] for part in channel.address.split("/") if part.startswith("{")]
    parameters = {name: {"description": _PARAMETERS[name]} for name in names}
    return {
        "address": channel.address,
        "description": channel.about,
        **({"parameters": parameters} if parameters else {}),
        "messages": {m.__name__: {"$ref": f"#/components/messages/{m.__name__}"} for m in channel.messages},
    }


_PARAMETERS = {
    "device": "the camera's name",
    "flow": "the flow of analysis, usually production",
    "shard": "the part of the captures that is agreed on here",
    "worker": "the worker's name",
}


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for channel in CHANNELS:
        for role in channel.senders:
            binding = {"mqtt": {"qos": 1, "retain": channel.retained}}
            yield f"{role}Sends.{channel.name}", _operation("send", role, channel) | {"bindings": binding}
        for role in channel.receivers:
            yield f"{role}Receives.{channel.name}", _operation("receive", role, channel)


def _operation(action: str, role: str, channel: Channel) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel.name}"}, "tags": [{"name": role}]}


def _message(example: Message) -> dict[str, Any]:
    name = type(example).__name__
    return {
        "name": name,
        "summary": inspect.getdoc(type(example)),
        "payload": {"$ref": _SCHEMAS.format(model=name)},
        "examples": [{"payload": example.model_dump(mode="json", by_alias=True, exclude_none=True)}],
    }


def _schemas() -> dict[str, Any]:
    _, document = models_json_schema(
        [(type(example), "validation") for example in EXAMPLES], ref_template=_SCHEMAS
    )
    return {name: _draft7(schema) for name, schema in document["$defs"].items()}


def _draft7(node: Any) -> Any:  # noqa: ANN401 -- any JSON
    """AsyncAPI's own dialect is the older draft of JSON Schema; titles only repeat the names of fields."""
    match node:
        case dict():
            made = {
                key: _draft7(value)
                for key, value in node.items()
                if key != "title" or isinstance(value, dict)
            }
            if "prefixItems" in made:
                made |= {"items": made.pop("prefixItems"), "additionalItems": False}
            return made
        case list():
            return [_draft7(item) for item in node]
        case _:
            return node
