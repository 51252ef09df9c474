"""Bytes to messages and back: what is said survives, and what is wrong is a DecodeError and nothing else."""

import json
from typing import Any

import pytest

from common.wire.codec import MAX_PAYLOAD, DecodeError, cleared, decode, encode
from common.wire.messages import Capture, Result
from common.wire.topics import PEOPLE_COUNTER
from tests.common.messages import EVERY, FULL_RESULT, SMALL_CAPTURE, SMALL_RESULT, TOPICS, Sent

every_message = pytest.mark.parametrize("sent", EVERY, ids=[sent.name for sent in EVERY])
ORIGINAL_CAPTURE = (
    '{"type": "data", "deviceID": "60261e35-1b4c-4d32-b7f3-1d2a6d2b9c11", "filePath": '
    '"people-counter-images/image-0f9c8a4e-5d0a-4d0e-9a3b-2b6f5c1d7e88.jpg", '
    '"creationTimestamp": 1577830187.990863}'
)
ORIGINAL_RESULT = (
    '{"type": "result", "deviceID": "60261e35-1b4c-4d32-b7f3-1d2a6d2b9c11", "filePath": '
    '"people-counter-images/image-0f9c8a4e-5d0a-4d0e-9a3b-2b6f5c1d7e88.jpg", '
    '"creationTimestamp": 1577830187.990863, "analysisMetadata": {"results": {"count": 5}}}'
)


