"""FunASR's two-pass WebSocket servers: quick text while the caller speaks, better text when a sentence is over.

There are two servers with one protocol. The C++ one ends with a message whose ``is_final`` is true, text or none. The
Python one says in ``is_final`` whether the caller still speaks, and nothing at all where it heard nothing. So the value
of ``is_final`` changes at the end with both, and where none was seen before, silence has to do.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from websockets.typing import Subprotocol

from integrations.voice.engines.resample import RECOGNISER_RATE, Resampler
from integrations.voice.engines.socket import Garbled, SocketRecogniser
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.speech import Heard

SUBPROTOCOL = Subprotocol("binary")
CHUNK_SIZE = (5, 10, 5)
"""In 60 ms: 600 ms of sound for a quick text, with 300 ms before and after."""
CHUNK_INTERVAL = 10
PIECE_BYTES = RECOGNISER_RATE * SAMPLE_BYTES * CHUNK_SIZE[1] * 60 // CHUNK_INTERVAL // 1000
HINT_WEIGHT = 20
CONFIRMED, UNCONFIRMED = 0.8, 0.6
"""It gives no confidence: the second pass is believed like a good recogniser, the first is often corrected by it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for more after the end, with each state of the text.

    Attributes:
        settled: all there is has been confirmed by the second pass.
        pending: something is missing, or nothing was heard so far.
    """

    settled: float = 0.8
    pending: float = 3.0


class FunAsrTalk:
    """The protocol's messages for one utterance."""

    def __init__(self, hints: Sequence[str], patience: Patience) -> None:
        self._hints = hints
        self._patience = patience
        self._resampler = Resampler(SAMPLE_RATE, RECOGNISER_RATE)
        self._unsent = b""
        self._confirmed = ""
        self._quick = ""
        self._final_before_the_end: bool | None = None

    @property
    def patience(self) -> float:
        """Little where everything heard is confirmed."""
        return self._patience.settled if self._confirmed and not self._quick else self._patience.pending

    def opening(self) -> str:
        """How it shall listen."""
        start: dict[str, object] = {
            "mode": "2pass",
            "wav_name": "call",
            "wav_format": "pcm",
            "audio_fs": RECOGNISER_RATE,
            "chunk_size": CHUNK_SIZE,
            "chunk_interval": CHUNK_INTERVAL,
            "is_speaking": True,
            "itn": True,
        }
        if self._hints:
            # A string with JSON in it, not JSON: the C++ server drops the connection of who sends an object.
            start["hotwords"] = json.dumps(dict.fromkeys(self._hints, HINT_WEIGHT), ensure_ascii=False)
        return json.dumps(start, ensure_ascii=False)

    def pieces(self, pcm: bytes) -> list[bytes]:
        """Pieces of 60 ms at 16 kHz."""
        sound = self._unsent + self._resampler.feed(pcm)
        whole = len(sound) - len(sound) % PIECE_BYTES
        self._unsent = sound[whole:]
        return [sound[at : at + PIECE_BYTES] for at in range(0, whole, PIECE_BYTES)]

    def closing(self) -> list[bytes | str]:
        """The rest, filled up with silence (the Python server divides by a piece's length), and the end."""
        rest = self._unsent + self._resampler.end()
        filled = [rest[at : at + PIECE_BYTES].ljust(PIECE_BYTES, b"\0") for at in range(0, len(rest), PIECE_BYTES)]
        return [*filled, json.dumps({"is_speaking": False})]

    def take(self, answer: dict[str, Any], ended: bool) -> Heard | None:
        """Quick text is appended, confirmed text replaces it."""
        text, mode = answer.get("text"), answer.get("mode")
        if not isinstance(text, str):
            raise Garbled("no_text")
        if mode == "2pass-online":
            self._quick += text
        elif mode == "2pass-offline":
            self._confirmed += text
            self._quick = ""
        elif text:
            raise Garbled("mode")
        final = bool(answer.get("is_final"))
        if not ended:
            self._final_before_the_end = final
            return None
        turned = self._final_before_the_end is not None and final != self._final_before_the_end
        return self._heard() if turned and mode != "2pass-online" else None

    def leftover(self, closed: bool) -> Heard | None:
        """All that was heard; where the server hung up, only what it had confirmed to the end."""
        return None if closed and (self._quick or not self._confirmed) else self._heard()

    def _heard(self) -> Heard:
        text = (self._confirmed + self._quick).strip()
        if not text:
            return Heard("", 0.0, "nothing_heard")
        return Heard(text, UNCONFIRMED if self._quick else CONFIRMED)


class FunAsrRecogniser(SocketRecogniser):
    """Asks a FunASR server in two-pass mode."""

    def __init__(self, url: str, key: SecretStr | None = None, patience: Patience | None = None) -> None:
        waits = patience or Patience()
        super().__init__(url, key, lambda hints: FunAsrTalk(hints, waits), (SUBPROTOCOL,))
