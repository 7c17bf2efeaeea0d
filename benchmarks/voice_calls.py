"""How long a caller waits, stage by stage: real SIP calls to the whole product with its real speech service and engine.

Server and callers share one process; the callers' telephones cost it about as much as an exchange on the machine would.
A turn's clock starts when the last sound of what the caller says has left their telephone.
"""

import asyncio
import statistics
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.voice_speech import Line as Said
from benchmarks.voice_speech import Speakers
from integrations.voice.call.answer import Answer
from integrations.voice.call.listening import SpeechEnded
from integrations.voice.call.understanding import Understood
from integrations.voice.hotline import RunningCall
from integrations.voice.line import Audio, HungUp, Line, NotReached
from integrations.voice.sip.telephone import SipTelephone
from tests.support.speech_process import until
from tests.support.voice_stack import House

LOUD_FROM = 300
QUIET_SECONDS = 0.5
TURN_SECONDS = 25.0
TURNS_OF_A_CALL = 4
THINKING_SECONDS = 0.6
LOOK_SECONDS = 0.01
STAGES = ("end_pointing", "recognition", "turn", "first_clause", "way", "first_sound", "answer")
LEFT_OUT = frozenset({"report_emergency", "request_human", "goodbye", "stop", "out_of_scope"})
"""Of the messages: they end or change the call, or nobody can answer them."""


@dataclass
class Turn:
    """The moments of one turn, seconds from anywhere; 0 where it did not come."""

    said: float = 0.0
    ended: float = 0.0
    understood: float = 0.0
    answered: float = 0.0
    given: float = 0.0
    loud: list[float] = field(default_factory=list)
    text: str = ""

    def stages(self) -> dict[str, float] | None:
        """What each stage took; None where the turn has no answer."""
        heard = next((at for at in self.loud if at >= self.given), 0.0)
        if not (self.said < self.ended <= self.understood <= self.answered <= self.given <= heard):
            return None
        first = next(at for at in self.loud if at > self.said)
        return {
            "end_pointing": self.ended - self.said,
            "recognition": self.understood - self.ended,
            "turn": self.answered - self.understood,
            "first_clause": self.given - self.answered,
            "way": heard - self.given,
            "first_sound": first - self.said,
            "answer": heard - self.said,
        }


@dataclass
class Tally:
    """All turns of one run."""

    stages: list[dict[str, float]] = field(default_factory=list)
    misheard: int = 0
    lost: int = 0

    def figures(self) -> dict[str, Any]:
        """Milliseconds, p50 and p95 of each stage."""
        found: dict[str, Any] = {"turns": len(self.stages), "asked_again": self.misheard, "without_answer": self.lost}
        for stage in STAGES:
            values = sorted(one[stage] for one in self.stages)
            if values:
                at = min(len(values) - 1, int(len(values) * 0.95))
                found[stage] = {"p50": round(statistics.median(values) * 1000), "p95": round(values[at] * 1000)}
        return found