def refused(topic: str, payload: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(TOPICS, topic, payload)
    assert (caught.value.topic, caught.value.payload) == (topic, payload)
    assert len(caught.value.cause) < 500
    return caught.value


def changed(sent: Sent, **fields: Any) -> bytes:
    return json.dumps(json.loads(encode(sent.message)) | fields).encode()


@every_message
def test_every_message_survives_the_journey(sent: Sent) -> None:
    assert decode(TOPICS, sent.topic, encode(sent.message)) == sent.message


@every_message
def test_fields_of_newer_senders_are_ignored(sent: Sent) -> None:
    assert decode(TOPICS, sent.topic, changed(sent, fromTheFuture={"x": [1]})) == sent.message


def test_the_original_capture_is_understood() -> None:
    message = decode(TOPICS, PEOPLE_COUNTER, ORIGINAL_CAPTURE.encode())
    assert isinstance(message, Capture)
    assert message.device_id == "60261e35-1b4c-4d32-b7f3-1d2a6d2b9c11"
    assert message.file_path == ("people-counter-images", "image-0f9c8a4e-5d0a-4d0e-9a3b-2b6f5c1d7e88.jpg")
    assert message.creation_timestamp == 1577830187.990863


def test_the_original_result_is_understood() -> None:
    message = decode(TOPICS, PEOPLE_COUNTER, ORIGINAL_RESULT.encode())
    assert isinstance(message, Result)
    assert message.analysis_metadata.results.count == 5


@pytest.mark.parametrize("original", [ORIGINAL_CAPTURE, ORIGINAL_RESULT])
def test_what_the_original_said_we_say_with_the_same_fields(original: str) -> None:
    """Ours may say more; every field of the original is there with its type and value."""
    ours = json.loads(encode(decode(TOPICS, PEOPLE_COUNTER, original.encode())))
    theirs = json.loads(original)
    results = {"analysisMetadata": {"results": {"count": 5}}} if "analysisMetadata" in theirs else {}
    assert {name: ours[name] for name in theirs} | results == theirs
    assert ours.get("analysisMetadata", {}).get("results", {}).get("count") == (5 if results else None)


def test_what_we_say_on_the_wire_is_pinned() -> None:
    assert encode(SMALL_CAPTURE).decode() == (
        '{"type":"data","deviceID":"cam-1","filePath":"people-counter-images/captures/cam-1/20260102T030405000006Z-'
        '0123456789abcdef0123456789abcdef.jpg","creationTimestamp":1577830187.990863,"schemaVersion":1}'
    )
    wire = json.loads(encode(FULL_RESULT))
    assert wire["captureID"].startswith("captures/cam-1/")
    assert set(wire) == {
        "type",
        "deviceID",
        "filePath",
        "creationTimestamp",
        "analysisMetadata",
        "schemaVersion",
        "captureID",
        "sequence",
        "receivedAt",
        "publishedAt",
        "staleAfter",
        "site",
    }
    results = wire["analysisMetadata"]["results"]
    assert results["boxes"] == [[1.5, 2.0, 3.25, 4.0, 0.875, "person"]]
    assert {"queueMs", "inferenceMs", "worker", "flow", "model", "counts", "zones", "width", "height"} < set(
        results
    )


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"null", "Input should be"),
        (b"[]", "Input should be"),
        (b'"text"', "Input should be"),
        (b"{}", "Field required"),
        (b'{"deviceID": "\\ud800"}', "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b'{"a":' * 40_000, "Invalid JSON"),
        (b"1" * 100_000, ""),
        (encode(SMALL_CAPTURE) + b"x", "Invalid JSON"),
    ],
)
def test_nonsense(payload: bytes, cause: str) -> None:
    for topic in {sent.topic for sent in EVERY}:
        refused(topic, payload)
    assert cause in refused(TOPICS.image("cam-1"), payload).cause


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deviceID", "../x"),
        ("deviceID", ""),
        ("deviceID", "x" * 129),
        ("deviceID", "a/b"),
        ("deviceID", "cam-1\n"),
        ("deviceID", "+"),
        ("deviceID", 5),
        ("deviceID", None),
        ("filePath", "no-key"),
        ("filePath", "bucket/../x"),
        ("filePath", "bucket//x"),
        ("filePath", "/bucket/x"),
        ("filePath", "bucket/" + "x" * 513),
        ("filePath", "Bucket/x"),
        ("filePath", "bucket/a b"),
        ("filePath", 5),
        ("filePath", ["bucket", "x"]),
        ("creationTimestamp", "yesterday"),
        ("creationTimestamp", -1),
        ("creationTimestamp", 1e300),
        ("creationTimestamp", None),
        ("creationTimestamp", float("nan")),
        ("creationTimestamp", float("inf")),
        ("sequence", -1),
        ("sequence", 1.5),
        ("sequence", 10**1000),
        ("width", 0),
        ("width", 2**30),
        ("interval", 0),
        ("interval", 1e9),
        ("site", "x" * 501),
        ("type", "result"),
    ],
)
def test_fields_that_cannot_be(field: str, value: Any) -> None:
    sent = Sent("capture", TOPICS.image("cam-1"), SMALL_CAPTURE)
    refused(sent.topic, changed(sent, **{field: value}))


def test_a_number_of_too_many_digits() -> None:
    payload = encode(SMALL_CAPTURE).replace(b'"schemaVersion":1', b'"schemaVersion":1' + b"0" * 100_000)
    refused(TOPICS.image("cam-1"), payload)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", -1),
        ("count", float("nan")),
        ("count", 10**10),
        ("flow", "Production"),
        ("flow", "device"),
        ("boxes", [[1, 2, 3, 4, 0.5]]),
        ("boxes", [[1, 2, 3, 4, 1.5, "person"]]),
        ("boxes", [[1, 2, 3, float("inf"), 0.5, "person"]]),
        ("boxes", [[1, 2, 3, float("nan"), 0.5, "person"]]),
        ("boxes", [[1, 2, 3, 4, 0.5, "p"]] * 1001),
        ("counts", {str(i): 1 for i in range(101)}),
        ("counts", {"person": -1}),
        ("counts", {"": 1}),
        ("queueMs", -1),
        ("inferenceMs", float("inf")),
    ],
)
def test_results_that_cannot_be(field: str, value: Any) -> None:
    sent = Sent("result", TOPICS.result("production", "cam-1"), SMALL_RESULT)
    refused(sent.topic, changed(sent, analysisMetadata={"results": {"count": 5, field: value}}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interval", 0.01),
        ("interval", 86_401),
        ("interval", "often"),
        ("name", ""),
        ("name", " yard"),
        ("name", "x" * 101),
        ("site", "two\nlines"),
        ("site", "a\x1b[2Jb"),
        ("site", "yard\n"),
        ("group", 5),
        ("paused", "perhaps"),
    ],
)
def test_desired_settings_that_cannot_be(field: str, value: Any) -> None:
    payload = json.dumps({"deviceID": "cam-1", "revision": 1, "settings": {field: value}}).encode()
    assert refused(TOPICS.device_config("cam-1"), payload).cause.startswith(f"settings.{field}: ")


