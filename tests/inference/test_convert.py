"""The converter against plain numpy on a small graph, and the real model by its structure and floats."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest

from inference.detector import Array
from inference.model import tfjs
from inference.model.convert import convert, prune_classes
from inference.model.error import ModelError
from inference.model.onnx_graph import IR_VERSION
from inference.model.prepare import converted, prepare, published
from inference.model.quantise import activations, quantise, shipped_ranges
from tests.assets import asset

RNG = np.random.default_rng(11)
IMAGE = RNG.integers(0, 256, (1, 9, 8, 3), np.uint8)

WEIGHTS: dict[str, Array] = {
    "k": RNG.normal(size=(3, 3, 3, 4)),
    "scale": RNG.uniform(0.5, 2, 4),
    "shift": RNG.normal(size=4),
    "d": RNG.normal(size=(3, 3, 4, 1)),
    "gamma": RNG.uniform(0.5, 2, 4),
    "beta": RNG.normal(size=4),
    "mean": RNG.normal(size=4),
    "variance": RNG.uniform(0.5, 2, 4),
    "late": RNG.normal(size=4),
    "h": RNG.normal(size=(1, 1, 4, 6)),
    "bias": RNG.normal(size=6),
}
SCALARS = {"minus": -1, "one": 1, "three": 3}


def codes(text: str) -> dict[str, Any]:
    """A string as old converters write it."""
    return {"s": list(text.encode())}


def convolution(
    name: str, source: str, weights: str, stride: int, *, depthwise: bool = False
) -> dict[str, Any]:
    text = {"s": base64.b64encode(b"SAME").decode()} if depthwise else codes("SAME")
    attributes = {
        "padding": text,
        "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}},
        "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
    }
    op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    return {"name": name, "op": op, "input": [source, weights], "attr": attributes}


NODES: list[dict[str, Any]] = [
    convolution("c", "in:0", "k", 2),
    {"name": "m", "op": "Mul", "input": ["c", "scale"]},
    {"name": "a", "op": "Add", "input": ["shift", "m"]},
    {"name": "r", "op": "Relu6", "input": ["a", "^control"]},
    convolution("dw", "r", "d", 1, depthwise=True),
    {
        "name": "bn",
        "op": "FusedBatchNorm",
        "input": ["dw", "gamma", "beta", "mean", "variance"],
        "attr": {"epsilon": {"f": 0.001}},
    },
    {"name": "sum", "op": "AddN", "input": ["bn", "r"]},
    {"name": "sum2", "op": "Add", "input": ["sum", "late"]},
    convolution("hc", "sum2", "h", 1),
    {"name": "hb", "op": "BiasAdd", "input": ["hc", "bias"]},
    {"name": "pack", "op": "Pack", "input": ["batch", "minus", "one", "three"]},
    {"name": "rs", "op": "Reshape", "input": ["hb", "pack"]},
    {"name": "cc", "op": "ConcatV2", "input": ["rs", "rs", "one"]},
    {"name": "sq", "op": "Squeeze", "input": ["cc"], "attr": {"squeeze_dims": {"list": {"i": ["2"]}}}},
]


def write(folder: Path, nodes: list[dict[str, Any]] = NODES, *, spare: bytes = b"") -> Path:
    values = {name: value.astype(np.float32) for name, value in WEIGHTS.items()}
    values |= {name: np.array(value, np.int32) for name, value in SCALARS.items()}
    entries = [{"name": n, "shape": list(v.shape), "dtype": str(v.dtype)} for n, v in values.items()]
    blob = b"".join(value.tobytes() for value in values.values()) + spare
    (folder / "one").write_bytes(blob[:100])
    (folder / "two").write_bytes(blob[100:])
    manifest = [{"paths": ["one", "two"], "weights": entries}]
    document = {"modelTopology": {"node": nodes}, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(document))
    return folder


def convolve(x: Array, weights: Array, stride: int) -> Array:
    """Channels last, SAME padding, one tap after the other."""
    size, channels = weights.shape[0], weights.shape[3]
    height, width = (-(-side // stride) for side in x.shape[:2])
    padded = np.zeros((x.shape[0] + size, x.shape[1] + size, x.shape[2]))
    top, left = (
        max((out - 1) * stride + size - side, 0) // 2
        for out, side in zip((height, width), x.shape[:2], strict=True)
    )
    padded[top : top + x.shape[0], left : left + x.shape[1]] = x
    result = np.zeros((height, width, channels))
    for row in range(height):
        for column in range(width):
            patch = padded[row * stride : row * stride + size, column * stride : column * stride + size]
            result[row, column] = np.tensordot(patch, weights, 3)
    return result


def by_hand() -> Array:
    """The scores of the small graph."""
    w = WEIGHTS
    relu = np.clip(convolve(IMAGE[0].astype(float) * 2 / 255 - 1, w["k"], 2) * w["scale"] + w["shift"], 0, 6)
    spread = np.zeros((3, 3, 4, 4))
    spread[:, :, range(4), range(4)] = w["d"][..., 0]
    deep = convolve(relu, spread, 1)
    normal = (deep - w["mean"]) / np.sqrt(w["variance"] + 0.001) * w["gamma"] + w["beta"]
    logits = (convolve(normal + relu + w["late"], w["h"], 1) + w["bias"]).reshape(-1, 3)
    return np.asarray(1 / (1 + np.exp(-np.concatenate([logits, logits]))))


def run(model: onnx.ModelProto, images: Array) -> dict[str, Array]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in model.graph.output]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def small(folder: Path, nodes: list[dict[str, Any]] = NODES) -> onnx.ModelProto:
    return convert(tfjs.load(write(folder, nodes)), "in", {"scores": "sq"})


def operations(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


@pytest.fixture(scope="module")
def floating() -> onnx.ModelProto:
    return onnx.load(prepare(print).floating)


@pytest.fixture(scope="module")
def frame() -> Array:
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    return cv2.cvtColor(cv2.resize(film.read()[1], (492, 364)), cv2.COLOR_BGR2RGB)[None]


def test_a_small_graph_computes_what_numpy_does(tmp_path: Path) -> None:
    assert np.allclose(run(small(tmp_path), IMAGE)["scores"][0], by_hand(), atol=1e-5)


def test_scales_and_shifts_are_folded_away(tmp_path: Path) -> None:
    counts = operations(small(tmp_path))
    assert (counts["Conv"], counts["Mul"], counts["Add"]) == (
        3,
        1,
        2,
    )  # of the pixels' scale, and the residual


def test_a_shift_is_not_folded_into_a_convolution_that_others_read(tmp_path: Path) -> None:
    """Otherwise the residual would be shifted too."""
    nodes = [*NODES[:6], {"name": "sum", "op": "AddN", "input": ["bn", "bn"]}, *NODES[7:]]
    with pytest.raises(ModelError, match="sum2 is not the shift of a convolution"):
        small(tmp_path, nodes)


@pytest.mark.parametrize(
    ("number", "change", "complaint"),
    [
        (3, {"op": "Elu"}, "does not know: Elu"),
        (3, {"input": ["nowhere"]}, "lacks the node nowhere"),
        (1, {"input": ["in", "scale"]}, "m is not the scale of a convolution"),
        (
            4,
            {"attr": NODES[4]["attr"] | {"dilations": {"list": {"i": ["1", "2", "2", "1"]}}}},
            "dw is dilated",
        ),
    ],
)
def test_what_it_does_not_know_it_names(
    tmp_path: Path, number: int, change: dict[str, Any], complaint: str
) -> None:
    nodes = [{**node, **change} if place == number else node for place, node in enumerate(NODES)]
    with pytest.raises(ModelError, match=complaint):
        small(tmp_path, nodes)


def test_shards_that_do_not_match_the_manifest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no readable TensorFlow.js model"):
        tfjs.load(write(tmp_path, spare=b"\0"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"modelTopology": {"node": [{}]}, "weightsManifest": []}'])
def test_what_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError):
        tfjs.load(tmp_path)


def test_the_real_model_is_convolutions_and_little_else(floating: onnx.ModelProto) -> None:
    assert floating.ir_version == IR_VERSION
    assert operations(floating)["Conv"] == 88
    assert operations(floating)["Mul"] == 1
    assert operations(floating)["Add"] == 11


def test_conversion_gives_the_same_bytes_every_time(floating: onnx.ModelProto) -> None:
    """Results name the model by its digest; whoever changes it has to raise the version of what is kept."""
    made = converted(tfjs.load(published(print)))
    assert made.SerializeToString() == floating.SerializeToString()
    assert quantise(made, shipped_ranges()).SerializeToString() == prepare(print).eight_bit.read_bytes()


def test_pruning_classes_changes_no_score(frame: Array) -> None:
    graph = tfjs.load(published(print))
    small_frame = np.ascontiguousarray(frame[:, :300, :300])
    outputs = {"scores": "concat_1"}
    every = run(convert(graph, "Preprocessor/sub", outputs), small_frame)["scores"]
    two = run(convert(prune_classes(graph, [1, 7]), "Preprocessor/sub", outputs), small_frame)["scores"]
    assert every.shape == (1, 1917, 91)
    assert np.allclose(two, every[..., [1, 7]], atol=1e-6)


def test_eight_bits_see_what_floats_see(floating: onnx.ModelProto, frame: Array) -> None:
    exact, coarse = run(floating, frame), run(quantise(floating, shipped_ranges()), frame)
    sure = exact["scores"][0, :, 0] > 0.3
    assert sure.sum() > 5
    assert np.abs(coarse["scores"] - exact["scores"])[0, sure].mean() < 0.05
    assert np.abs(coarse["boxes"] - exact["boxes"])[0, sure].mean() < 0.15


def test_all_but_the_heads_are_eight_bits(floating: onnx.ModelProto) -> None:
    counts = operations(quantise(floating, shipped_ranges()))
    assert (counts["Conv"], counts["QuantizeLinear"], counts["Clip"]) == (88, 86, 0)


def test_ranges_of_another_model_are_refused(floating: onnx.ModelProto) -> None:
    first, *others = activations(floating)
    with pytest.raises(ModelError, match=first):
        quantise(floating, dict.fromkeys(others, (0.0, 6.0)))
