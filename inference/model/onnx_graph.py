"""An ONNX graph as it is written, node by node."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from inference.model.tfjs import Array

IR_VERSION = 8
OPSET = 13


@dataclass(slots=True)
class OnnxGraph:
    """Nodes in the order they run, each named as its output, and constants."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, name: str, value: Array) -> str:
        self.initialisers[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def emit(
        self, op: str, inputs: Iterable[str], output: str, **attributes: int | str | Sequence[int]
    ) -> str:
        node = helper.make_node(op, list(inputs), [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return output

    def finish(
        self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """The model, checked."""
        graph = helper.make_graph(self.nodes, "ssdlite", inputs, outputs, list(self.initialisers.values()))
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="headway"
        )
        onnx.checker.check_model(model)
        return model
