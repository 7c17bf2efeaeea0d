"""Speaks texts with the voice engine: clause by clause, each kept on disk, prompts rendered while nobody calls."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol

import structlog

from integrations.speech.clauses import Clause, clauses
from integrations.speech.errors import NotLoaded, Unspeakable
from integrations.speech.sound import Samples, at_rate, silence, to_pcm
from integrations.speech.store import Store
from integrations.speech.turns import Turns, Urgency
from integrations.speech.weights import VoiceName

VOICE_RATE = 24_000
_COMFORTABLE = 1.5
"""Seconds of sound in hand above which a clause waits for the recogniser to be done."""
_CALM = 8.0
"""Seconds without work after which prompts are rendered: callers think for a few seconds between two sentences."""

log = structlog.get_logger()


class VoiceEngine(Protocol):
    """Speaks one clause at 24 kHz; called in several threads."""

    def speak(self, text: str, voice: VoiceName, speed: float) -> Samples:
        """The clause without silence around it; raises Unspeakable."""
        ...


class Speaker:
    """The voice, once its engine is loaded; what is on disk is spoken without it.

    Args:
        store: keeps what was spoken.
        turns: for whoever wants something said.
        recognising: the recogniser's turns, which go before what is spoken ahead.
        now: seconds that never go back.
    """

    def __init__(
        self, store: Store, turns: Turns, recognising: Turns, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine: VoiceEngine | None = None
        self._store = store
        self.turns = turns
        self._recognising = recognising
        self._now = now
        self._under_way: dict[str, asyncio.Task[bytes]] = {}
        self._prompts: asyncio.Queue[tuple[VoiceName, float, int, Clause]] = asyncio.Queue()

    @property
    def prompts_left(self) -> int:
        """Clauses that are to be rendered ahead."""
        return self._prompts.qsize()

    async def say(self, text: str, voice: VoiceName, speed: float, rate: int) -> AsyncIterator[bytes]:
        """The text as 16-bit sound, a clause and the pause after it at a time; no pause after the last.

        Raises:
            Unspeakable: nothing in it can be said.
            NotLoaded: it is not on disk and there is no engine.
            Busy: it would come too late.
        """
        parts = clauses(text)
        began = self._now()
        in_hand = 0.0
        for number, clause in enumerate(parts):
            key = self._store.key(voice, clause.text, speed, rate)
            sound = await asyncio.to_thread(self._store.get, key)
            if sound is None:
                spare = in_hand - (self._now() - began) - _COMFORTABLE
                if number and spare > 0 and not self._recognising.idle:
                    await _at_most(spare, self._recognising.quiet())
                urgency = Urgency.SOON if number else Urgency.NOW
                sound = await self._rendered(key, clause, voice, speed, rate, urgency)
            piece = sound if clause is parts[-1] else sound + silence(clause.pause, rate)
            in_hand += len(piece) / 2 / rate
            yield piece

    def prepare(self, texts: Iterable[str], voice: VoiceName, speed: float, rate: int) -> int:
        """Render these texts when nobody calls; how many clauses are to be rendered."""
        count = 0
        for text in texts:
            try:
                parts = clauses(text)
            except Unspeakable:
                log.warning("speech.prompt_unspeakable", length=len(text))
                continue
            for clause in parts:
                if self._store.key(voice, clause.text, speed, rate) not in self._store:
                    self._prompts.put_nowait((voice, speed, rate, clause))
                    count += 1
        return count

    async def render_prompts(self) -> None:
        """Render what was asked for with `prepare`, while nobody calls; for ever."""
        seen = 0
        while True:
            voice, speed, rate, clause = await self._prompts.get()
            key = self._store.key(voice, clause.text, speed, rate)
            if key in self._store:
                continue
            while seen != self._asked:
                seen = self._asked
                await self._calm()
            try:
                await self._rendered(key, clause, voice, speed, rate, Urgency.IDLE)
            except (Unspeakable, NotLoaded):
                log.warning("speech.prompt_not_rendered", length=len(clause.text))

    async def close(self) -> None:
        """Wait for nothing any more."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _asked(self) -> int:
        return self.turns.asked + self._recognising.asked

    async def _calm(self) -> None:
        while True:
            await self._recognising.quiet()
            await self.turns.quiet()
            await asyncio.sleep(_CALM)
            if self._recognising.idle and self.turns.idle:
                return

    async def _rendered(
        self, key: str, clause: Clause, voice: VoiceName, speed: float, rate: int, urgency: Urgency
    ) -> bytes:
        """Two who want the same clause wait for one rendering, unless it is one that nobody hurries with."""
        engine = self.engine
        if engine is None:
            raise NotLoaded

        def render() -> bytes:
            samples = engine.speak(clause.text, voice, speed)
            sound = to_pcm(at_rate(samples, VOICE_RATE, rate))
            self._store.put(key, sound)
            return sound

        if urgency is Urgency.IDLE:
            return await self.turns.run(urgency, render)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self.turns.run(urgency, render))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def _finished(self, key: str, task: asyncio.Task[bytes]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()


async def _at_most(seconds: float, waiting: Awaitable[None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
