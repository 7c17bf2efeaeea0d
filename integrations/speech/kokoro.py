"""The voice engine: Kokoro-82M in Mandarin, text as it is read in, 24 kHz speech out."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from integrations.speech.errors import Unspeakable
from integrations.speech.phonemes import phonemes, prepare
from integrations.speech.sound import Samples
from integrations.speech.weights import VOICES, VoiceName, Weights

VOICE_RATE = 24_000
_LONGEST = 509  # rows of a style file, less the empty text
_STYLE_WIDTH = 256
_TRIM = 0.01
_BEFORE = int(0.02 * VOICE_RATE)
_AFTER = int(0.05 * VOICE_RATE)
_FADE = int(0.01 * VOICE_RATE)


class Kokoro:
    """Two voices on one ONNX session; `speak` may run in several threads at once.

    Args:
        weights: where the files are.
        threads: for one clause.
        folder: where the dictionary of words may be kept in a form that loads at once.

    Raises:
        WeightsMissing: they are not there.
    """

    def __init__(self, weights: Weights, threads: int, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # An idle thread that spins takes the core from the recogniser.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = str(weights.voice_model())
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._ids: dict[str, int] = json.loads(weights.vocabulary().read_text("utf-8"))["vocab"]
        self._styles = {name: _style(weights.style(name)) for name in VOICES}
        prepare(folder)

    def speak(self, text: str, voice: VoiceName, speed: float) -> Samples:
        """A clause as the voice says it, 24 kHz, the silence at both ends trimmed.

        Args:
            text: as :func:`integrations.speech.phonemes.phonemes` takes it.
            speed: 1 for the voice's own pace.

        Raises:
            Unspeakable: nothing in it can be said.
        """
        ids = [self._ids[sound] for sound in phonemes(text) if sound in self._ids]
        if not 0 < len(ids) <= _LONGEST:
            raise Unspeakable(f"{len(ids)} phonemes")
        inputs = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": self._styles[voice][len(ids) - 1].reshape(1, _STYLE_WIDTH),
            "speed": np.array([speed], dtype=np.float32),
        }
        return _trimmed(np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel())


def _style(file: Path) -> Samples:
    return np.fromfile(file, dtype=np.float32).reshape(-1, _STYLE_WIDTH)


def _trimmed(speech: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(speech) > _TRIM)
    if not len(loud):
        raise Unspeakable("no sound")
    kept = speech[max(0, loud[0] - _BEFORE) : loud[-1] + _AFTER].copy()
    fade = np.linspace(0.0, 1.0, min(_FADE, len(kept)), dtype=np.float32)
    kept[: len(fade)] *= fade
    kept[-len(fade) :] *= fade[::-1]
    return kept
