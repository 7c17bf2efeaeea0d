"""Recognises utterances with the recogniser engine: short, long, noisy, in turn."""

import time
from collections.abc import Callable
from typing import Protocol

from integrations.speech.errors import NotLoaded
from integrations.speech.hearing import RATE, WINDOW_SECONDS, Hearing, Verdict, cut, has_voice, judged, prompt_of
from integrations.speech.sound import Samples
from integrations.speech.turns import Turns, Urgency

QUICK_SECONDS = 0.8
"""A piece takes half a second; where it takes longer than this, partial results would only delay the final ones."""


class RecogniserEngine(Protocol):
    """Hears at most `WINDOW_SECONDS` of 16 kHz; called in several threads."""

    def hear(self, speech: Samples, prompt: str, wanted: Callable[[], bool]) -> Hearing:
        """What is heard; raises Dropped."""
        ...


class Ears:
    """The recogniser, once its engine is loaded.

    Args:
        turns: for whoever wants to be heard.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.engine: RecogniserEngine | None = None
        self._took = 0.0

    @property
    def can_spare(self) -> bool:
        """Whether there is time for what nobody waits for: nothing else is to do, and the machine is quick enough."""
        return self.turns.idle and self._took < QUICK_SECONDS

    async def piece(
        self,
        speech: Samples,
        hints: str,
        urgency: Urgency = Urgency.NOW,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Hearing:
        """What is heard of at most `WINDOW_SECONDS` at 16 kHz.

        Raises:
            NotLoaded: there is no engine.
            Busy: it would come too late.
            Dropped: `wanted` says that nobody waits any more.
        """
        engine = self.engine
        if engine is None:
            raise NotLoaded
        prompt = prompt_of(hints)

        def hear() -> Hearing:
            began = time.monotonic()
            try:
                return engine.hear(speech, prompt, wanted)
            finally:
                self._took = time.monotonic() - began

        return await self.turns.run(urgency, hear)

    async def utterance(self, speech: Samples, hints: str) -> Verdict:
        """What is believed of an utterance of any length at 16 kHz; raises as `piece`."""
        if self.engine is None:
            raise NotLoaded
        heard: list[tuple[Hearing, float]] = []
        while len(speech):
            end = cut(speech) if len(speech) > WINDOW_SECONDS * RATE else len(speech)
            if has_voice(speech[:end]):
                heard.append((await self.piece(speech[:end], hints), end / RATE))
            speech = speech[end:]
        return judged(heard, hints)
