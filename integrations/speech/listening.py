"""One utterance while it is spoken: partial results in time, and most of the work done before its end.

The caller's end is only known after six or seven tenths of a second of silence. So what was said is recognised as soon
as the sound pauses: when nothing but silence follows, that result is the final one and costs no time at the end. What
is longer than a window is cut at a quiet place and its first part recognised meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from integrations.speech.ears import Ears
from integrations.speech.errors import Dropped, NotLoaded
from integrations.speech.hearing import RATE, WINDOW_SECONDS, Hearing, Verdict, cut, has_voice, judged, voiced
from integrations.speech.sound import Samples, at_rate, from_pcm
from integrations.speech.turns import Busy, Urgency

PARTIAL_EVERY = 1.2
_LOOK_EVERY = 0.1
_FRAMES_PER_S = 50
_PAUSE_FRAMES = 10
_VOICE_FRAMES_AFTER = 3
LONGEST_SECONDS = 60


@dataclass
class _Glimpse:
    """A recognition on its way, of the sound up to `end` (samples of the line)."""

    end: int
    wanted: bool = True
    task: asyncio.Task[None] | None = None


class Listening:
    """One utterance.

    Args:
        rate: of the sound that is fed.
        hints: words that are likely.
        tell: gets a partial result.
    """

    def __init__(self, ears: Ears, rate: int, hints: str, tell: Callable[[str], Awaitable[None]]) -> None:
        self._ears = ears
        self._rate = rate
        self._hints = hints
        self._tell = tell
        self._sound = np.zeros(0, np.float32)  # since the last cut
        self._new: list[Samples] = []
        self._seconds = 0.0
        self._looked = 0
        self._heard: list[tuple[Hearing, float]] = []  # before the last cut
        self._glimpse: _Glimpse | None = None
        self._cutting: asyncio.Task[None] | None = None
        self._known: tuple[int, Hearing] | None = None

    def feed(self, pcm: bytes) -> None:
        """Take the next sound; what is beyond `LONGEST_SECONDS` is not heard."""
        samples = from_pcm(pcm)
        self._seconds += len(samples) / self._rate
        if self._seconds > LONGEST_SECONDS:
            return
        self._new.append(samples)
        if self._cutting is None and self._length() - self._looked >= _LOOK_EVERY * self._rate:
            self._look()

    async def finish(self) -> Verdict:
        """The utterance is over: what is believed of it.

        Raises:
            NotLoaded: there is no engine.
            Busy: it would come too late.
        """
        if self._cutting is not None:
            await asyncio.wait({self._cutting})
        if (glimpse := self._glimpse) is not None and glimpse.task is not None:
            # Its result is the final one if only silence came after it; otherwise it only stands in the way.
            if self._voice_after(glimpse.end):
                self._drop()
            else:
                await asyncio.wait({glimpse.task})
        sound = self._open()
        if self._known is not None and not self._voice_after(self._known[0]):
            return judged([*self._heard, (self._known[1], len(sound) / self._rate)], self._hints)
        rest = at_rate(sound, self._rate, RATE)
        while len(rest) > WINDOW_SECONDS * RATE:
            end = cut(rest)
            await self._hear(rest[:end])
            rest = rest[end:]
        await self._hear(rest)
        return judged(self._heard, self._hints)

    async def close(self) -> None:
        """Nobody wants it any more."""
        self._drop()
        if self._cutting is not None:
            self._cutting.cancel()
            await asyncio.wait({self._cutting})

    def _drop(self) -> None:
        if self._glimpse is not None and self._glimpse.task is not None:
            self._glimpse.wanted = False
            self._glimpse.task.cancel()
            self._glimpse = None

    def _length(self) -> int:
        return len(self._sound) + sum(map(len, self._new))

    def _open(self) -> Samples:
        """What is not cut off yet."""
        if self._new:
            self._sound = np.concatenate([self._sound, *self._new])
            self._new = []
        return self._sound

    def _frames(self, samples: int) -> int:
        return int(samples / self._rate * _FRAMES_PER_S)

    def _voice_after(self, at: int) -> bool:
        """Whether somebody spoke after a place in the open sound."""
        return sum(voiced(self._open(), self._rate)[self._frames(at) :]) >= _VOICE_FRAMES_AFTER

    def _look(self) -> None:
        """Begin what is worth doing now."""
        sound = self._open()
        self._looked = len(sound)
        if len(sound) > WINDOW_SECONDS * self._rate:
            self._drop()
            self._cutting = asyncio.create_task(self._cut_off(at_rate(sound, self._rate, RATE)))
            return
        known = 0 if self._known is None else self._known[0]
        if self._glimpse is not None:
            known = self._glimpse.end
        frames = voiced(sound, self._rate)
        if sum(frames[self._frames(known) :]) < _VOICE_FRAMES_AFTER or not has_voice(sound, self._rate):
            return
        if not any(frames[-_PAUSE_FRAMES:]):
            self._drop()  # more was said since it began
            self._begin(sound, Urgency.SOON)
        elif self._glimpse is None and len(sound) - known >= PARTIAL_EVERY * self._rate and self._ears.can_spare:
            self._begin(sound, Urgency.IDLE)

    def _begin(self, sound: Samples, urgency: Urgency) -> None:
        glimpse = _Glimpse(len(sound))
        glimpse.task = asyncio.create_task(self._look_at(glimpse, sound, urgency))
        self._glimpse = glimpse

    async def _look_at(self, glimpse: _Glimpse, sound: Samples, urgency: Urgency) -> None:
        try:
            wide = at_rate(sound, self._rate, RATE)
            hearing = await self._ears.piece(wide, self._hints, urgency, lambda: glimpse.wanted)
        except (Dropped, Busy, NotLoaded):
            return
        finally:
            if self._glimpse is glimpse:
                self._glimpse = None
        self._known = (glimpse.end, hearing)
        verdict = judged([*self._heard, (hearing, len(sound) / self._rate)], self._hints)
        if verdict.text:
            await self._tell(verdict.text)

    async def _cut_off(self, sound: Samples) -> None:
        """Recognise the first part of what is too long for one window; what cannot be done now is done at the end."""
        end = cut(sound)
        try:
            await self._hear(sound[:end], Urgency.SOON)
        except (Busy, NotLoaded):
            return
        finally:
            self._cutting = None
        self._sound = self._open()[int(end / RATE * self._rate) :]
        self._looked = len(self._sound)
        self._known = None

    async def _hear(self, sound: Samples, urgency: Urgency = Urgency.NOW) -> None:
        if has_voice(sound):
            self._heard.append((await self._ears.piece(sound, self._hints, urgency), len(sound) / RATE))
