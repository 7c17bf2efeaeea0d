"""Somebody with a telephone in their hand, without telephone, microphone or waiting.

Time stands still until the caller lets it pass: while they speak, while they listen, while they wait. What is said to
them and what they say travels as sound whose samples name the text, so that voice and recogniser are exact, an
interruption cuts where it really cuts, and nobody needs an engine.
"""

import asyncio
import contextlib
import heapq
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from integrations.voice.hotline import Switchboard
from integrations.voice.line import (
    FRAME_BYTES,
    FRAME_SECONDS,
    SAMPLE_BYTES,
    SAMPLE_RATE,
    Audio,
    HungUp,
    Key,
    Line,
    LineEvent,
    LineGone,
    RejectReason,
    TransferRefused,
)
from integrations.voice.speech import Heard, SpeechUnavailable

SILENCE = bytes(FRAME_BYTES)
SECONDS_A_SIGN = 0.18
"""How fast everybody speaks."""
PATIENCE_SECONDS = 20.0
"""Of the wall: how long a caller waits for work that is done elsewhere."""
QUIET_SECONDS = 0.08
_CALLERS_FROM = 10_000
_LOUD_FROM = 9_000


class TelephonePace:
    """Time that passes only when :meth:`advance` says so."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until so much has passed."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now + 1e-9:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)


class Marks:
    """Texts as sound: every text has a number, and its sound is that number, as long as the text takes to say."""

    def __init__(self, first: int) -> None:
        self._texts: dict[int, str] = {}
        self._next = count(first)

    def sound(self, text: str, seconds: float) -> bytes:
        """A new sound of this text."""
        mark = next(self._next)
        self._texts[mark] = text
        frames = max(1, round(seconds / FRAME_SECONDS))
        return array("h", [mark]).tobytes() * (frames * FRAME_BYTES // SAMPLE_BYTES)

    def mark_in(self, frame: bytes) -> int | None:
        """The number that a frame carries; None where it is silence or another sound."""
        samples = set(array("h", frame))
        return next((sample for sample in samples if sample in self._texts), None)

    def text(self, mark: int) -> str:
        """What the number stands for."""
        return self._texts[mark]


@dataclass
class ScriptedVoice:
    """Says everything at once, or fails when told to.

    Attributes:
        works: False: it raises.
        said: all it was asked to say.
    """

    marks: Marks = field(default_factory=lambda: Marks(1))
    works: bool = True
    said: list[str] = field(default_factory=list)
    closed: bool = False

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """See :class:`integrations.voice.speech.Voice`."""
        if not self.works:
            raise SpeechUnavailable("scripted")
        self.said.append(text)
        sound = self.marks.sound(text, len(text) * SECONDS_A_SIGN)
        for begin in range(0, len(sound), 25 * FRAME_BYTES):
            yield sound[begin : begin + 25 * FRAME_BYTES]
            await asyncio.sleep(0)

    async def ready(self) -> bool:
        """Whether it works now."""
        return self.works

    async def close(self) -> None:
        """Nothing to close."""
        self.closed = True


@dataclass
class ScriptedRecogniser:
    """Reads what the caller's sound names.

    Attributes:
        works: False: it raises.
        confidence: of texts that name none themselves.
        hold: set: nothing is recognised until it is cleared again.
        open: utterances that were begun and neither finished nor cancelled.
    """

    marks: Marks = field(default_factory=lambda: Marks(_CALLERS_FROM))
    works: bool = True
    confidence: dict[str, float] = field(default_factory=dict)
    hold: asyncio.Event | None = None
    open: int = 0
    hints: list[Sequence[str]] = field(default_factory=list)
    closed: bool = False

    def begin(self, hints: Sequence[str] = ()) -> "ScriptedUtterance":
        """See :class:`integrations.voice.speech.Recogniser`."""
        self.open += 1
        self.hints.append(hints)
        return ScriptedUtterance(self)

    async def ready(self) -> bool:
        """Whether it works now."""
        return self.works

    async def close(self) -> None:
        """Nothing to close."""
        self.closed = True


class ScriptedUtterance:
    """One utterance of a scripted recogniser."""

    def __init__(self, recogniser: ScriptedRecogniser) -> None:
        self._recogniser = recogniser
        self._sound = bytearray()
        self._over = False

    def feed(self, pcm: bytes) -> None:
        """Add sound."""
        self._sound += pcm

    async def finish(self) -> Heard:
        """What the sound names."""
        if self._recogniser.hold is not None:
            await self._recogniser.hold.wait()
        self._end()
        if not self._recogniser.works:
            raise SpeechUnavailable("scripted")
        marks = dict.fromkeys(array("h", bytes(self._sound)))
        known = [mark for mark in marks if mark >= _CALLERS_FROM]
        text = "".join(self._recogniser.marks.text(mark) for mark in known)
        if not text:
            return Heard("", 0.0, "nothing_said")
        return Heard(text, self._recogniser.confidence.get(text, 0.9))

    async def cancel(self) -> None:
        """Not wanted."""
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._recogniser.open -= 1


class LoudnessDetector:
    """Everything the scripted caller says is speech."""

    def probability(self, chunk: bytes) -> float:
        """1 where it is loud in at least half of the chunk."""
        samples = array("h", chunk)
        return 1.0 if sum(sample >= _LOUD_FROM for sample in samples) * 2 >= len(samples) else 0.0


@dataclass
class Spoken:
    """A text the caller was told; ``seconds`` of it were really heard."""

    text: str
    mark: int
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether it was heard to its end."""
        return self.seconds >= len(self.text) * SECONDS_A_SIGN - FRAME_SECONDS


