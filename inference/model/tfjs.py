"""
Read a TensorFlow.js graph model: `model.json` with its weight shards beside it.

The format is a TensorFlow GraphDef as JSON. Integers are written as strings, and byte strings either as lists
of character codes (older converters) or as base64 (newer ones).
"""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.model.error import ModelError

Array = NDArray[Any]

_DTYPES = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4")}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; `inputs` names the nodes it reads, without output numbers and control edges."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def integers(self, key: str) -> list[int]:
        return [int(value) for value in self.attributes[key]["list"].get("i", [])]

    def text(self, key: str) -> str:
        value = self.attributes[key]["s"]
        return bytes(value).decode() if isinstance(value, list) else base64.b64decode(value).decode()

    def number(self, key: str) -> float:
        return float(self.attributes[key]["f"])


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by name, and the values of those that are constants."""

    nodes: Mapping[str, Node]
    constants: Mapping[str, Array]


def load(folder: Path) -> Graph:
    """The model in `folder`; ModelError when it is not one."""
    try:
        document = json.loads((folder / "model.json").read_bytes())
        nodes = (_node(raw) for raw in document["modelTopology"]["node"])
        graph = {node.name: node for node in nodes}
        constants: dict[str, Array] = {}
        for group in document["weightsManifest"]:
            blob = b"".join((folder / name).read_bytes() for name in group["paths"])
            constants.update(_weights(group["weights"], blob))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} holds no readable TensorFlow.js model: {error!r}") from error
    return Graph(graph, constants)


def _node(raw: Mapping[str, Any]) -> Node:
    inputs = tuple(name.split(":")[0] for name in raw.get("input", []) if not name.startswith("^"))
    return Node(raw["name"], raw["op"], inputs, raw.get("attr", {}))


def _weights(entries: list[Mapping[str, Any]], blob: bytes) -> dict[str, Array]:
    """The tensors that lie one after the other in `blob`; ValueError when they do not fill it."""
    values: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        if "quantization" in entry:
            raise ValueError(f"{entry['name']} is quantised, which this reader does not know")
        dtype = _DTYPES[entry["dtype"]]
        count = math.prod(entry["shape"])
        values[entry["name"]] = np.frombuffer(blob, dtype, count, offset).reshape(entry["shape"])
        offset += count * dtype.itemsize
    if offset != len(blob):
        raise ValueError(f"weights take {offset} bytes, shards hold {len(blob)}")
    return values
