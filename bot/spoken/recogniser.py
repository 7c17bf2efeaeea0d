"""Whisper base, multilingual, as the hotline runs it: int8, greedy, Mandarin, ten seconds of features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from scipy import signal

from bot.spoken import weights
from bot.spoken.gates import PROMPT
from bot.spoken.line import LINE_RATE, Samples

_RATE = 16_000
_FRAMES_PER_S = 100
_WINDOW = 10 * _FRAMES_PER_S
_LONGEST = 30 * _FRAMES_PER_S
_TOKENS_PER_S = 12


@dataclass(frozen=True)
class Hearing:
    """A recognised utterance; `logprob` and `silence` as gates.refusal takes them."""

    text: str
    logprob: float
    silence: float


class Recogniser:
    """The recogniser with its weights loaded."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Join and check the weights in `folder`; `threads` is for one utterance. Raises weights.WeightsMissing."""
        path = weights.whisper_model(folder)
        self._whisper = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=threads)
        self._tokenizer = Tokenizer(self._whisper.hf_tokenizer, True, task="transcribe", language="zh")
        self._prompt = self._tokenizer.encode(" " + PROMPT)

    def hear(self, speech: Samples, *, prompted: bool) -> Hearing:
        """What is heard of `speech` (8 kHz, at most 30 s, the rest is cut), with gates.PROMPT if `prompted`."""
        wide = signal.resample_poly(speech, _RATE // LINE_RATE, 1).astype(np.float32)
        features = self._whisper.feature_extractor(wide)
        # The window costs time in proportion; cut to the bare length the model invents text.
        frames = min(max(_WINDOW, features.shape[-1]), _LONGEST)
        encoded = self._whisper.encode(pad_or_trim(features, frames))
        previous = self._prompt if prompted else []
        prompt = self._whisper.get_prompt(self._tokenizer, previous, without_timestamps=True)
        seconds = len(speech) / LINE_RATE
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=min(len(prompt) + 10 + int(seconds * _TOKENS_PER_S), self._whisper.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        tokens = result.sequences_ids[0]
        logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        # Half a character comes as a replacement mark.
        text = self._tokenizer.decode(tokens).replace("\ufffd", "").strip()
        return Hearing(text, logprob, result.no_speech_prob)
