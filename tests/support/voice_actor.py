"""Residents who telephone: they only speak and press keys, over the real hotline of a running server.

What they say reaches a scripted recogniser, what they are told is what a scripted voice was given to read; the call
session, inbox, router, engine, outbox and database between them are the product's own. Time passes only while somebody
speaks, listens or waits, so that a call of minutes takes a second.
"""

import asyncio
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import httpx
from sqlalchemy import select, update

from integrations.voice.call.dialogue import Dialogue
from integrations.voice.hotline import RunningCall, Switchboard
from integrations.voice.line import FRAME_SECONDS, SAMPLE_BYTES, SAMPLE_RATE, Key
from integrations.voice.reading import readable
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import Call, CallState, Recording, Utterance
from property_db.complaints.models import Complaint
from property_db.conversations.models import Conversation, Direction, Message
from property_db.feedback.models import Rating
from property_db.handoff.models import Alarm, QueueItem
from property_db.people.models import ChannelIdentity
from property_db.tickets.models import Ticket, TicketState
from tests.support.stack import Server
from tests.support.telephone import Telephone, equip

PATIENCE_SECONDS = 30.0
"""Of the wall: how long a caller waits for the engine."""
LOOK_SECONDS = 0.002
STEP_SECONDS = 0.1
LONGEST_STEP_SECONDS = 2.0
"""Of the wall: a step that takes longer waits for something that the caller has to do."""


