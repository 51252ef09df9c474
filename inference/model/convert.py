"""
TensorFlow.js graph to ONNX, with numpy and onnx alone.

Activations of rank four are kept channel-first, as ONNX wants them, and constants are turned on the way.
Scales and shifts behind a convolution (this graph has its batch normalisation as Mul and Add) are folded into
its weights. The walk goes back from the wanted outputs and stops at the given source, so what precedes it is
never visited.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import onnx
from onnx import TensorProto, helper

from inference.model.error import ModelError
from inference.model.onnx_graph import OnnxGraph
from inference.model.tfjs import Array, Graph, Node

PADDING = {"SAME": "SAME_UPPER", "VALID": "VALID"}


@dataclass(slots=True)
class Convolution:
    """The weights (OIHW) and bias of a convolution that is still open to folding."""

    name: str
    weights: Array
    bias: Array

    def scale(self, factor: Array) -> None:
        self.weights = self.weights * factor.reshape(-1, 1, 1, 1)
        self.bias = self.bias * factor

    def shift(self, offset: Array) -> None:
        self.bias = self.bias + offset


@dataclass(frozen=True, slots=True)
class Value:
    """
    A tensor of the ONNX graph; `folds` is the convolution that takes a scale of it, `shifts` the one that
    takes a shift.
    """

    name: str
    channels_first: bool
    folds: Convolution | None = None
    shifts: Convolution | None = None


@dataclass(slots=True)
class Builder:
    """The ONNX graph as it grows, and what became of every TensorFlow node."""

    graph: Graph
    uses: Counter[str]
    values: dict[str, Value] = field(default_factory=dict)
    convolutions: list[Convolution] = field(default_factory=list)
    onnx: OnnxGraph = field(default_factory=OnnxGraph)

    def channels_last(self, value: Value) -> str:
        if not value.channels_first:
            return value.name
        return self.onnx.emit("Transpose", [value.name], f"{value.name}/nhwc", perm=[0, 2, 3, 1])

    def used_once(self, name: str) -> bool:
        return self.uses[name] == 1


def convert(graph: Graph, source: str, outputs: Mapping[str, str]) -> onnx.ModelProto:
    """
    The part of `graph` between the tensor `source`, fed by RGB bytes `images` (batch, height, width, 3) as x
    * 2 / 255 - 1, and `outputs` (ONNX name -> node). Outputs called `scores` go through a sigmoid.
    """
    order = _order(graph, source, outputs.values())
    uses = Counter(name for node in order for name in node.inputs) + Counter(outputs.values())
    builder = Builder(graph, uses)
    builder.values[source] = _normalised(builder)
    for node in order:
        handler = HANDLERS.get(node.op)
        if handler is None:
            raise ModelError(
                f"the model has an operation this converter does not know: {node.op} ({node.name})"
            )
        builder.values[node.name] = handler(builder, node)
    for output, name in outputs.items():
        builder.onnx.emit(
            "Sigmoid" if output == "scores" else "Identity", [builder.values[name].name], output
        )
    return _finish(builder, list(outputs))


def prune_classes(graph: Graph, keep: list[int]) -> Graph:
    """The same SSD with only the class columns `keep`: exact, since every class has its own filters."""
    constants = dict(graph.constants)
    for layer in range(6):
        for part in ("weights", "biases"):
            name = f"BoxPredictor_{layer}/ClassPredictor/{part}"
            value = constants[name]
            classes = int(constants["BoxPredictor_0/stack_1/2"])
            kept = value.reshape(*value.shape[:-1], -1, classes)[..., keep]
            constants[name] = kept.reshape(*value.shape[:-1], -1)
    constants["BoxPredictor_0/stack_1/2"] = np.array(len(keep), np.int32)
    return Graph(graph.nodes, constants)


def free_anchor_counts(graph: Graph) -> Graph:
    """The same SSD for any canvas: the number of anchors of a layer, baked in for 300x300, is left open."""
    counts = {f"BoxPredictor_{layer}/stack/1": np.array(-1, np.int32) for layer in range(6)}
    return Graph(graph.nodes, {**graph.constants, **counts})


def _order(graph: Graph, source: str, targets: Iterable[str]) -> list[Node]:
    """
    Nodes between `source` and `targets`, inputs first. Iterative: the graph is deeper than Python's stack is
    safe for.
    """
    ordered: dict[str, Node] = {}
    stack = list(targets)
    while stack:
        name = stack[-1]
        if name in ordered or name == source or name in graph.constants:
            stack.pop()
            continue
        node = graph.nodes.get(name)
        if node is None:
            raise ModelError(f"the model lacks the node {name}")
        missing = [
            i for i in _data_inputs(node) if i not in ordered and i != source and i not in graph.constants
        ]
        if missing:
            stack += missing
        else:
            ordered[name] = node
            stack.pop()
    return list(ordered.values())


def _data_inputs(node: Node) -> tuple[str, ...]:
    """A reshape's target is arithmetic on shapes: read where it is needed, not walked."""
    return node.inputs[:1] if node.op == "Reshape" else node.inputs


def _normalised(builder: Builder) -> Value:
    """Turning bytes channel-first costs a quarter of turning floats."""
    planes = builder.onnx.emit("Transpose", ["images"], "images/planes", perm=[0, 3, 1, 2])
    floats = builder.onnx.emit("Cast", [planes], "images/float", to=TensorProto.FLOAT)
    scale = builder.onnx.constant("images/scale", np.array(2 / 255, np.float32))
    offset = builder.onnx.constant("images/offset", np.array(-1, np.float32))
    scaled = builder.onnx.emit("Mul", [floats, scale], "images/scaled")
    return Value(builder.onnx.emit("Add", [scaled, offset], "images/normalised"), channels_first=True)


