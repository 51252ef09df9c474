"""The generated documents: current, valid, and true to what the codec does."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import BaseModel, Field

from common.wire.codec import decode, encode
from common.wire.messages import AnyMessage
from common.wire.names import KEY_PATTERN, check_key
from common.wire.schema import CHANNELS, EXAMPLES, asyncapi
from common.wire.topics import Topics
from scripts.generate import files, typescript
from tests.common.messages import EVERY

ROOT = Path(__file__).parents[2]
SPECIFICATION = ROOT / "web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi()


def test_generated_files_are_current() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "scripts.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.returncode) == ("", 0)


def test_a_file_that_is_not_current_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.generate.ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    generate = sys.modules["scripts.generate"]
    assert [file.name for file in generate.stale()] == ["asyncapi.yaml", "ownership.md", "wire.ts"]
    assert generate.main() == 1
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert generate.stale() == []
    (tmp_path / "web" / "src" / "wire.ts").write_text("other")
    assert [file.name for file in generate.stale()] == ["wire.ts"]


def test_the_document_is_asyncapi_3(document: dict[str, Any]) -> None:
    assert SPECIFICATION.is_file(), "run `make web`: the specification comes with its packages"
    errors = Draft7Validator(json.loads(SPECIFICATION.read_text())).iter_errors(document)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def test_the_yaml_says_what_the_document_says(document: dict[str, Any]) -> None:
    text = next(text for file, text in files().items() if file.suffix == ".yaml")
    assert yaml.safe_load(text) == document


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    def walk(node: object) -> None:
        match node:
            case {"$ref": str(path)}:
                found: Any = document
                for part in path.removeprefix("#/").split("/"):
                    found = found[part]
                assert found
            case Mapping():
                for value in node.values():
                    walk(value)
            case list():
                for item in node:
                    walk(item)

    walk(document)


def test_every_kind_of_topic_and_message_is_in_it() -> None:
    kinds = {Topics().parse(_filled(channel.address)) for channel in CHANNELS}
    assert None not in kinds
    assert {place.kind for place in kinds if place} == {
        place.kind for sent in EVERY if (place := Topics().parse(sent.topic))
    }
    assert {m for channel in CHANNELS for m in channel.messages} == set(AnyMessage.__args__)
    assert {type(example) for example in EXAMPLES} == set(AnyMessage.__args__)


def _filled(address: str) -> str:
    names = {"device": "cam-1", "flow": "production", "shard": "0", "worker": "host-1"}
    return address.format(**names)


def _validator(document: dict[str, Any], name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def test_every_example_is_valid_and_is_decoded_on_its_topic(document: dict[str, Any]) -> None:
    for channel in CHANNELS:
        for kind in channel.messages:
            (example,) = document["components"]["messages"][kind.__name__]["examples"]
            _validator(document, kind.__name__).validate(example["payload"])
            message = decode(Topics(), _filled(channel.address), json.dumps(example["payload"]).encode())
            assert type(message) is kind


@pytest.mark.parametrize("sent", EVERY, ids=[sent.name for sent in EVERY])
def test_what_is_sent_is_valid(document: dict[str, Any], sent: Any) -> None:
    _validator(document, type(sent.message).__name__).validate(json.loads(encode(sent.message)))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("Capture", "deviceID", "../x"),
        ("Capture", "filePath", "bucket/../x"),
        ("Capture", "creationTimestamp", "yesterday"),
        ("Capture", "type", "result"),
        ("Claim", "captures", [["../x", 0]]),
        ("Claim", "captures", [["x", 0, 1]]),
        ("Claim", "captures", []),
    ],
)
def test_what_is_refused_is_not_valid(document: dict[str, Any], name: str, field: str, value: Any) -> None:
    (example,) = document["components"]["messages"][name]["examples"]
    assert not _validator(document, name).is_valid(example["payload"] | {field: value})


@given(st.text(st.sampled_from("ab./-_=+ ~ü"), max_size=12))
def test_the_pattern_for_keys_is_the_check_of_keys(key: str) -> None:
    try:
        accepted = bool(check_key(key))
    except ValueError:
        accepted = False
    assert bool(re.fullmatch(KEY_PATTERN, key)) is accepted


Colour = Literal["red", "green"]


class Part(BaseModel):
    """A part,
    of */ two lines.
    """

    colour: Colour


class Whole(BaseModel):
    number: int = Field(description="how many")
    maybe: float | None = None
    one_of: Literal["a", 1, True]
    part: Part
    parts: tuple[Part, ...]
    pair: tuple[int, str]
    either: list[int | str]
    map: dict[str, list[Colour]]
    anything: Any


def test_typescript_of_models() -> None:
    text = typescript([Whole], {"Colour": Colour})
    assert text.split("\n", 2)[2] == (
        """export type Colour = "red" | "green";

/** A part, of * / two lines. */
export interface Part {
  readonly colour: Colour;
}

export interface Whole {
  /** how many */
  readonly number: number;
  readonly maybe: number | null;
  readonly one_of: "a" | 1 | true;
  readonly part: Part;
  readonly parts: readonly Part[];
  readonly pair: readonly [number, string];
  readonly either: readonly (number | string)[];
  readonly map: Readonly<Record<string, readonly Colour[]>>;
  readonly anything: unknown;
}
"""
    )
