"""Thousands of damaged messages: each is a DecodeError or a message, never anything else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from common.wire.codec import DecodeError, decode, encode
from tests.common.messages import EVERY, TOPICS, Sent

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
topic_of_any_kind = st.sampled_from(sorted({sent.topic for sent in EVERY}))


def survives(topic: str, payload: bytes) -> None:
    try:
        message = decode(TOPICS, topic, payload)
    except DecodeError:
        return
    assert decode(TOPICS, topic, encode(message)) == message


@given(topic_of_any_kind, st.binary(max_size=300))
@settings(max_examples=1000)
def test_a_thousand_random_payloads_raise_nothing_else(topic: str, payload: bytes) -> None:
    survives(topic, payload)


@given(st.sampled_from(EVERY), st.data())
@settings(max_examples=1000)
def test_a_thousand_messages_with_one_wrong_field_raise_nothing_else(sent: Sent, data: st.DataObject) -> None:
    content = json.loads(encode(sent.message))
    at = content
    while True:
        name = data.draw(st.sampled_from(sorted(at)))
        if not isinstance(at[name], dict) or not at[name] or data.draw(st.booleans()):
            break
        at = at[name]
    at[name] = data.draw(anything)
    survives(sent.topic, json.dumps(content).encode())


@given(st.sampled_from(EVERY), st.data())
@settings(max_examples=1000)
def test_a_thousand_damaged_messages_raise_nothing_else(sent: Sent, data: st.DataObject) -> None:
    payload = bytearray(encode(sent.message))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    survives(sent.topic, bytes(payload[: data.draw(st.integers(0, len(payload)))]))
