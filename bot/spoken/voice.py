"""Kokoro-82M's Mandarin voices: text as it is read in, 24 kHz speech out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
from misaki.zh import ZHG2P

from bot.spoken import weights
from bot.spoken.line import VOICE_RATE, Samples

_LETTERS = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf", "G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI",
    "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ",
    "S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi", "W": "dˈʌbᵊlju", "X": "ˈɛks", "Y": "wˈI", "Z": "zˈi",
}  # fmt: skip
_PIECES = re.compile(r"[A-Z]+|[^A-Z]+")
_LONGEST = 509  # rows of a style file, less the empty text
_TRIM = 0.01
_MARGIN = int(0.03 * VOICE_RATE)


class Voices:
    """The eight Mandarin voices on one ONNX session."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Join and check the weights in `folder`; `threads` is for one utterance. Raises weights.WeightsMissing."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = weights.kokoro_model(folder)
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._ids: dict[str, int] = json.loads(weights.kokoro_vocabulary(folder).read_text("utf-8"))["vocab"]
        self._styles = {
            voice: np.frombuffer(weights.voice_style(folder, voice), dtype=np.float32).reshape(-1, 256)
            for voice in weights.VOICES
        }

    @staticmethod
    def phonemes(text: str) -> str:
        """The phonemes of a text that reading.reading made; letters are spelled the English way."""
        found: list[str] = []
        for piece in _PIECES.findall(text):
            if piece[0] in _LETTERS:
                found.append(" ".join(_LETTERS[letter] for letter in piece))
            else:
                found.append(str(ZHG2P.legacy_call(ZHG2P.map_punctuation(piece))))
        return " ".join(found)

    def speak(self, text: str, voice: str, speed: float) -> Samples:
        """`text` (see phonemes) as `voice` says it, 24 kHz, -1 to 1, silence at both ends trimmed.

        `speed` is 1 for the voice's own pace. Raises ValueError for a text too long for one utterance or without
        sounds, KeyError for an unknown voice.
        """
        ids = [self._ids[sound] for sound in self.phonemes(text) if sound in self._ids]
        if not 0 < len(ids) <= _LONGEST:
            raise ValueError(f"{len(ids)} phonemes in {text!r}")
        inputs = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": self._styles[voice][len(ids) - 1].reshape(1, 256),
            "speed": np.array([speed], dtype=np.float32),
        }
        speech = np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel()
        loud = np.flatnonzero(np.abs(speech) > _TRIM)
        if not len(loud):
            raise ValueError(f"no sound came of {text!r}")
        return speech[max(0, loud[0] - _MARGIN) : loud[-1] + _MARGIN]