def test_an_empty_payload_takes_back_what_is_retained_and_nothing_else() -> None:
    taken_back = {sent.topic for sent in EVERY if cleared(TOPICS, sent.topic, b"")}
    assert taken_back == {
        TOPICS.result("production", "cam-1"),
        TOPICS.trouble("production", "cam-1"),
        TOPICS.device_config("cam-1"),
        TOPICS.device_status("cam-1"),
        TOPICS.worker_status("w"),
    }
    assert cleared(TOPICS, TOPICS.result("production", "cam-1"), b"") == TOPICS.parse(
        TOPICS.result("production", "cam-1")
    )
    for sent in EVERY:
        assert cleared(TOPICS, sent.topic, encode(sent.message)) is None
    assert cleared(TOPICS, "elsewhere/device/cam-1/status", b"") is None


@pytest.mark.parametrize(
    "captures",
    [[], [["a.jpg", 0]] * 1001, [["../a", 0]], [["a.jpg", -1]], [["a.jpg"]], ["a.jpg"], [["a.jpg", 10**9]]],
)
def test_claims_that_cannot_be(captures: list[Any]) -> None:
    refused(
        TOPICS.claim("production", "0"),
        json.dumps({"type": "claim", "worker": "w", "captures": captures}).encode(),
    )


@pytest.mark.parametrize("sent", [s for s in EVERY if "cam-1" in s.topic or s.topic.endswith("/w/status")])
def test_nobody_speaks_for_another(sent: Sent) -> None:
    topic = sent.topic.replace("cam-1", "cam-2").replace("/w/", "/v/")
    assert "may not speak for" in refused(topic, encode(sent.message)).cause


@pytest.mark.parametrize("sent", [s for s in EVERY if s.topic != PEOPLE_COUNTER])
def test_a_message_is_at_home_on_one_kind_of_topic(sent: Sent) -> None:
    homes = {s.topic for s in EVERY if type(s.message) is type(sent.message)} | {PEOPLE_COUNTER}
    claims = {TOPICS.claim("production", "0")} if "claim" in sent.topic else set()
    for topic in {s.topic for s in EVERY} - homes - claims:
        refused(topic, encode(sent.message))


def test_topics_of_others_are_not_read() -> None:
    for topic in ("elsewhere/image/cam-1", "headway/v1/image/cam-1/x", "headway/v1", ""):
        assert refused(topic, encode(SMALL_CAPTURE)).cause == "not one of our topics"


def test_the_size_is_bounded_before_anything_is_parsed() -> None:
    sent = Sent("capture", TOPICS.image("cam-1"), SMALL_CAPTURE)
    payload = encode(SMALL_CAPTURE)
    fits = payload + b" " * (MAX_PAYLOAD - len(payload))
    assert decode(TOPICS, sent.topic, fits) == SMALL_CAPTURE
    assert "the limit is" in refused(sent.topic, fits + b" ").cause


def test_the_largest_messages_fit() -> None:
    box = (1234.5678901234, 1234.5678901234, 1234.5678901234, 1234.5678901234, 0.8765432101234, "x" * 64)
    results = FULL_RESULT.analysis_metadata.results.model_copy(update={"boxes": (box,) * 1000})
    assert len(encode(results)) < MAX_PAYLOAD
