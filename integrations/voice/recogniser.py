"""The recogniser: a server of the operator's choice that speaks OpenAI's audio form, as most do.

Sound in, text out. No recogniser configured is the normal case; a resident is then asked to type.
"""

import functools
import math
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from integrations.gateway.settings import Settings

PATH = "/audio/transcriptions"
MODELS_PATH = "/models"
VERSION = "/v1"
LANGUAGE = "zh"
LIMITS = httpx.Timeout(30.0, connect=3.0)
"""A minute of speech takes a recogniser without a graphics card up to twenty seconds."""
READY_SECONDS = 1.0
LONGEST_PROMPT = 180
"""Characters; Whisper reads the last 224 tokens of a prompt, and a Chinese character may be more than one."""
SILENT_PROBABILITY, SILENT_LOGPROB = 0.6, -1.0
"""Whisper's own rule: probably no speech, and the text not believed either."""
_BUSY = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS})
_NO_ENTRY = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})


class RecogniserUnavailable(Exception):
    """It does not answer, or is busy: trying again later is right."""


class RecogniserRefused(Exception):
    """It does not want this sound or this key, or answers something else: trying again does not help."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a server made of a sound.

    Attributes:
        text: without blanks around; empty where nothing is said.
        confidence: 0 to 1; None where the server gives none.
        refused: why there is no text, where the server says so.
    """

    text: str
    confidence: float | None = None
    refused: str | None = None


class Recogniser:
    """Asks one recognition server.

    Args:
        url: where it listens, with or without ``/v1``.
        key: sent as a bearer token; None where it wants none.
        model: the name the server knows its model by.
        transport: another way to it, for tests.
    """

    def __init__(
        self, url: str, key: SecretStr | None, model: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._model = model
        self._base = base_of(url)
        self._http = client_of(key, transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def text_of(self, wav: bytes) -> str:
        """What is said in it; empty where nothing is.

        Raises:
            RecogniserUnavailable: try again later.
            RecogniserRefused: it will not recognise this.
        """
        return (await self.transcript_of(wav)).text

    async def transcript_of(self, wav: bytes, *, prompt: str = "", detailed: bool = False) -> Transcript:
        """What is said in it, and how sure the server is.

        Args:
            prompt: likely words (:func:`prompt_of`).
            detailed: asks for the form with probabilities, which simple servers refuse.

        Raises:
            RecogniserUnavailable: try again later.
            RecogniserRefused: it will not recognise this.
        """
        form = "verbose_json" if detailed else "json"
        fields = {"model": self._model, "language": LANGUAGE, "response_format": form}
        if prompt:
            fields["prompt"] = prompt
        try:
            response = await self._http.post(
                self._base + PATH, data=fields, files={"file": ("voice.wav", wav, "audio/wav")}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RecogniserUnavailable(type(error).__name__) from error
        if response.status_code in _BUSY or response.is_server_error:
            raise RecogniserUnavailable(str(response.status_code))
        if response.status_code != httpx.codes.OK:
            raise RecogniserRefused(str(response.status_code))
        return _transcript(response)

    async def ready(self) -> bool:
        """Whether it works now; quick, never raises."""
        return await answers(self._http, self._base)


def recogniser_of(settings: Settings) -> Recogniser | None:
    """The recogniser that is configured, our own speech service where there is none, or None."""
    if settings.recogniser_url is not None:
        return Recogniser(str(settings.recogniser_url), settings.recogniser_key, settings.recogniser_model)
    return None if settings.speech_url is None else Recogniser(str(settings.speech_url), None, "")


def client_of(key: SecretStr | None, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Connections to a speech server."""
    return httpx.AsyncClient(
        timeout=LIMITS, headers=bearer(key), trust_env=False, verify=_certificates(), transport=transport
    )


def bearer(key: SecretStr | None) -> dict[str, str]:
    """The header that shows a key."""
    return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}


@functools.cache
def _certificates() -> ssl.SSLContext:
    """One for all: to read the authorities takes 50 ms each time."""
    return httpx.create_ssl_context()


def base_of(url: str) -> str:
    """The address that ends with ``/v1``."""
    base = url.rstrip("/")
    return base if base.endswith(VERSION) else base + VERSION


async def answers(http: httpx.AsyncClient, base: str) -> bool:
    """Whether a server in OpenAI's form is there and takes the key; it need not know the address that is asked."""
    try:
        response = await http.get(base + MODELS_PATH, timeout=READY_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return not response.is_server_error and response.status_code not in _NO_ENTRY


def prompt_of(hints: Sequence[str]) -> str:
    """Likely words as a prompt: the first of them, as many as a recogniser reads."""
    prompt = ""
    for hint in hints:
        longer = f"{prompt}，{hint}" if prompt else hint
        if len(longer) > LONGEST_PROMPT:
            break
        prompt = longer
    return prompt


def _transcript(response: httpx.Response) -> Transcript:
    try:
        answer = response.json()
    except ValueError as error:
        raise RecogniserRefused("no_json") from error
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        raise RecogniserRefused("no_text")
    refused = answer.get("refused")
    if isinstance(refused, str) and refused:
        return Transcript("", 0.0, refused)
    return _judged(text.strip(), answer)


def _judged(text: str, answer: dict[str, Any]) -> Transcript:
    """The confidence: the server's own, or Whisper's mean probability of a token, each segment by its length."""
    if (given := _number(answer.get("confidence"))) is not None:
        return Transcript(text, min(1.0, max(0.0, given)))
    segments = answer.get("segments")
    weighed = [_weighed(segment) for segment in segments] if isinstance(segments, list) else []
    known = [figures for figures in weighed if figures is not None]
    if not known:
        return Transcript(text)
    whole = sum(seconds for seconds, _, _ in known)
    logprob = sum(seconds * logprob for seconds, logprob, _ in known) / whole
    if logprob < SILENT_LOGPROB and min(silent for _, _, silent in known) > SILENT_PROBABILITY:
        return Transcript("", 0.0, "no_speech")
    return Transcript(text, math.exp(min(0.0, logprob)))


def _weighed(segment: object) -> tuple[float, float, float] | None:
    """A segment's seconds, mean log-probability of a token, and probability that nobody speaks."""
    if not isinstance(segment, dict) or (logprob := _number(segment.get("avg_logprob"))) is None:
        return None
    begin, end = _number(segment.get("start")), _number(segment.get("end"))
    seconds = end - begin if begin is not None and end is not None and end > begin else 1.0
    return seconds, logprob, _number(segment.get("no_speech_prob")) or 0.0


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
