"""The encoder's opinion: which intent's messages a message lies close to.

A linear model over the encoder's vectors (``bot.encoder``), less their mean, which all messages share.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.encoder.cache import FOLDER, VectorCache
from bot.encoder.folder import OWN, EncoderFolder, opened
from bot.encoder.session import Encoder

OWN_NAME = "own"
"""What the configuration calls the encoder that comes with the project."""


def folder_of(name: str) -> EncoderFolder:
    """The folder that the configuration's `encoder` names: the project's own or a path.

    Raises:
        BadFolder: it holds no encoder.
    """
    return opened(OWN if name == OWN_NAME else Path(name))


class Meaning:
    """Messages as rows of numbers around their common mean."""

    def __init__(self, encoder: Encoder, mean: np.ndarray | None = None) -> None:
        """An encoder and the mean of the vectors, once it is learned."""
        self.encoder = encoder
        self.mean = np.zeros(encoder.hidden, np.float32) if mean is None else mean

    def learn(self, texts: Sequence[str]) -> np.ndarray:
        """The rows of the training messages, whose mean becomes the centre; known vectors come from the cache."""
        kept = os.environ.get(FOLDER)
        vectors = VectorCache(Path(kept) if kept else None, self.encoder.version).vectors(texts, self.encoder.vectors)
        self.mean = vectors.mean(0)
        return self._around_mean(vectors)

    def row(self, text: str) -> np.ndarray:
        """The row of one normalised text."""
        return self._around_mean(self.encoder.vector(text))

    def _around_mean(self, vectors: np.ndarray) -> np.ndarray:
        centred = vectors - self.mean
        return centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-6)
