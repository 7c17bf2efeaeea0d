"""Our own speech service: one address, a WebSocket that listens and HTTP that speaks."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from integrations.voice.engines.http_voice import HttpVoice
from integrations.voice.engines.socket import BUSY, Garbled, SocketRecogniser, confidence_of, socket_url
from integrations.voice.line import SAMPLE_RATE
from integrations.voice.recogniser import client_of, prompt_of
from integrations.voice.speech import Heard, SpeechUnavailable

LISTEN_PATH = "/v1/listen"
HEALTH_PATH = "/health"
HEALTH_SECONDS = 1.0
UNKNOWN = 0.8
"""The confidence where the service gives none."""


class OwnTalk:
    """The protocol's messages for one utterance."""

    patience: float | None = None

    def __init__(self, hints: Sequence[str]) -> None:
        self._prompt = prompt_of(hints)

    def opening(self) -> str:
        """The telephone's rate: the service changes it once for all."""
        return json.dumps({"rate": SAMPLE_RATE, "prompt": self._prompt}, ensure_ascii=False)

    def pieces(self, pcm: bytes) -> list[bytes]:
        """As it comes."""
        return [pcm]

    def closing(self) -> list[bytes | str]:
        """The end."""
        return [json.dumps({"end": True})]

    def take(self, answer: dict[str, Any], ended: bool) -> Heard | None:
        """A partial text is passed over; the other answer is the result."""
        if "partial" in answer:
            return None
        if "error" in answer:
            raise SpeechUnavailable(BUSY if answer["error"] == BUSY else "not_loaded")
        text, refused = answer.get("text"), answer.get("refused")
        if not isinstance(text, str):
            raise Garbled("no_text")
        if not text.strip():
            return Heard("", 0.0, str(refused) if refused else "nothing_heard")
        return Heard(text.strip(), confidence_of(answer.get("confidence"), UNKNOWN))

    def leftover(self, closed: bool) -> Heard | None:
        """It always answers."""
        return None


class OwnRecogniser(SocketRecogniser):
    """Asks our own speech service.

    Args:
        url: where it listens, ``http://…``; its paths follow.
        key: a bearer token, where it stands behind something that wants one.
    """

    def __init__(self, url: str, key: SecretStr | None = None) -> None:
        super().__init__(socket_url(url, LISTEN_PATH), key, OwnTalk)
        self._service = url
        self._http = client_of(key)

    async def ready(self) -> bool:
        """Whether it has its recogniser loaded."""
        return await _works(self._http, self._service, "recogniser")

    async def close(self) -> None:
        """Close the connections."""
        await super().close()
        await self._http.aclose()


class OwnVoice(HttpVoice):
    """Speaks with our own speech service, which streams clause by clause at the telephone's rate."""

    def __init__(self, url: str, key: SecretStr | None, model: str, name: str, speed: float) -> None:
        super().__init__(url, key, model, name, speed, rate=SAMPLE_RATE, extra={"sample_rate": SAMPLE_RATE})
        self._service = url

    async def ready(self) -> bool:
        """Whether it has its voice loaded."""
        return await _works(self._http, self._service, "voice")


async def _works(http: httpx.AsyncClient, url: str, part: str) -> bool:
    """What the service says about one of its parts."""
    try:
        response = await http.get(url.rstrip("/") + HEALTH_PATH, timeout=HEALTH_SECONDS)
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False
    return response.is_success and isinstance(answer, dict) and answer.get(part) == "ok"
