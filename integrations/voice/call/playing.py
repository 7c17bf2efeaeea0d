"""Saying things: sentences in, sound on the line out, and always knowing what the caller has really heard.

What is said is rendered clause by clause while the line plays what came before. An interruption drops at once what
was not heard yet; a sentence that must be heard (the first of an emergency) is let through to its end.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from integrations.voice.line import FRAME_BYTES, SAMPLE_BYTES, SAMPLE_RATE, Line
from integrations.voice.speech import SpeechUnavailable, Voice

log = structlog.get_logger()

AHEAD_SECONDS = 4.0
"""Rendered before the line has played it: enough against a slow voice, and little is lost by an interruption."""
LOOK_SECONDS = 0.1
SIGNS_A_SECOND = 4.5
"""How fast a voice reads, where its sound is not there to its end yet."""
PAUSE_SECONDS = 0.12
"""Between two sentences."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something to say.

    Attributes:
        text: as the voice reads it.
        interruptible: whether the caller may cut it.
        recording: sound that is played instead, 8 kHz as on the line.
        opener: said before it where its own sound takes longer than people wait: a short word that is rendered ahead.
        opens_after: how long that is, in seconds from now.
    """

    text: str
    interruptible: bool = True
    recording: bytes | None = None
    opener: "Sentence | None" = None
    opens_after: float = 0.0


class Clock(Protocol):
    """Waits in the time of the call."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(slots=True)
class _Queued:
    """A sentence whose sound is on the line, and where in it, in seconds of all that was given."""

    sentence: Sentence
    begins: float
    ends: float

    def between(self, begin: float, end: float) -> str:
        """What is said of it between two moments."""
        rate = len(self.sentence.text) / max(self.ends - self.begins, 0.01)
        first, last = (begin - self.begins) * rate, (end - self.begins) * rate
        return self.sentence.text[max(0, int(first)) : max(0, math.ceil(last))]


