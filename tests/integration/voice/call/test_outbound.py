"""Calls we place, over the real database: reminders, machines, opt-outs, calls back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from integrations.voice.configuration import Hotline, Outbound
from integrations.voice.handover import PhoneHandover
from integrations.voice.handover.house import House
from integrations.voice.line import NotReached
from integrations.voice.outbound import Dialler
from property_db.calls import outbound
from property_db.calls.models import Call, CallDirection, CallOutcome, OutboundKind, OutboundState, OutboundTask
from property_db.conversations.models import Message
from property_db.handoff import service as handoff
from tests.integration.voice.call.conftest import Office
from tests.integration.voice.call.test_handover import hire
from tests.support.exchange import PaperExchange, another, hears_everybody, speaks
from tests.support.telephone import PATIENCE_SECONDS, Telephone, equip

NUMBER = "13800138000"
ABROAD = "0085212345678"
TEXT = "明天上午九点师傅上门修水龙头"


class Outgoing:
    """The dialler of a running server, and the telephones it may reach."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.telephone = hears_everybody(Telephone(NUMBER))
        office.telephones.append(self.telephone)
        self.exchange = PaperExchange({NUMBER: self.telephone})
        switchboard = office.switchboard
        switchboard.exchange = self.exchange
        switchboard.settings = Hotline(outbound=Outbound(enabled=True))
        equip(switchboard, self.telephone)
        house = House(office.services)
        self.phones = PhoneHandover(switchboard, house)
        switchboard.handover = self.phones
        self.dialler = Dialler(switchboard, office.services, house, self.phones)

    async def planned(
        self, kind: OutboundKind = OutboundKind.APPOINTMENT, text: str = TEXT, number: str = NUMBER, **more: int
    ) -> int:
        """A released call; its id."""
        services = self.office.services
        boss = more.pop("boss", None) or (await hire(self.office, "boss", "主管", None)).id
        async with services.database.transaction() as session:
            task = await outbound.create(session, kind, number, text, services.clock, created_by=boss, **more)  # type: ignore[arg-type]
            await outbound.release(session, task.id, boss, services.clock, explicit=True)
        return task.id

    async def task(self) -> OutboundTask:
        """The only one there is."""
        async with self.office.services.database.reading() as session:
            return (await session.scalars(select(OutboundTask))).one()

    async def call(self) -> Call:
        """The only one there is."""
        async with self.office.services.database.reading() as session:
            return (await session.scalars(select(Call))).one()

    async def answers(self) -> None:
        """The telephone rings and somebody says hello."""
        await self.dialler.look()
        await self.until(lambda: self.telephone.line.answered)
        await self.telephone.begins_to_say("喂你好", seconds=0.6)
        await self.telephone.passes(0.8)

    async def until(self, condition: object) -> None:
        """Let time pass until it holds."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < end:
            if condition():  # type: ignore[operator]
                return
            await self.telephone.passes(0.1)
            await asyncio.sleep(0.002)
        raise AssertionError("it did not happen")

    async def is_done(self) -> OutboundTask:
        """Wait until the dialler has written down how it ended."""
        await self.until(lambda: not self.dialler._tasks)
        return await self.task()


@pytest.fixture
async def out(office: Office) -> AsyncIterator[Outgoing]:
    """Calls are placed when a test says so."""
    outgoing = Outgoing(office)
    yield outgoing
    outgoing.telephone.line.caller_hangs_up()
    await outgoing.dialler.stop()
    await outgoing.dialler.finish()


async def test_a_reminder_is_spoken_to_who_answers(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    heard = await out.telephone.listens()
    assert heard.index("来电提醒") < heard.index("录音") < heard.index("师傅上门") < heard.index("请按二")
    task = await out.is_done()
    call = await out.call()
    assert (task.state, task.outcome, task.call_id) == (OutboundState.DONE, CallOutcome.SELF_SERVED, call.id)
    assert (call.direction, call.number, call.outcome) == (CallDirection.OUT, NUMBER, CallOutcome.SELF_SERVED)
    assert call.answered_at is not None


async def test_no_header_leaves_for_the_public_network(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    assert out.exchange.dialled == [(NUMBER, {})]


async def test_one_says_it_again(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    await out.telephone.listens()
    await out.telephone.presses("1")
    assert TEXT in (await out.telephone.listens()).replace("，", "")


async def test_two_means_no_such_calls_any_more(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    await out.telephone.passes(1.0)
    await out.telephone.presses("2")
    await out.telephone.hears("以后不再")
    task = await out.is_done()
    assert (task.state, (await out.call()).outcome) == (OutboundState.OPTED_OUT, CallOutcome.OPTED_OUT)
    async with out.office.services.database.reading() as session:
        assert await outbound.opted_out(session, NUMBER)


async def test_no_more_calls_can_be_said_too(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    await out.telephone.listens()
    await out.telephone.says("别再打了")
    await out.telephone.hears("以后不再")
    assert (await out.is_done()).state is OutboundState.OPTED_OUT


async def test_zero_leads_to_a_person_who_sees_what_it_was_about(out: Outgoing) -> None:
    await hire(out.office)
    await out.planned()
    await out.answers()
    await out.telephone.listens()
    await out.telephone.presses("0")
    await out.telephone.hears("转人工")
    async with out.office.services.database.reading() as session:
        ((_, conversation),) = await handoff.waiting(session)
        rows = await session.scalars(select(Message).where(Message.conversation_id == conversation.id))
        assert TEXT in [row.text for row in rows if not row.visible_to_resident]
    assert (await out.call()).conversation_id == conversation.id


async def test_a_question_is_answered_as_on_any_call(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    await out.telephone.listens()
    await out.telephone.says("师傅姓什么")
    await out.telephone.hears("收到：师傅姓什么")


async def test_a_greeting_is_no_question(out: Outgoing) -> None:
    await out.planned()
    await out.answers()
    await out.telephone.passes(0.5)
    await out.telephone.says("喂，哪位")
    assert "请按二" in await out.telephone.listens()
    assert out.office.engine.asked == []


async def test_a_machine_gets_a_short_message_once(out: Outgoing) -> None:
    await out.planned()
    await out.dialler.look()
    await out.until(lambda: out.telephone.line.answered)
    await out.telephone.begins_to_say("您好我现在不方便接听电话", seconds=5.0)
    await out.telephone.passes(2.0)
    await out.telephone.hears("感谢您的接听")
    task = await out.is_done()
    assert (task.state, task.outcome) == (OutboundState.DONE, CallOutcome.VOICEMAIL)
    assert "请按" not in out.telephone.transcript
    assert out.telephone.transcript.count("师傅上门") == 1
    assert (await out.call()).outcome is CallOutcome.VOICEMAIL


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("busy", CallOutcome.BUSY), ("no_answer", CallOutcome.NO_ANSWER), ("unreachable", CallOutcome.FAILED)],
)
async def test_who_is_not_reached_is_tried_again_later_and_then_given_up(
    out: Outgoing, reason: str, outcome: CallOutcome
) -> None:
    out.exchange.numbers[NUMBER] = NotReached(reason)  # type: ignore[arg-type]
    await out.planned()
    await out.dialler.look()
    task = await out.is_done()
    assert (task.state, (await out.call()).outcome) == (OutboundState.RELEASED, outcome)
    await out.dialler.look()
    assert len(out.exchange.dialled) == 1, "not at once"
    out.office.services.clock.advance(minutes=31)  # type: ignore[attr-defined]
    await out.dialler.look()
    assert (await out.is_done()).state is OutboundState.FAILED
    assert len(out.exchange.dialled) == 2


async def test_at_night_nobody_is_called(out: Outgoing) -> None:
    await out.planned()
    out.office.services.clock.advance(hours=12)  # type: ignore[attr-defined]
    await out.dialler.look()
    assert out.exchange.dialled == []


async def test_nothing_is_dialled_while_it_is_switched_off(out: Outgoing) -> None:
    out.office.switchboard.settings = Hotline()
    await out.planned()
    await out.dialler.look()
    assert out.exchange.dialled == []


async def test_a_number_abroad_is_dialled_only_where_the_settings_allow_it(out: Outgoing) -> None:
    out.exchange.numbers[ABROAD] = NotReached("busy")
    await out.planned(number=ABROAD)
    await out.dialler.look()
    assert (await out.is_done()).outcome is CallOutcome.FAILED
    assert out.exchange.dialled == []
    out.office.switchboard.settings = Hotline(outbound=Outbound(enabled=True, international=True))
    out.office.services.clock.advance(minutes=31)  # type: ignore[attr-defined]
    await out.dialler.look()
    assert (await out.is_done()).outcome is CallOutcome.BUSY
    assert out.exchange.dialled == [(ABROAD, {})]


async def test_a_call_back_to_an_agent_abroad_rings_nobody(out: Outgoing) -> None:
    agent = await hire(out.office, phone=ABROAD)
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)
    await out.dialler.look()
    assert (await out.is_done()).outcome is CallOutcome.FAILED
    assert out.exchange.dialled == []


async def test_only_so_many_at_once(out: Outgoing) -> None:
    out.office.switchboard.settings = Hotline(outbound=Outbound(enabled=True, calls_at_once=1))
    out.exchange.rings = asyncio.Event()
    boss = (await hire(out.office, "boss", "主管", None)).id
    await out.planned(boss=boss)
    await out.planned(text="另一件事", boss=boss)
    await out.dialler.look()
    await out.dialler.look()
    await out.telephone.settles()
    assert len(out.dialler._tasks) == 1


async def test_what_rings_when_the_server_stops_is_tried_again(out: Outgoing) -> None:
    out.exchange.rings = asyncio.Event()
    await out.planned()
    await out.dialler.look()
    await out.until(lambda: out.exchange.dialled)
    await out.dialler.stop()
    await out.dialler.finish()
    assert (await out.task()).state is OutboundState.RELEASED
    assert (await out.call()).outcome is CallOutcome.ABANDONED


async def test_a_call_back_rings_the_agent_then_the_resident_and_connects_them(out: Outgoing) -> None:
    agent = await hire(out.office)
    agents_phone = another(out.telephone)
    out.exchange.numbers["8001"] = agents_phone
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)
    await out.dialler.look()
    await out.until(lambda: out.telephone.line.answered)
    assert [number for number, _ in out.exchange.dialled] == ["8001", NUMBER]
    await out.until(lambda: any(one.session.dialogue.aside for one in out.office.switchboard.live()))
    await speaks(agents_phone, "您好我是物业小李", [out.telephone])
    assert "您好我是物业小李" in out.telephone.transcript
    await speaks(out.telephone, "请讲", [agents_phone])
    assert "请讲" in agents_phone.transcript
    agents_phone.line.caller_hangs_up()
    await out.telephone.passes(0.5)
    await out.telephone.hears("按一到五")
    await out.telephone.presses("4")
    assert (await out.is_done()).state is OutboundState.DONE
    call = await out.call()
    assert (call.outcome, call.rating, call.agent_id) == (CallOutcome.AGENT, 4, agent.id)


async def test_the_agent_hears_what_happens_to_a_call_back(out: Outgoing) -> None:
    agent = await hire(out.office)
    agents_phone = another(out.telephone)
    out.exchange.numbers |= {"8001": agents_phone, NUMBER: NotReached("no_answer")}
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)
    await out.dialler.look()
    await agents_phone.hears("住户没有接听")
    await agents_phone.passes(0.5)
    assert (await out.is_done()).state is OutboundState.RELEASED
    assert agents_phone.line.hung_up == "us"


async def test_an_agent_who_does_not_pick_up_costs_the_resident_nothing(out: Outgoing) -> None:
    agent = await hire(out.office)
    out.exchange.numbers["8001"] = NotReached("no_answer")
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)
    await out.dialler.look()
    assert (await out.is_done()).state is OutboundState.RELEASED
    assert [number for number, _ in out.exchange.dialled] == ["8001"]


async def test_an_agent_who_hangs_up_while_the_resident_is_rung_stops_it(out: Outgoing) -> None:
    agent = await hire(out.office)
    agents_phone = another(out.telephone)
    out.exchange.numbers["8001"] = agents_phone
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)

    async def never(number: str, headers: object, ring_seconds: float) -> object:
        if number == NUMBER:
            out.exchange.dialled.append((number, {}))
            await asyncio.Event().wait()
        return await PaperExchange.dial(out.exchange, number, {}, ring_seconds)

    out.exchange.dial = never  # type: ignore[method-assign,assignment]
    await out.dialler.look()
    await out.until(lambda: any(number == NUMBER for number, _ in out.exchange.dialled))
    agents_phone.line.caller_hangs_up()
    assert (await out.is_done()).state is OutboundState.DONE
    assert (await out.call()).outcome is CallOutcome.ABANDONED


async def test_a_call_back_without_a_telephone_is_given_up(out: Outgoing) -> None:
    agent = await hire(out.office, phone=None)
    await out.planned(OutboundKind.CALLBACK, "", boss=agent.id)
    await out.dialler.look()
    assert (await out.is_done()).state is OutboundState.FAILED
    assert out.exchange.dialled == []