class Resident:
    """One caller: calls, asks, hears the beginning of the answer, asks the next."""

    def __init__(self, house: House, phone: SipTelephone, dialling: asyncio.Lock) -> None:
        self._house = house
        self._phone = phone
        self._dialling = dialling
        self._line: Line | None = None
        self._call: RunningCall | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._turn = Turn()

    async def asks(self, questions: Sequence[tuple[str, bytes]], tally: Tally) -> None:
        """Ask them all, some in each call."""
        for number, (text, sound) in enumerate(questions):
            if number % TURNS_OF_A_CALL == 0 or self._line is None or self._call not in self._house.switchboard.live():
                await self.hangs_up()
                await self._calls()
            await self._ask(text, sound, tally)
        await self.hangs_up()

    async def hangs_up(self) -> None:
        """End the call, if there is one."""
        line, self._line = self._line, None
        if line is not None:
            await line.hang_up()
        if self._hearing is not None:
            await self._hearing
            self._hearing = None

    async def _calls(self) -> None:
        async with self._dialling:  # so that everybody knows which call is theirs
            others = set(map(id, self._house.switchboard.live()))
            self._line = await self._phone.dial("4008", {}, 60.0)
            call = self._call = await until(
                "the call is taken",
                lambda: next((one for one in self._house.switchboard.live() if id(one) not in others), None),
            )
        self._watch(call)
        self._hearing = asyncio.create_task(self._hear(self._line))

    async def _ask(self, text: str, sound: bytes, tally: Tally) -> None:
        call, line = self._call, self._line
        assert call is not None
        assert line is not None
        await self._silence(call)
        await asyncio.sleep(THINKING_SECONDS)
        turn = self._turn = Turn(text=text)
        line.play(sound)
        await line.drained()
        turn.said = time.monotonic()
        while turn.stages() is None and time.monotonic() - turn.said < TURN_SECONDS:
            if turn.text == "" or call not in self._house.switchboard.live():
                break
            await asyncio.sleep(LOOK_SECONDS)
        stages = turn.stages()
        if stages is not None:
            tally.stages.append(stages)
        elif turn.text == "":
            tally.misheard += 1
        else:
            tally.lost += 1

    async def _silence(self, call: RunningCall) -> None:
        """Cut what is being said, as a key does, until nothing comes any more."""
        while True:
            call.session.dialogue.interrupted()
            call.session.dialogue.saying.cut = []
            await asyncio.sleep(LOOK_SECONDS * 5)
            loud = self._turn.loud
            if not call.session.dialogue.parts.mouth.busy and (not loud or time.monotonic() - loud[-1] > QUIET_SECONDS):
                return

    async def _hear(self, line: Line) -> None:
        while not isinstance(event := await line.next_event(), HungUp):
            if isinstance(event, Audio) and max(map(abs, array("h", event.pcm)), default=0) > LOUD_FROM:
                self._turn.loud.append(time.monotonic())

    def _watch(self, call: RunningCall) -> None:
        """Note when each stage is over."""
        session = call.session
        understanding, mouth = session._understanding, session.dialogue.parts.mouth
        ended, tell, deliver, give = understanding.ended, understanding._tell, session.deliver, mouth._give

        def on_ended(heard: SpeechEnded) -> None:
            self._turn.ended = time.monotonic()
            ended(heard)

        def on_tell(said: Understood) -> None:
            self._turn.understood = time.monotonic()
            if not said.text:
                self._turn.text = ""
            tell(said)

        def on_deliver(answer: Answer) -> None:
            if answer.reply_to is not None and not self._turn.answered:
                self._turn.answered = time.monotonic()
            deliver(answer)

        def on_give(pcm: bytes) -> None:
            if pcm and self._turn.answered and not self._turn.given:
                self._turn.given = time.monotonic()
            give(pcm)

        understanding.ended = on_ended  # type: ignore[method-assign]
        understanding._tell = on_tell
        session.deliver = on_deliver  # type: ignore[method-assign]
        mouth._give = on_give  # type: ignore[method-assign]


async def questions(speakers: Speakers, lines: Sequence[Said], count: int) -> list[tuple[str, bytes]]:
    """What is asked, as it arrives on a clean line, without the silence behind it."""
    wanted = [line for line in lines if line.intent not in LEFT_OUT][:count]
    return [(line.said, _trimmed(await speakers.on_the_line(line.said, "male", None))) for line in wanted]


async def waiting_times(house: House, asked: Sequence[tuple[str, bytes]], calls: int, turns: int) -> dict[str, Any]:
    """So many calls at once, each of so many turns; figures in milliseconds."""
    tally = Tally()
    async with house.another_phone(calls) as phone:
        dialling = asyncio.Lock()
        residents = [Resident(house, phone, dialling) for _ in range(calls)]
        shares = [[asked[(at * calls + who) % len(asked)] for at in range(turns)] for who in range(calls)]
        done = await asyncio.gather(
            *(one.asks(share, tally) for one, share in zip(residents, shares, strict=True)), return_exceptions=True
        )
        for resident, error in zip(residents, done, strict=True):
            await resident.hangs_up()
            if isinstance(error, NotReached):
                tally.lost += turns
            elif isinstance(error, BaseException):
                raise error
    return {"calls": calls, **tally.figures()}


def _trimmed(pcm: bytes) -> bytes:
    samples = array("h", pcm)
    loudest = max(map(abs, samples), default=0)
    last = max((at for at, one in enumerate(samples) if abs(one) > loudest * 0.05), default=len(samples) - 1)
    return samples[: last + 1].tobytes()
