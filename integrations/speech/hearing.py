"""What was heard of an utterance and how far to believe it; where a long one is cut."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.spoken.gates import PROMPT, refusal
from integrations.speech.sound import Samples

RATE = 16_000
WINDOW_SECONDS = 10
_EARLIEST_CUT = 6.0
_FRAME = RATE // 50  # 20 ms
_LEAST = 0.003  # -50 dB below full scale: no telephone line is that quiet while somebody speaks
_OVER_NOISE = 2.0  # 6 dB
_OVER_STEADY = 1.3
_UNDER_VOICE = 0.12  # 18 dB
_LEAST_VOICE_FRAMES = 5
_FASTEST = 14.0  # characters a second of sound; the fastest speakers reach 9
_ECHO = 8
# Of 1,100 telephone utterances (nlu_data/spoken), two thirds of the syllables are right in a half at an average
# log-probability of about -.66, in nine tenths at -.48, in a third at -.85 (there this curve is lower on purpose).
_HALF_RIGHT = -0.66
_STEEPNESS = 8.0


@dataclass(frozen=True, slots=True)
class Hearing:
    """A recognised piece; `logprob` and `silence` as :func:`bot.spoken.gates.refusal` takes them."""

    text: str
    logprob: float
    silence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is believed of an utterance.

    Attributes:
        confidence: 0 to 1: how likely most syllables are right.
        refused: why nothing is believed, by the gate's name; None where there is text.
        pieces: what was heard, believed or not.
    """

    text: str
    confidence: float
    refused: str | None
    pieces: tuple[Hearing, ...] = ()


def prompt_of(hints: str) -> str:
    """What the recogniser is told to expect: the words of the trade and the caller's hints, which count most."""
    return PROMPT + hints.strip()[:200]


def voiced(speech: Samples, rate: int = RATE) -> list[bool]:
    """For each 20 ms whether somebody may be speaking: louder than the line's noise and not far below the loudest."""
    level = _levels(speech, rate)
    if not len(level):
        return []
    noise, voice = float(np.percentile(level, 10)), float(np.percentile(level, 95))
    # Where the utterance has no pause its quietest tenth is speech too, hence never above half of the loud.
    least = max(_LEAST, min(noise * _OVER_NOISE, voice * 0.5), voice * _UNDER_VOICE)
    return [bool(frame > least) for frame in level]


def has_voice(speech: Samples, rate: int = RATE) -> bool:
    """Whether a recogniser should hear it at all; on silence and steady noise it invents text."""
    level = _levels(speech, rate)
    if len(level) < _LEAST_VOICE_FRAMES:
        return False
    loud, median = np.sort(level)[-_LEAST_VOICE_FRAMES], float(np.median(level))
    # Syllables rise and fall; noise of a line stays within a few dB.
    return bool(loud > max(_LEAST, _OVER_STEADY * median))


def _levels(speech: Samples, rate: int) -> Samples:
    frame = rate // 50
    whole = speech[: len(speech) // frame * frame].reshape(-1, frame)
    return np.sqrt(np.mean(np.square(whole), axis=1))


def cut(speech: Samples) -> int:
    """Where to cut what is longer than a window: the middle of its quietest 200 ms between 6 and 10 s, in samples."""
    begin, end = int(_EARLIEST_CUT * RATE), WINDOW_SECONDS * RATE
    frames = np.square(speech[begin:end].reshape(-1, _FRAME)).mean(axis=1)
    calm = np.convolve(frames, np.ones(10), mode="valid")
    return begin + (int(np.argmin(calm)) + 5) * _FRAME


def judged(pieces: Sequence[tuple[Hearing, float]], hints: str) -> Verdict:
    """What to believe of an utterance.

    Args:
        pieces: what was heard, each with its seconds of sound.
        hints: what the recogniser was told to expect beside the words of the trade.
    """
    heard = tuple(hearing for hearing, _ in pieces)
    if not pieces:
        return Verdict("", 0.0, "silence")
    gates = [_refusal(hearing, seconds, hints) for hearing, seconds in pieces]
    kept = [hearing for hearing, gate in zip(heard, gates, strict=True) if gate is None]
    if not kept:
        return Verdict("", 0.0, gates[0], heard)
    weight = sum(len(hearing.text) for hearing in kept)
    confidence = sum(_confidence(hearing) * len(hearing.text) for hearing in kept) / weight
    return Verdict(_joined([hearing.text for hearing in kept]), round(confidence, 3), None, heard)


def _refusal(hearing: Hearing, seconds: float, hints: str) -> str | None:
    if len(hearing.text) > 4 + seconds * _FASTEST:
        return "too_fast"
    text = hearing.text
    told = hints.strip()
    # A single hint said back is an answer; two in a row with the mark between them are an echo.
    grams = (text[at : at + _ECHO] for at in range(len(text) - _ECHO + 1))
    if any(gram in told and re.search(r"[、，,]", gram) for gram in grams):
        return "prompt"
    return refusal(text, hearing.logprob, hearing.silence)


def _confidence(hearing: Hearing) -> float:
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (hearing.logprob - _HALF_RIGHT)))


def _joined(texts: list[str]) -> str:
    joined = texts[0]
    for text in texts[1:]:
        joined += text if joined[-1:] in "，。！？,.!?" else "，" + text
    return joined