class MemoryLine:
    """A line that exists in memory only; see :class:`integrations.voice.line.Line`.

    Attributes:
        heard: what was really played to the caller.
        tones: seconds of sound that was no speech, such as the tone of the voicemail.
        transfers: where the call was to be given.
    """

    transport = "browser"
    line_id = "memory"

    def __init__(
        self,
        caller: str | None = None,
        called: str | None = "4001",
        marks: Marks | None = None,
        *,
        can_transfer: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.caller = caller
        self.called = called
        self.headers: Mapping[str, str] = headers or {}
        self.can_transfer = can_transfer
        self.answered = False
        self.rejected: RejectReason | None = None
        self.hung_up: str | None = None
        self.heard: list[Spoken] = []
        self.tones = 0.0
        self.transfers: list[tuple[str, Mapping[str, str]]] = []
        self.refuses_transfer = False
        self.over = asyncio.Event()
        self._marks = marks or Marks(1)
        self._queue = bytearray()
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._empty = asyncio.Event()
        self._empty.set()

    # What a call asks of it

    async def answer(self) -> None:
        """Take the call."""
        if self.hung_up is not None:
            raise LineGone
        self.answered = True

    async def reject(self, reason: RejectReason) -> None:
        """Refuse it."""
        self.rejected = reason
        self._end("us")

    async def next_event(self) -> LineEvent:
        """The next event."""
        if self.hung_up is not None and self._events.empty():
            return HungUp("caller" if self.hung_up == "caller" else "us")
        return await self._events.get()

    def play(self, pcm: bytes) -> None:
        """Queue sound."""
        if self.hung_up is None and pcm:
            self._queue += pcm
            self._empty.clear()

    def flush(self) -> float:
        """Drop what was not played."""
        dropped = self.unplayed
        self._queue.clear()
        self._empty.set()
        return dropped

    @property
    def unplayed(self) -> float:
        """Seconds that are queued."""
        return len(self._queue) / SAMPLE_BYTES / SAMPLE_RATE

    async def drained(self) -> None:
        """Wait until nothing is queued."""
        await self._empty.wait()

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Give the caller away."""
        self.transfers.append((target, headers))
        if self.refuses_transfer:
            raise TransferRefused
        self._end("transferred")

    async def hang_up(self) -> None:
        """End the call."""
        self._end("us")

    # What the caller's side does

    def caller_hangs_up(self) -> None:
        """The caller puts the receiver down."""
        self._end("caller")

    def put(self, event: LineEvent) -> None:
        """Something arrives from the caller."""
        if self.hung_up is None:
            self._events.put_nowait(event)

    def play_a_frame(self) -> None:
        """The caller hears the next 20 ms."""
        frame = bytes(self._queue[:FRAME_BYTES])
        del self._queue[:FRAME_BYTES]
        if not self._queue:
            self._empty.set()
        if not frame:
            return
        mark = self._marks.mark_in(frame)
        if mark is None:
            self.tones += FRAME_SECONDS if any(frame) else 0.0
        elif self.heard and self.heard[-1].mark == mark:
            self.heard[-1].seconds += FRAME_SECONDS
        else:
            self.heard.append(Spoken(self._marks.text(mark), mark, FRAME_SECONDS))

    def _end(self, who: str) -> None:
        if self.hung_up is None:
            self.hung_up = who
            self._queue.clear()
            self._empty.set()
            self._events.put_nowait(HungUp("caller" if who == "caller" else "us"))
            self.over.set()


class Telephone:
    """A caller: speaks, presses keys, listens, waits, hangs up.

    Attributes:
        line: give it to whoever takes the call.
    """

    def __init__(
        self,
        caller: str | None = None,
        *,
        pace: TelephonePace | None = None,
        voice: ScriptedVoice | None = None,
        recogniser: ScriptedRecogniser | None = None,
        can_transfer: bool = False,
    ) -> None:
        self.pace = pace or TelephonePace()
        self.voice = voice or ScriptedVoice()
        self.recogniser = recogniser or ScriptedRecogniser()
        self.line = MemoryLine(caller, marks=self.voice.marks, can_transfer=can_transfer)
        self._task: asyncio.Task[None] | None = None
        self._mark = 0

    def calls(self, take: Callable[[Line], Awaitable[None]]) -> None:
        """Ring."""

        async def ring() -> None:
            await take(self.line)

        self._task = asyncio.create_task(ring())

    async def hangs_up(self) -> None:
        """Put the receiver down and see that the other side is done."""
        self.line.caller_hangs_up()
        await self.is_over()

    async def is_over(self) -> None:
        """Wait until the call is over on the other side too; what fails there, fails here."""
        if self._task is not None:
            end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            while not self._task.done() and asyncio.get_running_loop().time() < end:
                await self.passes(FRAME_SECONDS * 5)
                await asyncio.sleep(0.001)
            await asyncio.wait_for(self._task, 1.0)

    async def passes(self, seconds: float, sound: bytes = b"") -> None:
        """Let time pass, silent or making this sound, and hear what is played meanwhile."""
        for n in range(max(1, round(seconds / FRAME_SECONDS))):
            frame = sound[n * FRAME_BYTES : (n + 1) * FRAME_BYTES] or SILENCE
            self.line.put(Audio(frame))
            self.line.play_a_frame()
            self.pace.advance(FRAME_SECONDS)
            await self.settles()

    async def settles(self) -> None:
        """Let everything that is ready happen; no time passes."""
        for _ in range(8):
            await asyncio.sleep(0)

    async def says(self, text: str, *, confidence: float | None = None, then_silent: float = 1.1) -> None:
        """Speak, and be silent long enough to be understood."""
        self.forgets()
        await self.begins_to_say(text, confidence=confidence)
        await self.passes(then_silent)

    async def begins_to_say(self, text: str, *, confidence: float | None = None, seconds: float | None = None) -> None:
        """Speak, without the silence after it."""
        if confidence is not None:
            self.recogniser.confidence[text] = confidence
        sound = self.recogniser.marks.sound(text, seconds or max(0.6, len(text) * SECONDS_A_SIGN))
        await self.passes(len(sound) / SAMPLE_BYTES / SAMPLE_RATE, sound)

    async def mumbles(self, seconds: float = 1.0) -> None:
        """Make sound that is speech and no words."""
        self.forgets()
        sound = array("h", [_LOUD_FROM]).tobytes() * int(seconds * SAMPLE_RATE)
        await self.passes(seconds, sound)
        await self.passes(1.1)

    async def presses(self, keys: str) -> None:
        """Press keys, one after the other."""
        self.forgets()
        for key in keys:
            self.line.put(Key(key))
            await self.passes(0.1)

    async def hears(self, what: str) -> str:
        """Listen until something with these words was said to its end; time passes only while something plays."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < end:
            found = next((one for one in self.line.heard[self._mark :] if what in one.text and one.whole), None)
            if found is not None:
                return found.text
            if self.line.unplayed:
                await self.passes(FRAME_SECONDS)
            elif self.line.over.is_set():
                break
            else:
                await asyncio.sleep(0.002)
        raise AssertionError(f"「{what}」 was not said; said was {[one.text for one in self.line.heard[self._mark :]]}")

    async def listens(self) -> str:
        """Listen to all of an answer: until nothing more comes; what was said."""
        loop = asyncio.get_running_loop()
        end, quiet_since = loop.time() + PATIENCE_SECONDS, loop.time()
        while loop.time() < end and not self.line.over.is_set():
            if self.line.unplayed:
                await self.passes(FRAME_SECONDS)
                quiet_since = loop.time()
                continue
            if len(self.line.heard) > self._mark and loop.time() - quiet_since > QUIET_SECONDS:
                break
            await asyncio.sleep(0.002)
        return self.heard_since()

    def heard_since(self) -> str:
        """What was said since the caller last did something."""
        return "\n".join(one.text for one in self.line.heard[self._mark :])

    def forgets(self) -> None:
        """Count what is heard from here, with what is being said just now."""
        heard = self.line.heard
        self._mark = len(heard) - (1 if heard and self.line.unplayed and not heard[-1].whole else 0)

    @property
    def transcript(self) -> str:
        """Everything that was said on this call."""
        return "\n".join(one.text for one in self.line.heard)


async def give_up(telephone: Telephone) -> None:
    """End a call whatever state it is in, in the end of a test."""
    telephone.line.caller_hangs_up()
    with contextlib.suppress(Exception):
        await telephone.is_over()


def equip(switchboard: Switchboard, telephone: Telephone) -> None:
    """Let the next calls of a switchboard be in the time of this telephone, with its ears and its voice."""
    switchboard.equipment = replace(
        switchboard.equipment,
        recogniser=telephone.recogniser,
        voices=[telephone.voice],
        detector=LoudnessDetector,
        pace=telephone.pace,
    )
