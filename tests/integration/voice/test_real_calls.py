"""Real calls through the whole product: SIP of another maker, speech that is really recognised, the real engine."""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select

from integrations.speech.weights import missing_packages
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.wav import as_wav
from property_db.calls import recordings
from property_db.calls.models import CallOutcome, Recording, RecordingKind
from property_db.clock import SHANGHAI
from property_db.conversations.models import Direction
from property_db.fees.models import Bill, FeeItem
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind
from property_db.people.models import Binding, Person
from property_db.tickets.models import Ticket, TicketKind
from tests.support import engine_process
from tests.support.actors import Answer, DeskAgent
from tests.support.live import CHEN, LI, WANG
from tests.support.sip_peers import Baresip, baresip, needs_baresip
from tests.support.speech_process import until, until_seen
from tests.support.voice_stack import Caller, Counted, House, caller, open_house

pytestmark = [
    pytest.mark.engine,
    needs_baresip,
    pytest.mark.skipif(bool(missing_packages()), reason="needs the extra speech: ./guanjia speech install"),
    pytest.mark.skipif(not engine_process.available(), reason="no engine environment: run ./guanjia once"),
]
ROOM = "501"
OPENING = "厨房水龙头一直漏水，你们派人来修一下"
REPLIES = {
    "time": "后天下午三点",
    "phone": "就用登记的电话",
    "着急": "不急，约个时间",
    "照片": "没有照片",
}
PERSON = "我要找人工客服"
MENU_FEES, MENU_PERSON = "2", "0"
AGENT = "8001"
AGENT_HERTZ = 600
CUT_WITHIN_FRAMES = 15
"""Of 20 ms, from the decision that it is speech and no cough to the last one with sound in it."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The running product with a telephone."""
    async with open_house(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture
async def wang(house: House, tmp_path: Path) -> AsyncIterator[Caller]:
    """王建国, whose number the exchange vouches for."""
    async with caller(house, tmp_path, WANG) as resident:
        yield resident


@pytest.fixture
async def li(house: House, tmp_path: Path) -> AsyncIterator[Caller]:
    """李秀英, whose number the exchange vouches for."""
    async with caller(house, tmp_path, LI) as resident:
        yield resident


@pytest.fixture
async def stranger(house: House, tmp_path: Path) -> AsyncIterator[Caller]:
    """Somebody whose number nobody knows."""
    async with caller(house, tmp_path, "13512345678") as somebody:
        yield somebody


def reply_to(answer: Answer) -> str:
    """What a resident says to a question of the repair form."""
    if answer.offers("确认提交"):
        return "确认提交"
    asked = answer.cards("ask")[-1]["value"] if answer.cards("ask") else ""
    key = asked if asked in REPLIES else next((key for key in REPLIES if key in answer.text), None)
    assert key is not None, f"an unexpected question: {answer.text}"
    return REPLIES[key]


async def owed_fen(house: House, phone: str) -> int:
    """What the homes of this phone owe of 物业费, straight from the rows."""
    (owed,) = await house.rows(
        select(func.sum(Bill.amount_fen + Bill.late_fee_fen - Bill.paid_fen))
        .join(Binding, Binding.home_id == Bill.home_id)
        .join(Person, Person.id == Binding.person_id)
        .join(FeeItem, FeeItem.id == Bill.fee_item_id)
        .where(Person.phone == phone, FeeItem.name == "物业费", Bill.state.in_(["unpaid", "partly_paid"]))
    )
    return int(owed or 0)


async def waiting_item(agent: DeskAgent, caller: Caller) -> int | None:
    """The caller's place in the agent's list."""
    waiting = (await agent.overview())["waiting"]
    calls = [int(item["id"]) for item in waiting if item["channel"] == "voice" and item["kind"] == "chat"]
    return calls[0] if calls else None


def sine(hertz: int, seconds: float) -> bytes:
    """A tone as it is on the line."""
    step = 2 * math.pi * hertz / SAMPLE_RATE
    return array("h", (round(9000 * math.sin(step * n)) for n in range(round(seconds * SAMPLE_RATE)))).tobytes()


def has_tone(pcm: bytes, hertz: int) -> bool:
    """Whether some .4 s of the sound is this tone and little else (Goertzel)."""
    samples, piece = array("h", pcm), round(0.4 * SAMPLE_RATE)
    angle = 2 * math.pi * hertz / SAMPLE_RATE
    for at in range(0, len(samples) - piece, piece):
        part = samples[at : at + piece]
        energy = sum(one * one for one in part)
        cosine = sum(one * math.cos(angle * n) for n, one in enumerate(part))
        sinus = sum(one * math.sin(angle * n) for n, one in enumerate(part))
        if energy and 2 * (cosine**2 + sinus**2) / (piece * energy) > 0.8:
            return True
    return False


async def test_a_repair_from_hello_to_the_ticket_is_only_spoken(wang: Caller, house: House) -> None:
    await wang.dials()
    await wang.presses(f"{ROOM}#")
    answer = await wang.says(OPENING, interrupting=True)
    for _ in range(8):
        if "单号" in answer.text or answer.cards("ticket_card"):
            break
        confirms = answer.offers("确认提交")  # what is filed is heard to its end
        answer = await wang.says(reply_to(answer), interrupting=not confirms)
    await wang.hangs_up()
    row = await wang.ended()
    assert row.outcome is CallOutcome.SELF_SERVED
    (ticket,) = await house.rows(select(Ticket).where(Ticket.conversation_id == row.conversation_id))
    assert ticket.number in str(answer.blocks)
    assert (ticket.facility, ticket.contact_phone) == ("水龙头", WANG)
    assert ticket.home_id is not None
    assert ticket.appointment_start is not None
    assert ticket.appointment_start.astimezone(SHANGHAI).hour == 15
    kept = await house.rows(select(Recording).where(Recording.call_id == row.id))
    assert len(kept) >= len(await wang.heard()) > 0, "every utterance has its sound"


async def test_arrears_are_told_after_keys_only(wang: Caller, house: House) -> None:
    async with house.speaking_clearly():
        await wang.dials()
        await wang.presses(f"{ROOM}#*")
        answer = await wang.keys(MENU_FEES)
        await wang.hears_out()
        await wang.hangs_up()
    assert answer.card("bill_card")["total_fen"] == await owed_fen(house, WANG) > 0
    row = await wang.ended()
    assert (row.outcome, row.speech_ok) == (CallOutcome.SELF_SERVED, True)
    heard = await house.speech.hear(wang.phone.heard()[-20 * SAMPLE_RATE * SAMPLE_BYTES :])
    assert "元" in heard or "费" in heard, heard


async def test_a_wrong_room_opens_nothing(li: Caller) -> None:
    await li.dials()
    await li.presses("999#998#*")
    answer = await li.keys(MENU_FEES)
    assert not answer.cards("bill_card")
    await li.hangs_up()


async def test_who_asks_for_a_person_reaches_an_agents_telephone(wang: Caller, house: House, tmp_path: Path) -> None:
    microphone = tmp_path / "agent.wav"
    microphone.write_bytes(as_wav(sine(AGENT_HERTZ, 150)))
    account = f"<sip:{AGENT}@127.0.0.1>;regint=0;audio_codecs=PCMA;answermode=manual"
    async with (
        house.on_duty(AGENT) as agent,
        baresip(tmp_path / "agent", microphone, account, house.agents_port, "-s") as phone,
    ):
        await wang.dials()
        await wang.presses(f"{ROOM}#")
        await wang.says(OPENING, interrupting=True)
        await wang.says(PERSON, interrupting=True)
        item = await until_seen("the desk shows them", lambda: waiting_item(agent, wang))
        await agent.post(f"/queue/{item}/take")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await until("both are connected", lambda: wang.dialogue.aside)
        await asyncio.sleep(3.0)  # they talk
        await phone.command("hangup")
        await phone.event("CALL_CLOSED")
        await until("the caller is asked for stars", lambda: wang.asked_for == "rating")
        await wang.presses("5")

        async def rated() -> bool:
            return (await wang.row()).rating == 5

        await until_seen("the stars are kept", rated)
        await wang.hangs_up()
    told_of_the_call(phone, wang)
    assert has_tone(wang.phone.heard(), AGENT_HERTZ), "the caller hears the agent"
    assert (await wang.ended()).outcome is CallOutcome.AGENT


def told_of_the_call(phone: Baresip, wang: Caller) -> None:
    """With the ringing the agent's telephone got who it is and what they want, and no more than that."""
    assert phone.received("X-Guanjia-Call") == [wang.public_id]
    (summary,) = (unquote(one) for one in phone.received("X-Guanjia-Summary"))
    assert "5**" in summary
    assert ROOM not in summary
    assert "水龙头" in summary or "漏水" in summary


async def test_after_hours_a_message_becomes_a_ticket_with_its_sound(wang: Caller, house: House) -> None:
    await wang.dials()
    await wang.presses("*")
    await wang.presses(MENU_PERSON)
    await until("the tone was given", lambda: wang.records)
    await wang.begins_to_say(OPENING)
    await until("they are heard", lambda: wang.is_heard_speaking)
    await until("they have finished", lambda: not wang.is_heard_speaking)
    await wang.presses("#")
    row = await wang.ended()
    assert row.outcome is CallOutcome.VOICEMAIL
    async with house.database.reading() as session:
        (kept,) = [one for one in await recordings.of_call(session, row.id) if one.kind is RecordingKind.VOICEMAIL]
        ticket = await session.get_one(Ticket, kept.ticket_id)
        place = await handoff.place_of(session, row.conversation_id or 0)
    assert (ticket.kind, ticket.contact_phone) == (TicketKind.VOICEMAIL, WANG)
    assert place is not None
    assert place.kind is QueueKind.CALLBACK
    assert "漏水" in kept.transcript
    sound = house.folder / "recordings" / kept.file
    assert sound.stat().st_size == kept.size_bytes > SAMPLE_RATE * SAMPLE_BYTES


async def test_speech_cuts_a_prompt_within_300_ms_of_the_decision(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.switchboard.prompts.set_recording("how_to", as_wav(sine(440, 30)))
    words = await house.sound_of(OPENING)
    async with house.another_phone() as phone:
        line = await phone.dial("4008", {}, 30.0)
        counted = Counted(line)
        counting = asyncio.create_task(counted.run())
        (call,) = await until("the call is taken", house.switchboard.live)
        mouth = call.session.dialogue.parts.mouth
        prompt = call.session.dialogue.parts.prompt("how_to").text

        def played() -> bool:
            return any(one.sentence.text == prompt and mouth.played > one.begins + 1.0 for one in mouth._queued)

        await until("the prompt is played", played)
        decided: list[int] = []
        cut = call.session.dialogue.interrupted

        def interrupted() -> None:
            decided.append(len(counted.frames))
            cut()

        monkeypatch.setattr(call.session.dialogue, "interrupted", interrupted)
        line.play(words)
        await until("it is taken for speech", lambda: decided)
        (moment,) = decided[:1]
        silent = await until("it is cut", lambda: counted.silent_from(moment))
        assert all(counted.frames[moment - 25 : moment]), "it was loud up to the decision"
        assert silent - moment <= CUT_WITHIN_FRAMES
        await line.hang_up()
        await counting
    house.switchboard.prompts.set_recording("how_to", None)
    await house.idle()


async def test_a_key_counts_while_they_speak(stranger: Caller, house: House) -> None:
    async with house.on_duty():
        await stranger.dials()
        await stranger.begins_to_say(OPENING)
        await until("they are heard", lambda: stranger.is_heard_speaking)
        await stranger.presses(MENU_PERSON)

        async def both() -> bool:
            said = [row.text for row in await stranger.messages(Direction.IN)]
            return len(said) == 2 and any("漏水" in text for text in said)

        await until_seen("the key and the words are there", both)
        assert stranger.dialogue.standing.owner == "waiting"
        await stranger.hangs_up()


async def in_the_greeting(caller: Caller, house: House) -> None:
    """Nothing more is done."""


async def at_the_keys(caller: Caller, house: House) -> None:
    """A room was begun."""
    await caller.presses("50")


async def in_a_sentence(caller: Caller, house: House) -> None:
    """They speak, and it is heard."""
    await caller.begins_to_say(OPENING)
    await until("they are heard", lambda: caller.is_heard_speaking)


async def before_the_answer(caller: Caller, house: House) -> None:
    """Something was asked."""
    await caller.presses(f"*{'*'}")
    await caller.presses(MENU_FEES)


async def in_the_queue(caller: Caller, house: House) -> None:
    """They wait for a person."""
    await caller.presses(f"*{MENU_PERSON}")
    await until("they wait", lambda: caller.dialogue.standing.owner == "waiting")


@pytest.mark.parametrize("stage", [in_the_greeting, at_the_keys, in_a_sentence, before_the_answer, in_the_queue])
async def test_hanging_up_leaves_nothing_behind(house: House, tmp_path: Path, stage: object) -> None:
    assert callable(stage)
    async with house.on_duty(), caller(house, tmp_path, CHEN) as somebody:
        await somebody.dials()
        await stage(somebody, house)
        await somebody.hangs_up()
        row = await somebody.ended()
        assert row.outcome in (CallOutcome.ABANDONED, CallOutcome.SELF_SERVED)
        if row.conversation_id is not None:
            async with house.database.reading() as session:
                assert await handoff.place_of(session, row.conversation_id) is None, "nobody is waited for"


async def test_a_call_goes_on_by_keys_when_the_speech_service_is_killed(wang: Caller, house: House) -> None:
    await wang.dials()
    await wang.presses(f"{ROOM}#")
    await wang.begins_to_say(OPENING)
    await until("they are heard", lambda: wang.is_heard_speaking)
    house.speech.kill()

    async def known() -> bool:
        return not (await wang.row()).speech_ok

    await until_seen("the house knows", known)
    assert (await house.switchboard.status()).recogniser == "down"
    await until("the keys are on offer", lambda: wang.dialogue.saying.menu_open)
    answer = await wang.keys(MENU_FEES)
    assert answer.card("bill_card")["total_fen"] == await owed_fen(house, WANG)
    await wang.hangs_up()
    assert (await wang.ended()).outcome is CallOutcome.SELF_SERVED
