"""A voice behind HTTP in OpenAI's form: text in, sound out while it is made."""

from collections.abc import AsyncGenerator, Mapping

import httpx
from pydantic import SecretStr

from integrations.voice.engines.resample import NoSound, TelephoneSound
from integrations.voice.recogniser import answers, base_of, client_of
from integrations.voice.speech import SpeechUnavailable

PATH = "/audio/speech"
RATE = 24_000
"""Hertz of ``pcm`` in OpenAI's form."""
_UNPLAYABLE = (
    *("text/", "application/json", "application/problem"),
    *(f"audio/{name}" for name in ("mp", "ogg", "opus", "aac", "flac", "webm")),
)


class HttpVoice:
    """Speaks with one server.

    Args:
        url: where it listens, with or without ``/v1``.
        key: sent as a bearer token; None where it wants none.
        model: the name the server knows its model by.
        name: the voice's name there.
        speed: 1 is its ordinary speed.
        rate: hertz of the bare samples it sends; a WAV file says its own.
        extra: further fields of the request.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr | None,
        model: str,
        name: str,
        speed: float,
        *,
        rate: int = RATE,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self._base = base_of(url)
        self._fields = {"model": model, "voice": name, "speed": speed, "response_format": "pcm", **(extra or {})}
        self._rate = rate
        self._http = client_of(key)

    async def speak(self, text: str) -> AsyncGenerator[bytes]:
        """Say a text, piece by piece as it arrives; silence for a text without anything to say."""
        if not any(character.isalnum() for character in text):
            return
        came = False
        try:
            async with self._http.stream("POST", self._base + PATH, json={**self._fields, "input": text}) as response:
                sound = TelephoneSound(_rate(response, self._rate))
                async for data in response.aiter_bytes():
                    if piece := sound.feed(data):
                        came = True
                        yield piece
                if piece := sound.end():
                    came = True
                    yield piece
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SpeechUnavailable(type(error).__name__) from None
        except NoSound as reason:
            raise SpeechUnavailable(str(reason)) from None
        if not came:
            raise SpeechUnavailable("no_sound")

    async def ready(self) -> bool:
        """Whether it works now; quick, never raises."""
        return await answers(self._http, self._base)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _rate(response: httpx.Response, usual: int) -> int:
    """The rate of bare samples in an answer: ``audio/pcm;rate=16000`` says it.

    Raises:
        SpeechUnavailable: it refuses, or sends what is no bare sound and no WAV.
    """
    if response.status_code != httpx.codes.OK:
        raise SpeechUnavailable(f"http_{response.status_code}")
    kind, *parameters = response.headers.get("Content-Type", "").lower().replace(" ", "").split(";")
    if kind.startswith(_UNPLAYABLE):
        raise SpeechUnavailable("format")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "rate" and value.isascii() and value.isdigit() and 8_000 <= int(value) <= 192_000:
            return int(value)
    return usual
