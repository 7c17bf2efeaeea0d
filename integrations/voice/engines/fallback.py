"""Time limits and second choices: a caller never waits for an engine that is down."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

import structlog

from integrations.voice.engines.breaker import Breaker
from integrations.voice.engines.socket import BUSY
from integrations.voice.speech import Heard, Recogniser, SpeechUnavailable, Utterance, Voice

log = structlog.get_logger()

RECOGNISER_FAILURES = 2
"""One utterance may fail for its own sake; two in a row are the service."""
VOICE_FAILURES = 1
PAUSE_SECONDS = 15.0


class GuardedRecogniser:
    """A recogniser with a time limit, left alone for a while when it fails.

    Args:
        name: for the log.
        late_after: seconds from the end of an utterance.
    """

    def __init__(
        self, inner: Recogniser, name: str, late_after: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._name = name
        self._late_after = late_after
        self._breaker = Breaker(RECOGNISER_FAILURES, PAUSE_SECONDS, now)

    def begin(self, hints: Sequence[str] = ()) -> Utterance:
        """Open an utterance; one that says it is unavailable at once while the service is down."""
        if not self._breaker.allows():
            return _Refused()
        return _GuardedUtterance(self._inner.begin(hints), self._name, self._late_after, self._breaker)

    async def ready(self) -> bool:
        """Whether it works now."""
        return await self._inner.ready()

    async def close(self) -> None:
        """Close the connections."""
        await self._inner.close()


class _GuardedUtterance:
    def __init__(self, inner: Utterance, name: str, late_after: float, breaker: Breaker) -> None:
        self._inner = inner
        self._name = name
        self._late_after = late_after
        self._breaker = breaker
        self._cancelled = False

    def feed(self, pcm: bytes) -> None:
        self._inner.feed(pcm)

    async def finish(self) -> Heard:
        try:
            async with asyncio.timeout(self._late_after):
                heard = await self._inner.finish()
        except TimeoutError:
            await self._inner.cancel()
            self._failed("late")
            raise SpeechUnavailable("late") from None
        except SpeechUnavailable as reason:
            if not self._cancelled:
                self._failed(str(reason))
            raise
        self._breaker.worked()
        return heard

    async def cancel(self) -> None:
        self._cancelled = True
        await self._inner.cancel()

    def _failed(self, reason: str) -> None:
        # Who is busy says so at once and may hear the next caller.
        shut = reason != BUSY and self._breaker.failed()
        log.warning("voice.recogniser_unavailable", engine=self._name, reason=reason, left_alone=shut)


class _Refused:
    """An utterance that nobody listens to."""

    def feed(self, pcm: bytes) -> None:
        pass

    async def finish(self) -> Heard:
        raise SpeechUnavailable("left_alone")

    async def cancel(self) -> None:
        pass


class FallbackVoice:
    """Speaks with the first of several voices that is not down.

    A voice that breaks off has its text said again by the next one from the start: a clause heard in part twice is
    better than one that is cut.

    Args:
        voices: the best first, each with a name for the log.
        late_after: seconds until the first piece, and between two pieces.
    """

    def __init__(
        self, voices: Sequence[tuple[str, Voice]], late_after: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._choices = [(name, voice, Breaker(VOICE_FAILURES, PAUSE_SECONDS, now)) for name, voice in voices]
        self._late_after = late_after

    async def speak(self, text: str) -> AsyncGenerator[bytes]:
        """Say a text, piece by piece."""
        for name, voice, breaker in self._choices:
            if not breaker.allows():
                continue
            try:
                async with aclosing(_in_time(voice.speak(text), self._late_after)) as pieces:
                    async for piece in pieces:
                        breaker.worked()
                        yield piece
            except SpeechUnavailable as reason:
                breaker.failed()
                log.warning("voice.voice_unavailable", engine=name, reason=str(reason))
            else:
                return
        raise SpeechUnavailable("no_voice")

    async def ready(self) -> bool:
        """Whether one of them works now."""
        return any(await asyncio.gather(*(voice.ready() for _, voice, _ in self._choices)))

    async def close(self) -> None:
        """Close the connections."""
        for _, voice, _ in self._choices:
            await voice.close()


async def _in_time(pieces: AsyncIterator[bytes], seconds: float) -> AsyncGenerator[bytes]:
    """The pieces, unless one is late."""
    try:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise SpeechUnavailable("late") from None
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
