"""Vectors of messages, by onnxruntime.

A message is computed alone and on one thread: its vector then depends on nothing but its text (the network's 8-bit
inputs take their scale from all that is computed together), and the same message always gets the same numbers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from bot.encoder.folder import NETWORK, TOKENIZER, EncoderFolder

LONGEST = 96
"""Tokens; a longer message is cut (the longest training message has 80). Cost grows with length: 10 ms for 21."""


class Encoder:
    """The network of a folder, ready to use from several threads."""

    def __init__(self, folder: EncoderFolder) -> None:
        """Load the network: 60 MB, .2 s."""
        self.version, self.hidden = folder.version, folder.hidden
        self._tokenizer = Tokenizer.from_file(str(folder.path / TOKENIZER))
        self._tokenizer.enable_truncation(LONGEST)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Without VNNI, sums of 8-bit products stop at 16 bits; this way such processors count like others, but slower.
        options.add_session_config_entry("session.x64quantprecision", "1")
        self._session = onnxruntime.InferenceSession(
            str(folder.path / NETWORK), options, providers=["CPUExecutionProvider"]
        )

    def vector(self, text: str) -> np.ndarray:
        """The vector of a normalised text: float32, length 1, (hidden)."""
        ids = np.array(self._tokenizer.encode(text.lower()).ids, np.int64)
        return self._session.run(["vector"], {"ids": ids})[0]

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of many texts, computed side by side on all cores: (texts, hidden)."""
        if not texts:
            return np.zeros((0, self.hidden), np.float32)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return np.stack(list(pool.map(self.vector, texts)))
