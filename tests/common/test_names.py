"""What may be a name, a key, a topic; and the way there and back."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.wire.keys import (
    capture_key,
    is_shown,
    parse_capture_key,
    quarantine_key,
    result_key,
    shown_key,
    snapshot_key,
)
from common.wire.messages import Capture, UnixSeconds
from common.wire.names import DeviceID, FilePath, Flow, ObjectKey, ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Kind, Place, Topics

TOKEN = "0123456789abcdef0123456789abcdef"

names = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"), fullmatch=True)
flows = st.from_regex(re.compile(r"[a-z][a-z0-9-]{0,31}"), fullmatch=True).filter(
    lambda flow: flow not in ("image", "device", "worker", "claim", "result")
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(5138, 1, 1))  # noqa: DTZ001 -- hypothesis wants it so


def accepts(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a.jpg", True),
        ("captures/cam-1/20260102T030405000006Z-x.jpg", True),
        ("image-0f9c8a4e-5d0a-4d0e-9a3b-2b6f5c1d7e88.jpg", True),
        ("a/b/c/d=1,e+f@g:h", True),
        ("...x", True),
        ("x" * 255, True),
        ("x/" * 255 + "x", True),
        ("", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        (".", False),
        ("..", False),
        ("a/../b", False),
        ("a/..", False),
        ("a/./b", False),
        ("...", False),
        ("x" * 256, False),
        ("x/" * 256 + "x", False),
        ("a b", False),
        ("a\n", False),
        ("a\x00b", False),
        ("ü", False),
        ("a%2e%2e", False),
        ("a\\b", False),
        ("a?b", False),
        ("a#b", False),
        ("~a", False),
    ],
)
def test_object_keys(key: str, *, good: bool) -> None:
    assert accepts(ObjectKey, key) is good
    assert accepts(FilePath, f"people-counter-images/{key}") is good


@pytest.mark.parametrize("bucket", ["", "ab", "Upper", "a_b", "-ab", "ab-", "x" * 64, "a b", "..", "a\n"])
def test_buckets_that_cannot_be(bucket: str) -> None:
    assert not accepts(FilePath, f"{bucket}/a.jpg")


@pytest.mark.parametrize("value", [None, 5, b"bucket/a.jpg", ["bucket", "a.jpg"], ("bucket", "a.jpg"), {}])
def test_paths_are_text(value: object) -> None:
    assert not accepts(FilePath, value)


def test_a_path_is_its_text() -> None:
    path = ObjectPath.parse("bucket/a/b.jpg")
    assert (path.bucket, path.key, str(path)) == ("bucket", "a/b.jpg", "bucket/a/b.jpg")
    assert TypeAdapter(FilePath).dump_json(path) == b'"bucket/a/b.jpg"'


@pytest.mark.parametrize("name", ["", "-a", ".a", "a/b", "a b", "a+", "a#", "a\n", "ü", "x" * 129, "$SYS"])
def test_device_names_that_cannot_be(name: str) -> None:
    assert not accepts(DeviceID, name)


@pytest.mark.parametrize(
    "flow", ["", "A", "1a", "a_b", "a/b", "x" * 33, "image", "device", "worker", "claim"]
)
def test_flows_that_cannot_be(flow: str) -> None:
    assert not accepts(Flow, flow)


@given(names, moments)
def test_a_capture_key_tells_device_and_time(device: str, moment: datetime) -> None:
    taken_at = moment.replace(tzinfo=UTC).timestamp()
    key = capture_key(device, taken_at, TOKEN)
    assert accepts(ObjectKey, key)
    found = parse_capture_key(key)
    assert found
    assert found.device == device
    assert abs(found.taken_at - taken_at) < 2e-5


@given(moments, moments)
def test_capture_keys_of_a_device_sort_by_time(one: datetime, other: datetime) -> None:
    first, second = sorted(moment.replace(tzinfo=UTC).timestamp() for moment in (one, other))
    assert capture_key("cam", first, TOKEN) <= capture_key("cam", second, TOKEN)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a.jpg",
        f"captures/cam/20260102T030405000006Z-{TOKEN}.png",
        f"captures/cam/20260102T030405000006Z-{TOKEN[1:]}.jpg",
        f"captures/cam/20261302T030405000006Z-{TOKEN}.jpg",
        f"captures/cam/20260230T030405000006Z-{TOKEN}.jpg",
        f"captures/cam/x/20260102T030405000006Z-{TOKEN}.jpg",
        f"captures/cam/00000101T000000000000Z-{TOKEN}.jpg",
        f"captures/cam/00010101T000000000000Z-{TOKEN}.jpg",
        f"captures/cam/19691231T235959999999Z-{TOKEN}.jpg",
        f"captures/cam/51381116T094641000000Z-{TOKEN}.jpg",
        f"captures/cam/99991231T235959999999Z-{TOKEN}.jpg",
        f"captures/cam/20260102T030405000006Z-{TOKEN}.jpg\n",
        f"snapshots/cam/20260102T030405000006Z-{TOKEN}.jpg",
    ],
)
def test_other_keys_are_no_capture_keys(key: str) -> None:
    assert parse_capture_key(key) is None


@given(names, st.datetimes())
def test_a_time_in_a_key_is_one_that_a_message_can_carry(device: str, moment: datetime) -> None:
    key = f"captures/{device}/{moment.year:04}{moment:%m%dT%H%M%S%fZ}-{TOKEN}.jpg"
    found = parse_capture_key(key)
    assert (found is not None) == accepts(UnixSeconds, moment.replace(tzinfo=UTC).timestamp())
    if found:
        Capture(device_id=device, file_path=ObjectPath("bucket", key), creation_timestamp=found.taken_at)


@given(st.text())
def test_any_text_is_a_capture_key_or_not(text: str) -> None:
    found = parse_capture_key(text)
    assert found is None or text.startswith(f"captures/{found.device}/")


@given(flows, names)
def test_keys_of_what_is_kept(flow: str, device: str) -> None:
    assert accepts(ObjectKey, snapshot_key(flow, device))
    assert accepts(ObjectKey, result_key(flow, device))
    assert result_key(flow, device).startswith(result_key(flow))


@pytest.mark.parametrize("length", [1, 250, 251, 512])
def test_any_capture_fits_into_quarantine_with_its_error(length: int) -> None:
    key = "/".join(["a" * 200] * 3)[:length]
    place = quarantine_key("f" * 32, key)
    assert accepts(ObjectKey, f"{place}.json")
    assert (place == f"quarantine/{'f' * 32}/{key}") == (length <= 250)
    assert place != quarantine_key("f" * 32, f"{key[:-1]}b")


@given(st.sampled_from(["headway/v1", "x", "a/b/c", "image", "image/latest"]), flows, names)
def test_topics_are_parsed_as_they_are_made(prefix: str, flow: str, name: str) -> None:
    topics = Topics(prefix)
    assert topics.parse(topics.image(name)) == Place(Kind.IMAGE, name)
    assert topics.parse(topics.claim(flow, name)) == Place(Kind.CLAIM, name, flow)
    assert topics.parse(topics.result(flow, name)) == Place(Kind.RESULT, name, flow)
    assert topics.parse(topics.device_config(name)) == Place(Kind.DEVICE_CONFIG, name)
    assert topics.parse(topics.device_status(name)) == Place(Kind.DEVICE_STATUS, name)
    assert topics.parse(topics.worker_status(name)) == Place(Kind.WORKER_STATUS, name)
    assert topics.parse(PEOPLE_COUNTER) == Place(Kind.PEOPLE_COUNTER)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "headway/v1",
        "headway/v1/",
        "headway/v1/image",
        "headway/v1/image/a/b",
        "headway/v1/device/a",
        "headway/v1/device/a/configs",
        "headway/v1/worker/a/b",
        "headway/v1/production/claims/0",
        "headway/v10/image/a",
        "other/image/a",
        "/headway/v1/image/a",
        "image/latest/x",
        "image/other",
    ],
)
def test_other_topics_are_none_of_ours(topic: str) -> None:
    assert Topics().parse(topic) is None


@given(st.text(max_size=60))
def test_any_text_is_a_topic_or_not(text: str) -> None:
    place = Topics().parse(f"headway/v1/{text}")
    assert place is None or place.name in text


def test_filters_are_topics_with_a_plus() -> None:
    topics = Topics("p")
    assert [
        topics.image(),
        topics.claim("f"),
        topics.result(),
        topics.device_status(),
        topics.worker_status(),
    ] == [
        "p/image/+",
        "p/f/claim/+",
        "p/+/result/+",
        "p/device/+/status",
        "p/worker/+/status",
    ]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (shown_key("cam-1", 1e9), True),
        (shown_key("cam-1-2", 1e9), False),
        (shown_key("cam-12", 1e9), False),
        (shown_key("cam-1"), False),
        ("20260102T030405000006Z.jpg", False),
    ],
)
def test_a_shown_picture_is_its_own_device_s(key: str, shown: bool) -> None:  # noqa: FBT001 -- a table
    assert is_shown(key, "cam-1") is shown
