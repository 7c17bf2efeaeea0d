"""A telephone exchange of paper: numbers that answer, are busy, or ring until a test says otherwise."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from integrations.voice.line import FRAME_BYTES, FRAME_SECONDS, SAMPLE_BYTES, SAMPLE_RATE, Audio, Line, NotReached
from tests.support.telephone import SECONDS_A_SIGN, SILENCE, Marks, MemoryLine, Telephone

Answer = Telephone | NotReached


class EveryMark(Marks):
    """Tells texts of several voices apart: ours, and those of people."""

    def __init__(self, *others: Marks) -> None:
        super().__init__(1)
        self._others = others

    def mark_in(self, frame: bytes) -> int | None:
        """See :class:`Marks`."""
        found = (one.mark_in(frame) for one in self._others)
        return next((mark for mark in found if mark is not None), None)

    def text(self, mark: int) -> str:
        """See :class:`Marks`."""
        for one in self._others:
            try:
                return one.text(mark)
            except KeyError:
                continue
        raise KeyError(mark)


def hears_everybody(telephone: Telephone) -> Telephone:
    """Let a telephone tell what people say to it as well as what we say."""
    every = EveryMark(telephone.voice.marks, telephone.recogniser.marks)
    telephone.line._marks = every
    return telephone


def another(beside: Telephone, number: str | None = None) -> Telephone:
    """A second telephone in the time, the voice and the ears of the first."""
    hears_everybody(beside)
    second = Telephone(number, pace=beside.pace, voice=beside.voice, recogniser=beside.recogniser)
    return hears_everybody(second)


@dataclass
class PaperExchange:
    """An :class:`integrations.voice.line.Exchange`.

    Attributes:
        numbers: who answers where; a telephone, a refusal, or something that makes one of both.
        dialled: every number that was dialled, with its headers.
        rings: set: nobody answers before it is set.
    """

    numbers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    dialled: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    rings: asyncio.Event | None = None
    given_up: int = 0

    async def dial(self, number: str, headers: Mapping[str, str], ring_seconds: float) -> Line:
        """Call a number."""
        self.dialled.append((number, dict(headers)))
        answer = self.numbers.get(number, NotReached("unreachable"))
        if self.rings is not None:
            try:
                await self.rings.wait()
            except asyncio.CancelledError:
                self.given_up += 1
                raise
        answer = answer if isinstance(answer, Telephone | NotReached) else answer()
        if isinstance(answer, NotReached):
            raise answer
        answer.line.answered = True
        return answer.line


async def speaks(speaker: Telephone, text: str, listeners: Sequence[Telephone]) -> None:
    """Somebody speaks, and everybody hears what their line brings meanwhile, and a moment after."""
    sound = speaker.recogniser.marks.sound(text, max(0.6, len(text) * SECONDS_A_SIGN))
    frames = round(len(sound) / SAMPLE_BYTES / SAMPLE_RATE / FRAME_SECONDS)
    for n in range(frames + 25):
        for one in (speaker, *listeners):
            piece = sound[n * FRAME_BYTES : (n + 1) * FRAME_BYTES] if one is speaker else b""
            if isinstance(one.line, MemoryLine) and not one.line.over.is_set():
                one.line.put(Audio(piece or SILENCE))
                one.line.play_a_frame()
        speaker.pace.advance(FRAME_SECONDS)
        await speaker.settles()
