"""One call from its answer to its end: everything that runs for it, runs inside it and ends with it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.language.emergency import detect
from integrations.voice.call import listening as ears
from integrations.voice.call.answer import Answer
from integrations.voice.call.dialogue import Dialogue
from integrations.voice.call.listening import Ear
from integrations.voice.call.office import Office
from integrations.voice.call.pace import Pace
from integrations.voice.call.parts import Manners, Parts, Reader
from integrations.voice.call.playing import Mouth
from integrations.voice.call.tap import Tap
from integrations.voice.call.understanding import Understanding, Understood
from integrations.voice.call.vad import Detector
from integrations.voice.line import Audio, HangUpReason, Held, HungUp, Key, Line, LineEvent, LineGone
from integrations.voice.prompts import Prompts
from integrations.voice.speech import Recogniser, Voice
from integrations.voice.taking import Shows
from property_db.clock import Clock

log = structlog.get_logger()

TICK_SECONDS = 0.05
CLEANING_SECONDS = 15.0
"""At most, after the end: a message that was being left is understood and filed in it."""

Step = Callable[[], Awaitable[None]]
Relay = Callable[[LineEvent], None]


@dataclass(frozen=True)
class Equipment:
    """What all calls of an installation share.

    Attributes:
        voices: in the order in which they are tried.
        detector: makes a voice activity detector for one call.
    """

    recogniser: Recogniser | None
    voices: Sequence[Voice]
    detector: Callable[[], Detector]
    prompts: Prompts
    read: Reader
    clock: Clock
    manners: Manners
    pace: Pace


class CallSession:
    """See the module."""

    def __init__(self, line: Line, office: Office, equipment: Equipment) -> None:
        self.line = line
        self.tap = Tap()
        self._office = office
        self._events: asyncio.Queue[Step] = asyncio.Queue()
        self._pace = equipment.pace
        self._seen: set[tuple[str, int]] = set()
        self._ended: HangUpReason | None = None
        self._held = False
        self._relay: Relay | None = None
        mouth = Mouth(line, equipment.voices, equipment.pace, self.tap.ours, self._said)
        self._understanding = Understanding(equipment.recogniser, self._understood)
        self._parts = Parts(
            office=office,
            prompts=equipment.prompts,
            pace=equipment.pace,
            ear=Ear(equipment.detector()),
            mouth=mouth,
            understanding=self._understanding,
            read=equipment.read,
            clock=equipment.clock,
            manners=equipment.manners,
        )
        self.dialogue = Dialogue(self._parts)

    # What others ask of it

    def deliver(self, answer: Answer) -> None:
        """Something for the caller; the same one again is not said again."""
        mark = (answer.conversation, answer.seq)
        if mark in self._seen:
            return
        self._seen.add(mark)
        self._soon(lambda: self.dialogue.answer(answer))

    def conversation_changed(self) -> None:
        """The conversation has another owner, or another place in the queue."""
        self._soon(self.dialogue.conversation_changed)

    def dismiss(self, prompt: str = "goodbye_closing") -> None:
        """Say goodbye and end the call, whoever speaks with the caller."""

        async def close() -> None:
            self.come_back()
            await self.dialogue.hung_up()  # a message that is being left is kept
            self.dialogue.close(prompt)

        self._soon(close)

    @property
    def ended(self) -> HangUpReason | None:
        """How the call ended; None while it goes on."""
        return self._ended

    def step_aside(self, relay: Relay) -> None:
        """Somebody else speaks with the caller on this line and gets all that comes from there."""
        self._relay = relay
        self.dialogue.aside = True
        self._parts.mouth.cut()
        self._parts.ear.forget()
        self._understanding.drop()

    def come_back(self) -> None:
        """They do no longer: the call goes on here."""
        self._relay = None
        self.dialogue.came_back()

    # Its life

    async def run(self) -> HangUpReason:
        """Take the call and lead it to its end.

        Raises:
            LineGone: the caller gave up before it was answered.
        """
        understanding = asyncio.create_task(self._understanding.run(), name="voice.understand")
        try:
            await self.line.answer()
            await self._office.answered()
            await self._understanding.look()
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(work) for work in (self._listen(), self._tick())]
                self._soon(self.dialogue.begin)
                await self._lead()
                for task in running:
                    task.cancel()
        finally:
            with contextlib.suppress(LineGone):
                await self.line.hang_up()
            await self._clean()
            understanding.cancel()
            await asyncio.gather(understanding, return_exceptions=True)
            await self._understanding.close()
        return self._ended or "us"

    async def _lead(self) -> None:
        """Do what is to be done, one after the other, until the call is over."""
        while self._ended is None and not self.dialogue.over:
            step = await self._events.get()
            try:
                await step()
            except LineGone:
                return
            except Exception as error:  # one turn that fails is not the end of the call
                log.exception("voice.turn_failed", line=self.line.line_id, error=type(error).__name__)

    async def _clean(self) -> None:
        """What is left to do when nobody is on the line."""
        try:
            async with asyncio.timeout(CLEANING_SECONDS):
                await self.dialogue.hung_up()
        except Exception as error:
            log.error("voice.cleaning_failed", line=self.line.line_id, error=type(error).__name__)
        await self._parts.mouth.close()
        self.tap.close()

    async def _tick(self) -> None:
        async def tick() -> None:
            if self._events.empty():  # what has happened since goes first: what is said now might be cut by it
                await self.dialogue.tick()

        while True:
            await self._pace.sleep(TICK_SECONDS)
            if self._relay is None and not self._held and self._events.empty():
                self._soon(tick)

    async def _listen(self) -> None:
        """Take in what the line brings; an interruption takes effect here and now, not in its turn."""
        while True:
            event = await self.line.next_event()
            if self._relay is not None and isinstance(event, Audio | Key):
                if isinstance(event, Audio):
                    self.tap.theirs(event.pcm)
                self._relay(event)
                continue
            match event:
                case Audio(pcm):
                    self._hear(pcm)
                case Key(digit):
                    self._key(digit)
                case Held(on):
                    self._held = on
                case HungUp(reason):
                    self._ended = reason
                    self._soon(_nothing)
                    return

    def _key(self, digit: str) -> None:
        self.dialogue.interrupted()
        self._soon(lambda: self.dialogue.key(digit))

    def _hear(self, pcm: bytes) -> None:
        self.tap.theirs(pcm)
        if self._held or self.dialogue.stage == "closing":
            return
        voicemail = self.dialogue.voicemail
        if voicemail is not None:
            voicemail.feed(pcm)
            if not voicemail.recording:
                return
        self._parts.ear.over_prompt = self._parts.mouth.busy
        for found in self._parts.ear.feed(pcm):
            self._heard(found)

    def _heard(self, found: ears.Hearing) -> None:
        match found:
            case ears.SpeechBegan():
                self.dialogue.began_to_speak()
                self._understanding.began(found)
            case ears.SpeechGoesOn():
                self._understanding.goes_on(found)
            case ears.BargedIn():
                self.dialogue.interrupted()
            case ears.SpeechEnded():
                self.dialogue.ended_to_speak()
                if self.dialogue.voicemail is not None:
                    self.dialogue.voicemail.spoke(found.seconds)
                self._understanding.ended(found)
            case ears.NothingSaid():
                self._understanding.drop()
                self._soon(self.dialogue.nothing_said)

    def _understood(self, said: Understood) -> None:
        if said.text and isinstance(self.line, Shows):
            self.line.show("heard", said.text)
        voicemail = self.dialogue.voicemail
        if voicemail is not None:
            text = said.heard.text if said.heard is not None else ""
            going_on = voicemail.recording and self._ended is None
            if not going_on or detect(text) is None:  # a danger in a message that is over is found in its transcript
                voicemail.understood(text)
                return
            self.dialogue.leave_voicemail()  # a danger is no message for tomorrow
        self._soon(lambda: self.dialogue.understood(said))

    def _said(self, text: str) -> None:
        """Where the caller also sees the call, show what is said."""
        if text and isinstance(self.line, Shows):
            self.line.show("said", text)

    def _soon(self, step: Step) -> None:
        self._events.put_nowait(step)


async def _nothing() -> None:
    """Wakes the leader."""
