"""Any HTTP server of OpenAI's audio form: the whole utterance goes up when the caller has ended, a text comes back."""

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from integrations.voice.engines.resample import RECOGNISER_RATE, resampled
from integrations.voice.engines.socket import BUSY, MOST_BYTES
from integrations.voice.line import SAMPLE_RATE
from integrations.voice.recogniser import Recogniser, RecogniserRefused, RecogniserUnavailable, Transcript, prompt_of
from integrations.voice.speech import Heard, SpeechUnavailable
from integrations.voice.wav import as_wav

UNKNOWN = 0.8
"""The confidence where the server gives none."""
_TOO_MANY = "429"
_NO_SUCH_FORM = frozenset({"400", "422"})


class OpenAiUtterance:
    """An utterance of an :class:`OpenAiRecogniser`."""

    def __init__(self, server: "OpenAiRecogniser", prompt: str) -> None:
        self._server = server
        self._prompt = prompt
        self._sound = bytearray()
        self._asking: asyncio.Task[Transcript] | None = None
        self._cancelled = False

    def feed(self, pcm: bytes) -> None:
        """Add sound; never blocks."""
        if len(self._sound) + len(pcm) <= MOST_BYTES:
            self._sound += pcm

    async def finish(self) -> Heard:
        """The caller has ended: what was said."""
        if self._cancelled:
            raise SpeechUnavailable("cancelled")
        if not self._sound:
            return Heard("", 0.0, "no_sound")
        wav = as_wav(resampled(bytes(self._sound), SAMPLE_RATE, RECOGNISER_RATE), RECOGNISER_RATE)
        self._asking = asyncio.create_task(self._server.transcript_of(wav, self._prompt))
        try:
            transcript = await self._asking
        except asyncio.CancelledError:
            if self._cancelled:
                raise SpeechUnavailable("cancelled") from None
            raise
        except (RecogniserUnavailable, RecogniserRefused) as error:
            raise SpeechUnavailable(BUSY if str(error) == _TOO_MANY else f"{type(error).__name__}_{error}") from None
        if not transcript.text:
            return Heard("", 0.0, transcript.refused or "nothing_heard")
        return Heard(transcript.text, UNKNOWN if transcript.confidence is None else transcript.confidence)

    async def cancel(self) -> None:
        """Give up the request, where one is under way."""
        self._cancelled = True
        self._sound.clear()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})


class OpenAiRecogniser:
    """Asks a recognition server with the whole utterance.

    Args:
        url: where it listens, with or without ``/v1``.
        key: sent as a bearer token; None where it wants none.
        model: the name the server knows its model by.
    """

    def __init__(self, url: str, key: SecretStr | None, model: str) -> None:
        self._server = Recogniser(url, key, model)
        self._detailed = True

    def begin(self, hints: Sequence[str] = ()) -> OpenAiUtterance:
        """Open an utterance."""
        return OpenAiUtterance(self, prompt_of(hints))

    async def ready(self) -> bool:
        """Whether it answers and takes the key."""
        return await self._server.ready()

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def transcript_of(self, wav: bytes, prompt: str) -> Transcript:
        """Ask with probabilities, and for good without them where the server does not know that form.

        Raises:
            RecogniserUnavailable: try again later.
            RecogniserRefused: it will not recognise this.
        """
        if not self._detailed:
            return await self._server.transcript_of(wav, prompt=prompt)
        try:
            return await self._server.transcript_of(wav, prompt=prompt, detailed=True)
        except RecogniserRefused as refusal:
            if str(refusal) not in _NO_SUCH_FORM:
                raise
        transcript = await self._server.transcript_of(wav, prompt=prompt)
        self._detailed = False
        return transcript
