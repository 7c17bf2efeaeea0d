"""vosk-server's WebSocket: each message with sound has its answer, the end has the last one."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from integrations.voice.engines.resample import RECOGNISER_RATE, Resampler
from integrations.voice.engines.socket import Garbled, SocketRecogniser, confidence_of
from integrations.voice.line import SAMPLE_RATE
from integrations.voice.speech import Heard

END = '{"eof" : 1}'
"""The server compares the characters, blanks included."""
UNKNOWN_WORD = "[unk]"
UNKNOWN = 0.8
"""The confidence where the server gives none."""


class VoskTalk:
    """The protocol's messages for one utterance."""

    patience: float | None = None

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = phrases
        self._resampler = Resampler(SAMPLE_RATE, RECOGNISER_RATE)
        self._unanswered = 0
        self._texts: list[str] = []
        self._confidences: list[float] = []

    def opening(self) -> str:
        """How it shall listen: 16 kHz, as models for 16 kHz refuse less and those for 8 kHz take more."""
        config: dict[str, object] = {"sample_rate": RECOGNISER_RATE, "words": True, "max_alternatives": 0}
        if self._phrases:
            config["phrase_list"] = [*self._phrases, UNKNOWN_WORD]
        return json.dumps({"config": config}, ensure_ascii=False)

    def pieces(self, pcm: bytes) -> list[bytes]:
        """As it comes."""
        sound = self._resampler.feed(pcm)
        self._unanswered += bool(sound)
        return [sound] if sound else []

    def closing(self) -> list[bytes | str]:
        """The rest and the end."""
        rest = self._resampler.end()
        self._unanswered += 1 + bool(rest)
        return [rest, END] if rest else [END]

    def take(self, answer: dict[str, Any], ended: bool) -> Heard | None:
        """Keep what is complete: it cuts a long utterance into several results."""
        self._unanswered -= 1
        if "text" in answer:
            self._keep(answer)
        elif "partial" not in answer:
            raise Garbled("no_text")
        return self._heard() if ended and self._unanswered == 0 else None

    def leftover(self, closed: bool) -> Heard | None:
        """Without its last answer the end of the utterance is missing."""
        return None

    def _keep(self, answer: dict[str, Any]) -> None:
        text, words = answer["text"], answer.get("result", [])
        if not isinstance(text, str) or not isinstance(words, list):
            raise Garbled("text")
        self._texts.append(text)
        self._confidences += [
            confidence_of(word.get("conf"), UNKNOWN) for word in words if isinstance(word, dict) and "conf" in word
        ]

    def _heard(self) -> Heard:
        text = _joined(" ".join(self._texts).replace(UNKNOWN_WORD, " "))
        if not text:
            return Heard("", 0.0, "nothing_heard")
        known = self._confidences
        return Heard(text, sum(known) / len(known) if known else UNKNOWN)


class VoskRecogniser(SocketRecogniser):
    """Asks a vosk-server.

    Args:
        only_hints: nothing but the hints can be heard. For vosk a phrase list is a grammar, not a hint: whatever else
            the caller says becomes one of the phrases or is lost. So it is off, and hints are not sent.
    """

    def __init__(self, url: str, key: SecretStr | None = None, *, only_hints: bool = False) -> None:
        super().__init__(url, key, lambda hints: VoskTalk(hints if only_hints else ()))


def _joined(words: str) -> str:
    """Text without the blanks between words, but with those between Latin ones."""
    text = ""
    for word in words.split():
        both_latin = bool(text) and text[-1].isascii() and word[0].isascii()
        text += f" {word}" if both_latin else word
    return text
