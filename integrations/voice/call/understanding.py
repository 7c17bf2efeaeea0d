"""From an utterance to text: the recogniser hears while the caller speaks, and is given up when it is late."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from integrations.voice.call.listening import SpeechBegan, SpeechEnded, SpeechGoesOn
from integrations.voice.speech import Heard, Recogniser, SpeechUnavailable, Utterance

log = structlog.get_logger()

BELIEVED_FROM = 0.35
"""Below this confidence the caller is asked to say it again (speech.py)."""


@dataclass(frozen=True, slots=True)
class Understood:
    """One utterance and what was made of it; ``heard`` is None where the recogniser failed."""

    utterance: SpeechEnded
    heard: Heard | None

    @property
    def text(self) -> str:
        """What was said, empty where it is not to be believed."""
        if self.heard is None or self.heard.confidence < BELIEVED_FROM:
            return ""
        return self.heard.text.strip()


class Understanding:
    """Gives utterances to a recogniser, one at a time to its end, in order.

    Args:
        recogniser: None where there is none.
        tell: called with every utterance that is over and understood, in order.
    """

    def __init__(self, recogniser: Recogniser | None, tell: Callable[[Understood], None]) -> None:
        self._recogniser = recogniser
        self._tell = tell
        self._open: Utterance | None = None
        self._ended: asyncio.Queue[tuple[SpeechEnded, Utterance | None]] = asyncio.Queue()
        self._cancelling: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.hints: Sequence[str] = ()
        self.works = recogniser is not None

    @property
    def busy(self) -> bool:
        """Whether something that was said is not understood yet."""
        return self._at_work > 0

    async def look(self) -> None:
        """Ask the recogniser whether it works now."""
        self.works = self._recogniser is not None and await self._recogniser.ready()

    def began(self, heard: SpeechBegan) -> None:
        """An utterance begins."""
        self.drop()
        if self._recogniser is None or not self.works:
            return
        try:
            self._open = self._recogniser.begin(self.hints)
            self._open.feed(heard.sound)
        except SpeechUnavailable as reason:
            log.warning("voice.recogniser_failed", reason=str(reason))
            self._open = None

    def goes_on(self, heard: SpeechGoesOn) -> None:
        """More sound of it."""
        if self._open is not None:
            self._open.feed(heard.sound)

    def ended(self, heard: SpeechEnded) -> None:
        """The utterance is over; what was said is told when it is known."""
        utterance, self._open = self._open, None
        self._at_work += 1
        self._idle.clear()
        self._ended.put_nowait((heard, utterance))

    def drop(self) -> None:
        """What was begun is nothing."""
        utterance, self._open = self._open, None
        if utterance is not None:
            task = asyncio.create_task(_cancel(utterance))
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            heard, utterance = await self._ended.get()
            result = await self._finish(heard, utterance)
            self._at_work -= 1
            self._tell(Understood(heard, result))
            if not self._at_work:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until everything that was said is understood and told."""
        await self._idle.wait()

    async def close(self) -> None:
        """Let go of everything."""
        self.drop()
        while not self._ended.empty():
            _, utterance = self._ended.get_nowait()
            if utterance is not None:
                await _cancel(utterance)
        if self._cancelling:
            await asyncio.gather(*self._cancelling, return_exceptions=True)

    async def _finish(self, heard: SpeechEnded, utterance: Utterance | None) -> Heard | None:
        if self._recogniser is None:
            return None
        if not self.works and not await self._recogniser.ready():
            return None
        try:
            if utterance is None:  # it was down when the caller began to speak
                utterance = self._recogniser.begin(self.hints)
                utterance.feed(heard.sound)
            result = await utterance.finish()
        except SpeechUnavailable as reason:
            log.warning("voice.recogniser_failed", reason=str(reason))
            self.works = False
            return None
        except asyncio.CancelledError:
            if utterance is not None:
                await _cancel(utterance)
            raise
        except Exception as error:  # an engine's fault must not end the call
            log.exception("voice.recogniser_broke", error=type(error).__name__)
            self.works = False
            return None
        self.works = True
        return result


async def _cancel(utterance: Utterance) -> None:
    with contextlib.suppress(SpeechUnavailable):
        await utterance.cancel()
