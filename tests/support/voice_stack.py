"""The whole telephone in a test: ``hotline.yml``, real SIP, the real speech process, a real engine, and callers with
telephones of another maker (baresip), who hear when they may speak by what the house does and not by a clock.
"""

import asyncio
import contextlib
import wave
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from integrations.voice.call.dialogue import Dialogue
from integrations.voice.configuration import Hotline, Sip, VoiceSettings
from integrations.voice.engines.build import voice_of
from integrations.voice.hotline import RunningCall, Switchboard
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE, Audio, HungUp, Line
from integrations.voice.sip.telephone import SipTelephone
from integrations.voice.wav import as_wav
from property_db import demo, migrate
from property_db.calls import agent_phones
from property_db.calls import service as calls
from property_db.calls.models import Call, CallState, Utterance
from property_db.clock import Clock
from property_db.conversations.models import Direction, Message
from property_db.database import Database
from property_db.handoff.models import Agent
from tests.support.actors import Answer, DeskAgent
from tests.support.engine_process import EngineProcess, train
from tests.support.sip_peers import Baresip, baresip, free_port
from tests.support.speech_process import PATIENCE_SECONDS, SpeechProcess, until, until_seen
from tests.support.stack import Server, serve, settings_for
from tests.support.stack import free_port as free_tcp_port

HEARD_WITHIN_SECONDS = 20.0
"""After it a caller who got no reaction says it again."""
AFTER_WORDS_SECONDS = 100
"""Of silence behind what a caller says: their telephone hangs up at the end of the file."""
TRIES = 3
LOUD_FROM = 300
FRAMES_A_SECOND = 50


@dataclass
class House:
    """The running product.

    Attributes:
        agents_port: where the telephone of the agent has to be.
    """

    server: Server
    speech: SpeechProcess
    agents_port: int
    folder: Path
    engine_url: str
    _words: dict[str, Path] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        """The property database."""
        return self.server.services.database

    @property
    def switchboard(self) -> Switchboard:
        """The hotline."""
        switchboard = self.server.services.hotline
        assert switchboard is not None
        return switchboard

    @property
    def telephone(self) -> SipTelephone:
        """The hotline's telephone."""
        telephone = self.switchboard.exchange
        assert isinstance(telephone, SipTelephone)
        return telephone

    async def rows(self, statement: Any) -> list[Any]:
        """Look into the database."""
        async with self.database.reading() as session:
            return list(await session.scalars(statement))

    async def sound_of(self, text: str) -> bytes:
        """What a caller says, as sound."""
        return _pcm_of(await self.words(text))[: -AFTER_WORDS_SECONDS * SAMPLE_RATE * SAMPLE_BYTES]

    async def words(self, text: str) -> Path:
        """A sound file of a caller who says it and is silent then; an empty text for silence only."""
        if text not in self._words:
            file = self.folder / f"words-{len(self._words)}.wav"
            said = await self.speech.say(text) if text else b""
            file.write_bytes(as_wav(said + bytes(AFTER_WORDS_SECONDS * SAMPLE_RATE * SAMPLE_BYTES)))
            self._words[text] = file
        return self._words[text]

    @contextlib.asynccontextmanager
    async def speaking_clearly(self) -> AsyncIterator[None]:
        """Answer the next calls with the speech service's voice, however long it takes on a busy machine."""
        switchboard = self.switchboard
        before = switchboard.equipment
        settings = Hotline(voice=VoiceSettings(kind="guanjia", late_after=PATIENCE_SECONDS))
        voice = voice_of(settings, self.speech.url)
        assert voice is not None
        switchboard.equipment = replace(before, voices=[voice])
        try:
            yield
        finally:
            switchboard.equipment = before
            await voice.close()

    @contextlib.asynccontextmanager
    async def on_duty(self, number: str | None = None) -> AsyncIterator[DeskAgent]:
        """Somebody at the desk, with a telephone or without."""
        agent = await DeskAgent(self.server.url).signs_in()
        async with self.database.transaction() as session:
            row = (await session.scalars(select(Agent).where(Agent.username == "xiaoli"))).one()
            await agent_phones.set(session, row.id, number, Clock())
        try:
            yield agent
        finally:
            await agent.leaves()

    @contextlib.asynccontextmanager
    async def another_phone(self, calls: int = 1) -> AsyncIterator[SipTelephone]:
        """A telephone like ours whose every frame can be counted; for so many calls at once."""

        async def nobody(line: Line) -> None:
            await line.reject("unavailable")

        settings = Sip(host="127.0.0.1", port=0, rtp_ports=(26000, 26199), agents_via=self.address)
        phone = SipTelephone(settings, nobody, calls)
        await phone.start()
        try:
            yield phone
        finally:
            await phone.stop()

    @property
    def address(self) -> str:
        """Where the hotline's telephone is reached."""
        host, port = self.telephone.address
        return f"{host}:{port}"

    async def idle(self) -> None:
        """Wait until no call is left; what a call leaves behind fails the test."""
        await until("all calls are over", lambda: not self.switchboard.live())
        await until("no port is left open", lambda: not self.telephone.state().ports)
        await until("no dialog is left", lambda: not self.telephone._equipment.left_over())