def _convolution(builder: Builder, node: Node, *, depthwise: bool) -> Value:
    weights = builder.graph.constants[node.inputs[1]].astype(np.float64)
    group = weights.shape[2] if depthwise else 1
    if depthwise:
        weights = weights.reshape(*weights.shape[:2], 1, -1)
    if any(step != 1 for step in node.integers("dilations")):
        raise ModelError(f"{node.name} is dilated, which this converter does not know")
    step = Convolution(node.name, weights.transpose(3, 2, 0, 1), np.zeros(weights.shape[3]))
    builder.convolutions.append(step)
    builder.onnx.emit(
        "Conv",
        [builder.values[node.inputs[0]].name, f"{node.name}/weights", f"{node.name}/bias"],
        node.name,
        strides=node.integers("strides")[1:3],
        group=group,
        kernel_shape=weights.shape[:2],
        auto_pad=PADDING[node.text("padding")],
    )
    return _foldable(builder, node, step)


def _foldable(builder: Builder, node: Node, step: Convolution) -> Value:
    alone = step if builder.used_once(node.name) else None
    return Value(step.name, channels_first=True, folds=alone, shifts=alone)


def _multiply(builder: Builder, node: Node) -> Value:
    step = builder.values[node.inputs[0]].folds
    factor = builder.graph.constants.get(node.inputs[1])
    if step is None or factor is None:
        raise ModelError(f"{node.name} is not the scale of a convolution")
    step.scale(factor)
    return _foldable(builder, node, step)


def _add(builder: Builder, node: Node) -> Value:
    values = [builder.values[name] for name in node.inputs if name not in builder.graph.constants]
    if len(values) == len(node.inputs):
        return _residual(builder, node, values)
    (offset,) = (builder.graph.constants[name] for name in node.inputs if name in builder.graph.constants)
    (value,) = values
    if value.shifts is None:
        raise ModelError(f"{node.name} is not the shift of a convolution")
    value.shifts.shift(offset)
    return value if builder.used_once(node.name) else Value(value.name, channels_first=True)


def _residual(builder: Builder, node: Node, values: list[Value]) -> Value:
    """A shift that follows the sum (the graph was reordered so) may still go into a convolution before it."""
    builder.onnx.emit("Add", [value.name for value in values], node.name)
    shifts = next((value.shifts for value in values if value.shifts), None)
    return Value(node.name, channels_first=True, shifts=shifts if builder.used_once(node.name) else None)


def _normalise(builder: Builder, node: Node) -> Value:
    step = builder.values[node.inputs[0]].folds
    if step is None:
        raise ModelError(f"{node.name} does not normalise a convolution")
    gamma, beta, mean, variance = (
        builder.graph.constants[name].astype(np.float64) for name in node.inputs[1:]
    )
    factor = gamma / np.sqrt(variance + node.number("epsilon"))
    step.scale(factor)
    step.shift(beta - mean * factor)
    return _foldable(builder, node, step)


def _relu6(builder: Builder, node: Node) -> Value:
    low = builder.onnx.constant("zero", np.array(0, np.float32))
    high = builder.onnx.constant("six", np.array(6, np.float32))
    return Value(
        builder.onnx.emit("Clip", [builder.values[node.inputs[0]].name, low, high], node.name),
        channels_first=True,
    )


def _reshape(builder: Builder, node: Node) -> Value:
    """Targets are stacks of scalars; the one that is computed is the batch, copied by 0."""
    parts = builder.graph.nodes[node.inputs[1]].inputs
    target = [int(builder.graph.constants[part]) if part in builder.graph.constants else 0 for part in parts]
    shape = builder.onnx.constant(f"{node.name}/shape", np.array(target, np.int64))
    flat = builder.channels_last(builder.values[node.inputs[0]])
    return Value(builder.onnx.emit("Reshape", [flat, shape], node.name), channels_first=False)


def _concatenate(builder: Builder, node: Node) -> Value:
    parts = [builder.channels_last(builder.values[name]) for name in node.inputs[:-1]]
    axis = int(builder.graph.constants[node.inputs[-1]])
    return Value(builder.onnx.emit("Concat", parts, node.name, axis=axis), channels_first=False)


def _squeeze(builder: Builder, node: Node) -> Value:
    axes = builder.onnx.constant(f"{node.name}/axes", np.array(node.integers("squeeze_dims"), np.int64))
    source = builder.channels_last(builder.values[node.inputs[0]])
    return Value(builder.onnx.emit("Squeeze", [source, axes], node.name), channels_first=False)


HANDLERS: Mapping[str, Callable[[Builder, Node], Value]] = {
    "Add": _add,
    "AddN": _add,
    "BiasAdd": _add,
    "ConcatV2": _concatenate,
    "Conv2D": partial(_convolution, depthwise=False),
    "DepthwiseConv2dNative": partial(_convolution, depthwise=True),
    "FusedBatchNorm": _normalise,
    "Mul": _multiply,
    "Relu6": _relu6,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
}


def _finish(builder: Builder, outputs: list[str]) -> onnx.ModelProto:
    for step in builder.convolutions:
        builder.onnx.constant(f"{step.name}/weights", step.weights.astype(np.float32))
        builder.onnx.constant(f"{step.name}/bias", step.bias.astype(np.float32))
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", "height", "width", 3])
    results = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None, None]) for name in outputs
    ]
    return builder.onnx.finish([images], results)
