"""Engines that need no weights."""

import threading
from collections.abc import Callable

import numpy as np

from integrations.speech.errors import Dropped, Unspeakable
from integrations.speech.hearing import RATE, Hearing
from integrations.speech.sound import Samples
from integrations.speech.speaker import VOICE_RATE
from integrations.speech.weights import VoiceName

SECONDS_A_CHARACTER = 0.1


def tone(seconds: float, rate: int = RATE, hertz: float = 300.0, loud: float = 0.3) -> Samples:
    """Something like a voice: a tone that swells four times a second."""
    at = np.arange(int(seconds * rate)) / rate
    return (loud * np.sin(2 * np.pi * hertz * at) * np.abs(np.sin(2 * np.pi * 2 * at))).astype(np.float32)


def quiet(seconds: float, rate: int = RATE) -> Samples:
    """A line on which nobody speaks."""
    return (np.random.default_rng(1).standard_normal(int(seconds * rate)) * 0.001).astype(np.float32)


class Recogniser:
    """Says how long what it heard was; may be held back."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.prompts: list[str] = []
        self.go = threading.Event()
        self.go.set()
        self.logprob = -0.2

    def hear(self, speech: Samples, prompt: str, wanted: Callable[[], bool]) -> Hearing:
        """Ten milliseconds are no more than a count."""
        self.go.wait(10)
        if not wanted():
            raise Dropped
        seconds = round(len(speech) / RATE, 1)
        self.heard.append(seconds)
        self.prompts.append(prompt)
        return Hearing(f"听到{seconds}秒", self.logprob, 0.01)


class Voice:
    """A tenth of a second for each character."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def speak(self, text: str, voice: VoiceName, speed: float) -> Samples:
        """A tone; nothing can be said of 哑."""
        self.go.wait(10)
        if "哑" in text:
            raise Unspeakable(text)
        self.said.append(text)
        return tone(len(text) * SECONDS_A_CHARACTER / speed, VOICE_RATE)


class Load:
    """Loads them at once; an engine that is None fails to load."""

    def __init__(self, recogniser: Recogniser | None = None, voice: Voice | None = None) -> None:
        self._recogniser = recogniser
        self._voice = voice

    def recogniser(self, places: int) -> Recogniser:
        """It, or a failure."""
        if self._recogniser is None:
            raise FileNotFoundError("no weights")
        return self._recogniser

    def voice(self) -> Voice:
        """It, or a failure."""
        if self._voice is None:
            raise FileNotFoundError("no weights")
        return self._voice