class Caller(Telephone):
    """Somebody who calls; every verb ends when the house has nothing more to say or do.

    Args:
        number: what the exchange shows of them; None where it is withheld.
    """

    def __init__(self, server: Server, number: str | None = None, **more: Any) -> None:
        super().__init__(number, **more)
        assert server.services.hotline is not None
        self._server = server
        self._switchboard: Switchboard = server.services.hotline
        self._running: RunningCall | None = None
        self.public_id = ""

    # What they do

    async def rings(self, *, hears_greeting: bool = True) -> "Caller":
        """Call, and hear the greeting out."""
        others = {call.public_id for call in self._switchboard.live()}
        equip(self._switchboard, self)
        self.calls(self._switchboard.take)
        self._running = await self._until(
            lambda: next((call for call in self._switchboard.live() if call.public_id not in others), None),
            "the call was not taken",
        )
        self.public_id = self._running.public_id
        if hears_greeting:
            await self.listens()
        return self

    async def asks(self, text: str, **more: Any) -> str:
        """Say something and hear the answer out."""
        await self.says(text, **more)
        return await self.listens()

    async def keys(self, keys: str) -> str:
        """Press keys and hear the answer out."""
        await self.presses(keys)
        return await self.listens()

    async def hammers(self, keys: str) -> str:
        """Press keys as fast as the line takes them and hear what comes of it."""
        self.forgets()
        for key in keys:
            self.line.put(Key(key))
        return await self.listens()

    async def mumbles_on(self) -> str:
        """Make sound that is no words, and hear what comes of it."""
        await self.mumbles()
        return await self.listens()

    async def waits_for_the_tone(self) -> None:
        """Hear the voicemail's prompt and its tone."""
        while self.dialogue.voicemail is None or not self.dialogue.voicemail.recording:
            assert not self.line.over.is_set(), "the call is over"
            await self.passes(FRAME_SECONDS * 5)
        assert self.line.tones > 0

    async def leaves_a_message(self, text: str) -> str:
        """Speak after the tone, end with the key, and hear what is said then."""
        await self.waits_for_the_tone()
        await self.says(text)
        await self.presses("#")
        await self.is_over()
        return self.heard_since()

    async def chooses(self, title: str) -> str:
        """Press the key that the last answer put this option on."""
        part = self.dialogue.saying.part
        assert part is not None, "nothing is offered"
        key = next((key for key, option in part.options.items() if option.title == title), None)
        assert key is not None, f"{title} is not on a key, only {self.offered}"
        end = "#" if self.dialogue.parts.keypad.entry == "digits" else ""
        return await self.keys(key + end)

    async def listens(self) -> str:
        """Hear all that is said until the house is idle; what was said since the caller last did something."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < end and not self.line.over.is_set():
            if self._moves:
                await self.passes(FRAME_SECONDS)
            elif len(self.line.heard) > self._mark and await self._idle():
                return self.heard_since()
            else:
                await asyncio.sleep(LOOK_SECONDS)
        assert self.line.over.is_set(), f"nothing came after 「{self.heard_since()}」"
        return self.heard_since()

    def heard_since(self) -> str:
        """What was said since the caller last did something, without the word that bridges the wait for it."""
        opener = readable(self._switchboard.prompts.text("opener"))
        return "\n".join(line for line in super().heard_since().split("\n") if line != opener)

    async def waits(self, seconds: float) -> str:
        """Say nothing for a while of the call's own time; what was said meanwhile."""
        self.forgets()
        await self.passes(seconds)
        await self.hears_out()
        return self.heard_since()

    async def hears_out(self) -> None:
        """Listen until the house is idle, which it may be already."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not self.line.over.is_set() and (self._moves or not await self._idle()):
            assert asyncio.get_running_loop().time() < end, "the house does not come to rest"
            await (self.passes(FRAME_SECONDS) if self._moves else asyncio.sleep(LOOK_SECONDS))

    @property
    def _moves(self) -> bool:
        """Whether something is heard, or goes on only when time passes."""
        if self.line.unplayed:
            return True
        return self._running is not None and (self.dialogue.parts.ear.speaking or bool(self.dialogue._held))

    async def _idle(self) -> bool:
        """Whether everything that was said is understood, answered and spoken."""
        if self._running is None or self._task is None or self._task.done():
            return True
        await self._catches_up()
        parts = self.dialogue.parts
        return not (parts.understanding.busy or self.dialogue.floor.awaiting or parts.mouth.busy)

    async def passes(self, seconds: float, sound: bytes = b"") -> None:
        """Let time pass, but no faster than the house does its steps: they wait for a real database."""
        step = int(STEP_SECONDS * SAMPLE_RATE) * SAMPLE_BYTES
        for n in range(max(1, ceil(round(seconds / STEP_SECONDS, 6)))):
            await super().passes(min(STEP_SECONDS, seconds - n * STEP_SECONDS), sound[n * step : (n + 1) * step])
            await self._catches_up()

    async def _catches_up(self) -> None:
        """Wait until the call has done everything that is to be done now; the engine's answers are not part of it."""
        if self._running is None or self._task is None or self.line.over.is_set():
            return
        reached = asyncio.Event()

        async def here() -> None:
            reached.set()

        self._running.session._soon(here)
        end = asyncio.get_running_loop().time() + LONGEST_STEP_SECONDS
        while not (reached.is_set() or self.line.over.is_set() or self._task.done()):
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(0)

    # What can be seen of it

    @property
    def dialogue(self) -> Dialogue:
        """The call's own side."""
        assert self._running is not None
        return self._running.session.dialogue

    @property
    def offered(self) -> dict[str, str]:
        """The options of the last answer by their keys."""
        part = self.dialogue.saying.part
        return {} if part is None else {key: option.title for key, option in part.options.items()}

    @property
    def asked_for(self) -> str:
        """What the last answer wants to be keyed."""
        part = self.dialogue.saying.part
        return "nothing" if part is None else part.expects

    async def row(self) -> Call:
        """The call."""
        async with self._server.services.database.reading() as session:
            return await calls.by_public_id(session, self.public_id)

    async def state(self) -> str | None:
        """The state of the call's conversation."""
        found = await self.conversation()
        return None if found is None else found.state.value

    async def conversation(self) -> Conversation | None:
        """The conversation of the call."""
        conversation_id = (await self.row()).conversation_id
        async with self._server.services.database.reading() as session:
            return None if conversation_id is None else await session.get(Conversation, conversation_id)

    async def utterances(self) -> list[Utterance]:
        """What was heard of the caller."""
        row = await self.row()
        async with self._server.services.database.reading() as session:
            return await calls.utterances(session, row.id)

    async def recordings(self) -> Sequence[Recording]:
        """What was recorded."""
        row = await self.row()
        async with self._server.services.database.reading() as session:
            return await recordings.of_call(session, row.id)

    async def identity(self) -> ChannelIdentity:
        """Who the caller is to the company."""
        async with self._server.services.database.reading() as session:
            found = await session.scalar(
                select(ChannelIdentity).where(
                    ChannelIdentity.channel == "voice", ChannelIdentity.external_id == self.public_id
                )
            )
        assert found is not None
        return found

    async def messages(self, direction: Direction) -> list[Message]:
        """The stored messages of the conversation."""
        return await self._of_conversation(Message, Message.direction == direction)

    async def tickets(self) -> list[Ticket]:
        """The tickets that came out of the call."""
        return await self._of_conversation(Ticket)

    async def complaints(self) -> list[Complaint]:
        """The complaints that came out of the call."""
        return await self._of_conversation(Complaint)

    async def queue_items(self) -> list[QueueItem]:
        """When persons were asked for."""
        return await self._of_conversation(QueueItem)

    async def alarms(self) -> list[Alarm]:
        """The alarms that were raised."""
        return await self._of_conversation(Alarm)

    async def ratings(self) -> list[Rating]:
        """The stars that were given."""
        return await self._of_conversation(Rating)

    async def _of_conversation(self, model: Any, *conditions: Any) -> list[Any]:
        row = await self.row()
        async with self._server.services.database.reading() as session:
            rows = await session.scalars(
                select(model).where(model.conversation_id == row.conversation_id, *conditions).order_by(model.id)
            )
            return list(rows)

    async def said(self) -> list[str]:
        """What the company has got of the caller, in order."""
        return [message.text for message in await self.messages(Direction.IN)]

    # The mobile in the other hand

    async def code_of(self, phone: str) -> str:
        """The code that came to this mobile."""
        async with httpx.AsyncClient(base_url=self._server.url, trust_env=False) as http:
            inbox = (await http.get("/api/demo/sms")).json()
        return str(next(sms["code"] for sms in inbox if sms["phone"] == phone))

    # The end

    async def checks_out(self) -> None:
        """Hang up if nobody did, and see that the call is over in the rows and in the process."""
        if not self.line.over.is_set():
            self.line.caller_hangs_up()
        await self.is_over()
        row = await self.row()
        assert row.state is CallState.ENDED
        assert row.outcome is not None
        assert row.ended_at is not None
        assert self.public_id not in {call.public_id for call in self._switchboard.live()}
        assert self.recogniser.open == 0, "an utterance was left open"
        async with self._server.services.database.transaction() as session:
            # The next caller from this home is not to be asked whether it is the same.
            await session.execute(
                update(Ticket).where(Ticket.conversation_id == row.conversation_id).values(state=TicketState.CANCELLED)
            )

    async def _until(self, look: Callable[[], Any], otherwise: str) -> Any:
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < end:
            if (found := look()) is not None:
                return found
            await asyncio.sleep(LOOK_SECONDS)
        raise AssertionError(otherwise)
