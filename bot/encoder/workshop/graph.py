"""An encoder's weights as an ONNX file of 8-bit numbers.

One message goes in at a time, without padding: dynamic quantisation takes its scale from the whole input, so a vector
would depend on the company a message is computed in. The rows of the vocabulary are 8-bit with a scale each, the
matrices 8-bit with a scale for each column; everything else stays float32.

Input ``ids``: the tokens' numbers, int64, (tokens). Output ``vector``: their mean after the last layer, scaled to
length 1, float32, (hidden).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 17  # the first with LayerNormalization


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def linear(self, source: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self.add("MatMul", [source, self.constant(f"{name}.w", weight.T)], f"{name}.product")
        return self.add("Add", [product, self.constant(f"{name}.b", bias)], name)

    def normalised(self, source: str, name: str, weight: np.ndarray, bias: np.ndarray, epsilon: float) -> str:
        inputs = [source, self.constant(f"{name}.w", weight), self.constant(f"{name}.b", bias)]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=epsilon)


def write(tensors: Mapping[str, np.ndarray], layers: int, heads: int, epsilon: float, file: Path) -> None:
    """Write the network whose tensors carry the names of ``e5.read`` (layers numbered from 0) to ``file``."""
    graph = _Graph()
    hidden = tensors["emb.pos"].shape[1]
    state = _embedding(graph, tensors, epsilon)
    for layer in range(layers):
        part = {name.split(".", 1)[1]: value for name, value in tensors.items() if name.startswith(f"l{layer}.")}
        state = _layer(graph, f"l{layer}", part, state, heads, epsilon)
    mean = graph.add("ReduceMean", [state], "mean", axes=[0], keepdims=0)
    length = graph.add("ReduceL2", [mean], "length", axes=[0], keepdims=1)
    graph.add("Div", [mean, length], "vector")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [hidden])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        onnx.save(model, str(exact))
        quantize_dynamic(exact, file, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)


def _embedding(graph: _Graph, tensors: Mapping[str, np.ndarray], epsilon: float) -> str:
    words = tensors["emb.word"]
    scales = np.maximum(np.abs(words).max(1, keepdims=True), 1e-8) / 127
    rows = graph.constant("emb.word", np.round(words / scales).astype(np.int8))
    narrow = graph.add("Gather", [rows, "ids"], "emb.row")
    row = graph.add("Cast", [narrow], "emb.row.float", to=TensorProto.FLOAT)
    scale = graph.add("Gather", [graph.constant("emb.scale", scales.astype(np.float32)), "ids"], "emb.row.scale")
    word = graph.add("Mul", [row, scale], "emb.row.exact")
    # The kind of segment is always the first: part of the position.
    places = graph.constant("emb.pos", tensors["emb.pos"] + tensors["emb.type"][0])
    count = graph.add("Shape", ["ids"], "count")
    start, axis = graph.constant("zero", np.array([0])), graph.constant("axis", np.array([0]))
    place = graph.add("Slice", [places, start, count, axis], "emb.place")
    both = graph.add("Add", [word, place], "emb.sum")
    return graph.normalised(both, "emb.ln", tensors["emb.ln.w"], tensors["emb.ln.b"], epsilon)


def _layer(graph: _Graph, name: str, part: Mapping[str, np.ndarray], source: str, heads: int, epsilon: float) -> str:
    hidden = part["q.w"].shape[0]
    size = hidden // heads
    # One product for query, key and value; the scale of the attention is part of the query.
    shrink = np.float32(1 / np.sqrt(size))
    weight = np.concatenate([part["q.w"] * shrink, part["k.w"], part["v.w"]]).astype(np.float32)
    bias = np.concatenate([part["q.b"] * shrink, part["k.b"], part["v.b"]]).astype(np.float32)
    mixed = graph.linear(source, f"{name}.qkv", weight, bias)
    shape = graph.constant(f"{name}.shape", np.array([-1, 3, heads, size]))
    apart = graph.add("Reshape", [mixed, shape], f"{name}.apart")
    turned = graph.add("Transpose", [apart], f"{name}.turned", perm=[1, 2, 0, 3])  # 3, heads, tokens, size
    query, key, value = (
        graph.add("Gather", [turned, graph.constant(f"{name}.{index}", np.array(index))], f"{name}.{kind}", axis=0)
        for index, kind in enumerate(("query", "key", "value"))
    )
    across = graph.add("Transpose", [key], f"{name}.across", perm=[0, 2, 1])
    weights = graph.add("Softmax", [graph.add("MatMul", [query, across], f"{name}.fit")], f"{name}.weights", axis=-1)
    seen = graph.add("MatMul", [weights, value], f"{name}.seen")
    ordered = graph.add("Transpose", [seen], f"{name}.ordered", perm=[1, 0, 2])
    flat = graph.constant(f"{name}.flat", np.array([-1, hidden]))
    joined = graph.add("Reshape", [ordered, flat], f"{name}.joined")
    out = graph.linear(joined, f"{name}.ao", part["ao.w"], part["ao.b"])
    middle = graph.add("Add", [source, out], f"{name}.middle")
    middle = graph.normalised(middle, f"{name}.aln", part["aln.w"], part["aln.b"], epsilon)
    inner = _gelu(graph, graph.linear(middle, f"{name}.fi", part["fi.w"], part["fi.b"]), name)
    outer = graph.linear(inner, f"{name}.fo", part["fo.w"], part["fo.b"])
    last = graph.add("Add", [middle, outer], f"{name}.last")
    return graph.normalised(last, f"{name}.oln", part["oln.w"], part["oln.b"], epsilon)


def _gelu(graph: _Graph, source: str, name: str) -> str:
    """x/2 (1 + erf(x / sqrt 2)), in the shape onnxruntime recognises and computes in one step."""
    root = graph.constant(f"{name}.root", np.array(np.sqrt(2), np.float32))
    one = graph.constant(f"{name}.one", np.array(1, np.float32))
    half = graph.constant(f"{name}.half", np.array(0.5, np.float32))
    share = graph.add("Erf", [graph.add("Div", [source, root], f"{name}.scaled")], f"{name}.erf")
    whole = graph.add("Mul", [source, graph.add("Add", [share, one], f"{name}.shifted")], f"{name}.whole")
    return graph.add("Mul", [whole, half], f"{name}.gelu")