class Caller:
    """Somebody with a baresip in their hand.

    Attributes:
        phone: it.
        call: their call at the house, once it is there.
    """

    def __init__(self, house: House, phone: Baresip) -> None:
        self.house = house
        self.phone = phone
        self.call: RunningCall | None = None
        self.public_id = ""

    @property
    def dialled(self) -> str:
        """What they dial: the house itself, without an exchange."""
        return f"sip:4008@{self.house.address}"

    # What they do

    async def dials(self) -> "Caller":
        """Call, and be answered."""
        others = {call.public_id for call in self.house.switchboard.live()}
        await self.phone.command("dial", self.dialled)
        self.call = call = await until(
            "the call is taken",
            lambda: next((one for one in self.house.switchboard.live() if one.public_id not in others), None),
        )
        self.public_id = call.public_id
        await self.phone.event("CALL_ESTABLISHED")
        await until("the house speaks", lambda: self.speaks)
        return self

    async def begins_to_say(self, text: str) -> None:
        """Speak, whatever the house does."""
        await self.phone.speak(await self.house.words(text))

    async def says(self, text: str, *, interrupting: bool = False) -> Answer:
        """Speak when the house is silent, and once more when it did not react; the answer.

        Args:
            interrupting: speak while the house does.
        """
        before = await self.messages(Direction.IN)
        for _ in range(TRIES):
            if not interrupting:
                await self.hears_out()
            await self.begins_to_say(text)
            with contextlib.suppress(AssertionError):
                await until_seen(
                    f"「{text}」 is understood", lambda: self._more_than(len(before)), HEARD_WITHIN_SECONDS
                )
                return await self.answer()
        raise AssertionError(f"「{text}」 was not understood: {await self.transcript()}")

    async def presses(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.phone.press(key)
            await asyncio.sleep(0.15)  # a finger

    async def keys(self, keys: str) -> Answer:
        """Press keys that make a message, and get the answer."""
        before = await self.messages(Direction.IN)
        await self.presses(keys)
        await until_seen(f"{keys} is taken", lambda: self._more_than(len(before)))
        return await self.answer()

    async def hears_out(self) -> None:
        """Listen until the house has nothing more to say."""
        await until("the house is silent", lambda: not self.speaks, 2 * PATIENCE_SECONDS)

    async def hangs_up(self) -> None:
        """Put the receiver down."""
        await self.phone.command("hangup")
        await self.phone.event("CALL_CLOSED")

    # What can be seen of it

    @property
    def dialogue(self) -> Dialogue:
        """The house's side of the call."""
        assert self.call is not None
        return self.call.session.dialogue

    @property
    def speaks(self) -> bool:
        """Whether the house says something to them just now."""
        return self.dialogue.parts.mouth.busy

    @property
    def is_heard_speaking(self) -> bool:
        """Whether the house has noticed that they speak."""
        return self.dialogue.parts.ear.speaking

    @property
    def records(self) -> bool:
        """Whether a message may be left."""
        return self.dialogue.voicemail is not None and self.dialogue.voicemail.recording

    @property
    def asked_for(self) -> str:
        """What the last answer wants to be keyed."""
        part = self.dialogue.saying.part
        return "nothing" if part is None else part.expects

    async def answer(self) -> Answer:
        """The answer to what they said last, when the house has begun to say it."""

        async def found() -> Answer | None:
            rows = await self.messages()
            asked = [row.id for row in rows if row.direction is Direction.IN]
            answered = [row for row in rows if row.reply_to_id == asked[-1]] if asked else []
            return Answer(answered[-1].blocks, answered[-1].seq) if answered else None

        answer = await until_seen("an answer", found)
        await until("the answer is on the line", lambda: not self.dialogue.floor.awaiting)
        return answer

    async def messages(self, direction: Direction | None = None) -> list[Message]:
        """The messages of their conversation."""
        row = await self.row()
        if row.conversation_id is None:
            return []
        found = await self.house.rows(
            select(Message).where(Message.conversation_id == row.conversation_id).order_by(Message.seq)
        )
        return [one for one in found if direction in (None, one.direction)]

    async def transcript(self) -> str:
        """Everything that was understood and answered."""
        return "\n".join(f"{one.direction}: {one.text} {one.blocks}" for one in await self.messages())

    async def row(self) -> Call:
        """Their call's row."""
        async with self.house.database.reading() as session:
            return await calls.by_public_id(session, self.public_id)

    async def ended(self) -> Call:
        """Their call's row, when it has ended."""

        async def look() -> Call | None:
            row = await self.row()
            return row if row.state is CallState.ENDED else None

        return await until_seen("the call is over", look)

    async def heard(self) -> list[Utterance]:
        """What the recogniser made of them."""
        row = await self.row()
        async with self.house.database.reading() as session:
            return await calls.utterances(session, row.id)

    async def _more_than(self, count: int) -> bool:
        return len(await self.messages(Direction.IN)) > count


@dataclass
class Counted:
    """What comes over a line, frame by frame: whether there was sound in it."""

    line: Line
    frames: list[bool] = field(default_factory=list)

    async def run(self) -> None:
        """Count until the call is over."""
        while not isinstance(event := await self.line.next_event(), HungUp):
            if isinstance(event, Audio):
                samples = array("h", event.pcm)
                self.frames.append(max(map(abs, samples), default=0) > LOUD_FROM)

    def silent_from(self, start: int) -> int | None:
        """The first frame from there on with which a whole second of silence begins."""
        for at in range(start, len(self.frames) - FRAMES_A_SECOND + 1):
            if not any(self.frames[at : at + FRAMES_A_SECOND]):
                return at
        return None


@contextlib.asynccontextmanager
async def caller(house: House, folder: Path, number: str) -> AsyncIterator[Caller]:
    """Somebody with a telephone of this number; hung up in the end."""
    house.speech.start()
    await house.speech.loaded()
    silence = await house.words("")
    account = f"<sip:{number}@127.0.0.1>;regint=0;audio_codecs=PCMA"
    async with baresip(folder / f"phone-{number}", silence, account) as phone:
        yield Caller(house, phone)
    await house.idle()


@contextlib.asynccontextmanager
async def open_house(folder: Path, *, prompts: bool = False, **settings: Any) -> AsyncIterator[House]:
    """Everything in a fresh folder: database with the demo estate, engine, speech, server with a telephone.

    Args:
        prompts: the hotline's prompts are rendered ahead.
        settings: sections of ``hotline.yml`` instead of those of the tests.
    """
    speech = SpeechProcess(folder / "speech", prompts=prompts)
    speech.start()
    url = f"sqlite+aiosqlite:///{folder / 'guanjia.db'}"
    await migrate.upgrade(url)
    database = Database(url, synchronous="OFF")
    await demo.create(database, Clock())
    await database.dispose()
    port, agents_port = free_tcp_port(), free_port()
    engine = EngineProcess(folder / "engine", f"http://127.0.0.1:{port}/internal/actions", free_tcp_port())
    try:
        train()
        await asyncio.to_thread(engine.start)
        write_settings(folder / "hotline.yml", agents_port, **settings)
        await speech.loaded()
        async with serve(settings_for(folder, port, engine.url, url, speech_url=speech.url)) as server:
            yield House(server, speech, agents_port, folder, engine.url)
    finally:
        engine.kill()
        speech.kill()


def write_settings(file: Path, agents_port: int, **changed: Any) -> None:
    """What an operator would write for an exchange on this machine."""
    settings: dict[str, Any] = {
        "sip": {
            "host": "127.0.0.1",
            "port": free_port(),
            "rtp_ports": [25000, 25199],
            "allowed": ["127.0.0.0/8"],
            "agents_via": f"127.0.0.1:{agents_port}",
        },
        # The smallest voice: a busy machine needs its cores for the recogniser.
        "voice": {"kind": "espeak", "speed": 2.0},
        "recogniser": {"late_after": 30.0},
        "trust_caller_number": True,
        **changed,
    }
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    file.chmod(0o600)


def _pcm_of(file: Path) -> bytes:
    with wave.open(str(file)) as read:
        return bytes(read.readframes(read.getnframes()))
