"""A file of weights in the format that the workshop reads, small enough to be written by a test; and its arithmetic.

Two layers of 32 numbers over characters: random, but every time the same. `vector` computes with it in the plainest
way there is, to compare the real one with.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 32, 2, 4, 64, 128
EPSILON = 1e-5
CHARACTERS = (
    "我家还欠多少钱物业费查一下有没交的用要款水龙头漏马桶堵了灯坏叫人来修门锁打不开道空调制冷你好您早上在吗晚哈喽再见"
)
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    *dict.fromkeys(CHARACTERS),
    *"，。？0123456789abcdefghijklmnopqrstuvwxyz",
    "物业费",
    "▁水",
    "wi",
    # nobody writes these here
    "樓",
    "物業費",
    "hello",
    "▁the",
    "при",
    "の",
]
UNNEEDED = 6
"""So many of the last pieces."""

Tensors = dict[str, np.ndarray]
_erf = np.vectorize(math.erf)


def tensors() -> Tensors:
    """The weights, as exact as 4 bits are."""
    chance = np.random.default_rng(7)

    def drawn(*shape: int, around: float = 0.0, wide: float = 0.3) -> np.ndarray:
        return chance.normal(around, wide, shape).astype(np.float32)

    made = {
        "emb.word": drawn(len(PIECES), HIDDEN, wide=1.0),
        "emb.pos": drawn(POSITIONS, HIDDEN, wide=0.2),
        "emb.type": drawn(1, HIDDEN),
    }
    for norm in ("emb.ln", *(f"l{layer}.{part}" for layer in range(LAYERS) for part in ("aln", "oln"))):
        made[f"{norm}.w"], made[f"{norm}.b"] = drawn(HIDDEN, around=1.0), drawn(HIDDEN)
    shapes = {**dict.fromkeys(("q", "k", "v", "ao"), (HIDDEN, HIDDEN)), "fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}
    for layer in range(LAYERS):
        for part, shape in shapes.items():
            made[f"l{layer}.{part}.w"], made[f"l{layer}.{part}.b"] = drawn(*shape), drawn(shape[0])
    return {name: _exact(tensor) if tensor.ndim == 2 else tensor for name, tensor in made.items()}


def _blocks(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scales and 4-bit numbers of blocks of 32."""
    blocks = tensor.reshape(-1, 32)
    scales = (np.abs(blocks).max(1) / 7).astype(np.float16)
    return scales, np.clip(np.round(blocks / scales[:, None].astype(np.float32)) + 8, 0, 15).astype(np.uint8)


def _exact(tensor: np.ndarray) -> np.ndarray:
    scales, numbers = _blocks(tensor)
    return ((numbers.astype(np.float32) - 8) * scales[:, None].astype(np.float32)).reshape(tensor.shape)


def contents(given: Tensors | None = None) -> bytes:
    """The whole file."""
    encoded = [piece.encode() for piece in PIECES]
    blob = b"".join(encoded)
    head = b"E5S1" + struct.pack("<8i", 1, HIDDEN, LAYERS, HEADS, INNER, len(PIECES), POSITIONS, 1)
    head += struct.pack("<fi", EPSILON, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 1, 2, 3, len(blob))
    head += np.cumsum([0, *map(len, encoded)]).astype("<u4").tobytes()
    head += np.array([0.0] * 4 + [-2.0 - len(piece) for piece in PIECES[4:]], "<f4").tobytes()
    head += blob + struct.pack("<iI", 1, 5) + b"table"
    found = [(name, tensor.ndim == 2, tensor.size, _bytes(tensor)) for name, tensor in (given or tensors()).items()]
    at = len(head) + 4 + sum(2 + len(name) + struct.calcsize("<BIQQ") for name, *_ in found)
    directory = struct.pack("<i", len(found))
    for name, is_narrow, count, data in found:
        directory += (
            struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", is_narrow, count, at, len(data))
        )
        at += len(data)
    return head + directory + b"".join(data for *_, data in found)


def _bytes(tensor: np.ndarray) -> bytes:
    if tensor.ndim == 1:
        return tensor.astype("<f4").tobytes()
    scales, numbers = _blocks(tensor)
    halves = numbers[:, :16] | numbers[:, 16:] << 4
    return b"".join(scale.tobytes() + half.tobytes() for scale, half in zip(scales, halves, strict=True))


def write(file: Path) -> Path:
    """Write it and return where."""
    file.write_bytes(contents())
    return file


def mean(weights: Tensors, ids: Sequence[int], layers: Sequence[int] = range(LAYERS)) -> np.ndarray:
    """The mean of the last layer for these rows of the vocabulary, in float64."""
    count, size = len(ids), HIDDEN // HEADS
    states = weights["emb.word"][list(ids)].astype(float) + weights["emb.pos"][:count] + weights["emb.type"][0]
    states = _normalised(weights, "emb.ln", states)
    for layer in layers:
        query, key, value = (_linear(weights, f"l{layer}.{part}", states) for part in "qkv")
        seen = np.zeros_like(states)
        for head in range(HEADS):
            own = slice(head * size, (head + 1) * size)
            fit = np.exp(query[:, own] @ key[:, own].T / math.sqrt(size))
            seen[:, own] = fit / fit.sum(1, keepdims=True) @ value[:, own]
        states = _normalised(weights, f"l{layer}.aln", states + _linear(weights, f"l{layer}.ao", seen))
        inner = _linear(weights, f"l{layer}.fi", states)
        inner = inner / 2 * (1 + _erf(inner / math.sqrt(2)))
        states = _normalised(weights, f"l{layer}.oln", states + _linear(weights, f"l{layer}.fo", inner))
    return states.mean(0)


def vector(weights: Tensors, ids: Sequence[int], layers: Sequence[int] = range(LAYERS)) -> np.ndarray:
    """The same, scaled to length 1."""
    found = mean(weights, ids, layers)
    return found / np.linalg.norm(found)


def _linear(weights: Tensors, name: str, states: np.ndarray) -> np.ndarray:
    return states @ weights[f"{name}.w"].T.astype(float) + weights[f"{name}.b"]


def _normalised(weights: Tensors, name: str, states: np.ndarray) -> np.ndarray:
    centred = states - states.mean(1, keepdims=True)
    return centred / np.sqrt(centred.var(1, keepdims=True) + EPSILON) * weights[f"{name}.w"] + weights[f"{name}.b"]