class Mouth:
    """Says sentences on a line, one after the other.

    Args:
        voices: tried in this order; the second takes over where the first cannot.
        on_sound: gets all sound that is given to the line, and how many bytes at its end were taken back.
        on_words: gets every sentence as it begins to be given to the line.

    Attributes:
        unsaid: sentences that no voice could say.
    """

    def __init__(
        self,
        line: Line,
        voices: Sequence[Voice],
        clock: Clock,
        on_sound: Callable[[bytes, int], None] = lambda _pcm, _dropped: None,
        on_words: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._line = line
        self._voices = voices
        self._clock = clock
        self._on_sound = on_sound
        self._on_words = on_words
        self._waiting: deque[Sentence] = deque()
        self._queued: deque[_Queued] = deque()
        self._given = 0.0
        self._task: asyncio.Task[None] | None = None
        self._current: Sentence | None = None
        self._current_begins = 0.0
        self._added = asyncio.Event()
        self.unsaid = 0

    @property
    def busy(self) -> bool:
        """Whether something is being said, or will be."""
        return bool(self._task is not None and not self._task.done()) or bool(self._waiting) or self._line.unplayed > 0

    def say(self, sentences: Sequence[Sentence]) -> None:
        """Say this after what is being said already."""
        self._waiting.extend(sentences)
        self._added.set()
        self._start()

    def interrupt(self) -> list[Sentence]:
        """Stop speaking; what was not heard to its end, beginning with the sentence that was cut.

        What must be heard is still said, up to its end; it is not among the returned.
        """
        protected = self._protected()
        unheard = [] if protected else [one.sentence for one in self._unheard()]
        current = self._current
        if current is not None and not protected and current not in unheard:
            unheard.append(current)
        if protected:
            last = max((i for i, one in enumerate(self._waiting) if not one.interruptible), default=-1)
            kept = [one for i, one in enumerate(self._waiting) if i <= last]
            unheard += [one for i, one in enumerate(self._waiting) if i > last]
            self._waiting = deque(kept)
            return unheard
        unheard += self._waiting
        if all(one.interruptible for one in self._waiting):
            self._stop()
        else:
            kept = [one for one in self._waiting if not one.interruptible]
            unheard = [one for one in unheard if one.interruptible]
            self._stop()
            self.say(kept)
        return unheard

    def cut(self) -> None:
        """Stop speaking, whatever it is: something more important has to be said."""
        self._stop()

    @property
    def played(self) -> float:
        """Seconds of sound that the line has played of all it was given."""
        return self._given - self._line.unplayed

    def said_between(self, begin: float, end: float) -> str:
        """The text that the caller hears between two moments, in seconds as `played`; empty when silent."""
        said = list(self._queued)
        current = self._current  # its sound may still come in while its beginning is heard
        if current is not None and not any(one.sentence is current for one in said):
            reads = len(current.text) / SIGNS_A_SECOND
            said.append(_Queued(current, self._current_begins, self._current_begins + reads))
        return "".join(one.between(begin, end) for one in said)

    async def quiet(self) -> None:
        """Wait until everything is said."""
        while self.busy:
            if self._task is not None and not self._task.done():
                await asyncio.wait([self._task])
            await self._line.drained()

    async def close(self) -> None:
        """Stop, and wait until nothing of it runs."""
        task = self._task
        self._stop()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._speak())

    def _stop(self) -> None:
        self._waiting.clear()
        task, self._task, self._current = self._task, None, None
        if task is not None:
            task.cancel()
        dropped = self._line.flush()
        self._given -= dropped
        self._on_sound(b"", int(dropped * SAMPLE_RATE) * SAMPLE_BYTES)
        self._queued.clear()

    def _unheard(self) -> list[_Queued]:
        played = self.played
        return [one for one in self._queued if one.ends > played + 0.02]

    def _protected(self) -> bool:
        """Whether the caller hears, or is about to hear, something that must be heard."""
        if self._current is not None and not self._current.interruptible:
            return True
        return any(not one.sentence.interruptible for one in self._unheard())

    async def _speak(self) -> None:
        mine = asyncio.current_task()
        try:
            while True:
                if not self._waiting and not await self._something_is_added():
                    return
                sentence = self._current = self._waiting.popleft()
                begins = self._current_begins = self._given
                self._on_words(sentence.text)
                await self._say(sentence)
                self._queued.append(_Queued(sentence, begins, self._given))
                if not sentence.interruptible:
                    await self._line.drained()  # so that nothing behind it is cut with it, or it with that
                self._current = None
                while self._queued and self._queued[0].ends < self.played - 2.0:
                    self._queued.popleft()
                await self._not_too_far_ahead()
        finally:
            if self._task is mine:
                self._current = None

    async def _something_is_added(self) -> bool:
        """Wait until there is more to say, which is rendered while the last sound is played, or that sound is over."""
        self._added.clear()
        drained, added = asyncio.ensure_future(self._line.drained()), asyncio.ensure_future(self._added.wait())
        try:
            await asyncio.wait([drained, added], return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
            added.cancel()
            await asyncio.gather(drained, added, return_exceptions=True)
        return bool(self._waiting)

    async def _not_too_far_ahead(self) -> None:
        while (over := self._line.unplayed - AHEAD_SECONDS) > 0:
            await self._clock.sleep(max(over, LOOK_SECONDS))

    async def _say(self, sentence: Sentence) -> None:
        if sentence.recording is not None:
            self._give(sentence.recording)
            return
        for number, voice in enumerate(self._voices):
            if number:
                sentence = replace(sentence, opener=None)  # it was late already
            said = 0
            try:
                async with aclosing(_pieces(voice, sentence.text)) as pieces:
                    async for piece in self._opened(voice, sentence, pieces):
                        said += len(piece)
                        self._give(piece)
                        await self._not_too_far_ahead()
            except SpeechUnavailable as reason:
                log.warning("voice.cannot_say", reason=str(reason), began=said > 0)
                if said:
                    return  # half of a sentence twice, in two voices, is worse than half of it
                continue
            if said:
                self._give(_SILENCE)
            return
        self.unsaid += 1

    async def _opened(self, voice: Voice, sentence: Sentence, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The pieces, and the opener before them where the first is late."""
        if sentence.opener is None:
            async for piece in pieces:
                yield piece
            return
        first = asyncio.ensure_future(anext(pieces, b""))
        late = asyncio.ensure_future(self._clock.sleep(sentence.opens_after))
        try:
            await asyncio.wait([first, late], return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                await self._open(voice, sentence.opener, first)
            yield await first
        finally:
            late.cancel()
            first.cancel()
            await asyncio.gather(first, late, return_exceptions=True)
        async for piece in pieces:
            yield piece

    async def _open(self, voice: Voice, opener: Sentence, first: asyncio.Future[bytes]) -> None:
        """Say the opener, unless what it opens is there before it; that it cannot be said harms nothing."""
        if opener.recording is not None:
            self._give(opener.recording)
            return
        async with aclosing(_pieces(voice, opener.text)) as words:
            opening = asyncio.ensure_future(anext(words, b""))
            try:
                await asyncio.wait([opening, first], return_when=asyncio.FIRST_COMPLETED)
                if not opening.done():
                    return
                self._give(await opening)
                async for piece in words:
                    self._give(piece)
            except SpeechUnavailable as reason:
                log.warning("voice.cannot_open", reason=str(reason))
            finally:
                opening.cancel()
                await asyncio.gather(opening, return_exceptions=True)

    def _give(self, pcm: bytes) -> None:
        if not pcm:
            return
        self._line.play(pcm)
        self._given += len(pcm) / SAMPLE_BYTES / SAMPLE_RATE
        self._on_sound(pcm, 0)


_SILENCE = bytes(round(PAUSE_SECONDS * SAMPLE_RATE * SAMPLE_BYTES / FRAME_BYTES) * FRAME_BYTES)


async def _pieces(voice: Voice, text: str) -> AsyncGenerator[bytes]:
    """The voice's pieces, its own iterator closed with ours."""
    pieces = voice.speak(text)
    try:
        async for piece in pieces:
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            with contextlib.suppress(RuntimeError):
                await close()
