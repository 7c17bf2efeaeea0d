"""Delivering through a channel that shows everything it is sent: what happens at once, and what goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from integrations.gateway.addresses import Address
from integrations.gateway.channel import (
    Allowance,
    Capabilities,
    Delivery,
    InboundMessage,
    OutboundMessage,
    Receipt,
    StoredAnswer,
    Wire,
)
from integrations.gateway.hub import Hub
from integrations.gateway.receiving import store_inbound
from integrations.gateway.sending import Sending
from property_db.channels import windows
from property_db.channels.models import OutboundPart, PartState
from property_db.clock import SettableClock
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, Direction, Message, MessageState
from property_db.database import Database
from property_db.errors import DatabaseBusy
from property_db.people import service as people

Meanwhile = Callable[[], Awaitable[None]]


@dataclass
class Shows:
    """A channel that shows each text it is sent, and does what a test tells it."""

    name: str = "shows"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            cards=False,
            choices="numbered",
            allowances={"message": Allowance(2, timedelta(hours=48))},
            repeatable=False,
            carries_back=True,
        )
    )
    shown: list[str] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    meanwhile: Meanwhile | None = None
    fails_after_bytes: Exception | None = None
    open: list[int] = field(default_factory=list)
    longest: int = 100

    def open_requests(self, conversation_id: int) -> Sequence[int]:
        return self.open

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        if any("坏" in text for text in map(_text, answers)):
            raise ValueError("cannot be shown")
        text = "|".join(map(_text, answers))
        pieces = [text[i : i + self.longest] for i in range(0, len(text), self.longest)]
        last = len(pieces) - 1
        ids = tuple(answer.message_id for answer in answers)
        reply = answers[-1].reply_to_id
        return [
            OutboundMessage("who", {"text": piece}, ids if number == last else (), reply if last == 0 else None)
            for number, piece in enumerate(pieces)
        ]

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        if message.reply_to_id in self.open:
            await wire(counts=False)
            self.shown.append(message.payload["text"])
            return Receipt(Delivery.DELIVERED)
        if self.receipts and self.receipts[0].delivery is not Delivery.DELIVERED:
            if self.meanwhile is not None:
                await self.meanwhile()
            return self.receipts.pop(0)
        await wire()
        if self.fails_after_bytes is not None:
            failure, self.fails_after_bytes = self.fails_after_bytes, None
            raise failure
        self.shown.append(message.payload["text"])
        return Receipt(Delivery.DELIVERED)


def _text(answer: StoredAnswer) -> str:
    (block,) = answer.blocks
    assert isinstance(block, b.Text)
    return block.text


@dataclass
class Talk:
    """One resident's conversation, and the process that delivers."""

    database: Database
    clock: SettableClock
    channel: Shows
    sending: Sending
    address: Address
    conversation_id: int

    async def writes(self, number: int) -> Message:
        self.clock.advance(seconds=1)
        async with self.database.transaction() as session:
            inbound = InboundMessage("shows", "who", f"message-{number}", f"第{number}句")
            received = await store_inbound(session, inbound, self.clock, 2000, self.channel.capabilities)
        return received.message

    async def answers(self, text: str, reply_to: Message | None = None, author: Author = Author.BOT) -> Message:
        async with self.database.transaction() as session:
            return await conversations.append(
                session,
                self.conversation_id,
                direction=Direction.OUT,
                author=author,
                blocks=b.dump([b.Text(text=text)]),
                reply_to_id=None if reply_to is None else reply_to.id,
                clock=self.clock,
            )

    async def deliver(self) -> None:
        await self.sending.deliver_due(self.conversation_id, self.address, self.channel)

    async def states(self) -> list[MessageState]:
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(Message.state).where(Message.direction == Direction.OUT).order_by(Message.id)
            )
            return list(rows)

    async def left(self) -> int:
        async with self.database.reading() as session:
            return (await windows.reach(session, self.address.identity_id, self.clock)).left


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def talk(database: Database, clock: SettableClock) -> Talk:
    """A resident who has written once, so that two messages may go out."""
    channel = Shows()
    async with database.transaction() as session:
        first = InboundMessage("shows", "who", "message-0", "您好")
        received = await store_inbound(session, first, clock, 2000, channel.capabilities)
        identity = await people.identity_for(session, "shows", "who", clock)
    row: Conversation = received.conversation
    address = Address("shows", row.public_id, "who", identity.id)
    return Talk(database, clock, channel, Sending(database, clock, Hub(), "me|1|a"), address, row.id)


async def test_a_resident_who_writes_while_an_answer_is_delivered_waits_for_nobody(talk: Talk) -> None:
    for number in range(1, 16):
        await talk.answers(f"答{number}")
        await asyncio.gather(talk.writes(number), talk.deliver())
    await talk.deliver()
    assert talk.channel.shown == [f"答{number}" for number in range(1, 16)]


async def test_what_the_resident_writes_between_a_refusal_and_its_settling_opens_the_way(talk: Talk) -> None:
    await talk.answers("答")
    talk.channel.receipts = [Receipt(Delivery.WAITS, "quota_used")]

    async def writes() -> None:
        await talk.writes(1)

    talk.channel.meanwhile = writes
    await talk.deliver()
    assert talk.channel.shown == ["答"]
    assert await talk.left() == 1


async def test_the_platforms_refusal_is_believed_and_the_message_waits(talk: Talk) -> None:
    await talk.answers("答")
    talk.channel.receipts = [Receipt(Delivery.WAITS, "quota_used")]
    await talk.deliver()
    assert (talk.channel.shown, await talk.left()) == ([], 0)
    assert await talk.states() == [MessageState.WAITING]
    await talk.answers("又答")
    await talk.deliver()
    assert await talk.states() == [MessageState.WAITING] * 2, "what comes behind it says so as well"
    await talk.writes(1)
    await talk.deliver()
    assert talk.channel.shown == ["答", "又答"]


async def test_what_failed_before_anything_left_is_tried_again(talk: Talk) -> None:
    await talk.answers("答")
    talk.channel.receipts = [Receipt(Delivery.TRY_AGAIN, "busy")]
    await talk.deliver()
    assert await talk.states() == [MessageState.SENDING]
    assert await talk.left() == 2
    talk.clock.advance(seconds=2)
    await talk.deliver()
    assert talk.channel.shown == ["答"]


async def test_what_may_have_left_is_not_sent_again(talk: Talk) -> None:
    await talk.answers("答")
    talk.channel.fails_after_bytes = ConnectionError()
    await talk.deliver()
    talk.clock.advance(hours=1)
    await talk.deliver()
    assert talk.channel.shown == []
    assert await talk.states() == [MessageState.DELIVERED]
    async with talk.database.reading() as session:
        assert list(await session.scalars(select(OutboundPart.reason))) == ["unconfirmed"]


async def test_a_second_try_whose_note_fails_has_not_left(talk: Talk) -> None:
    await talk.answers("答")
    tries = 0
    deliver = talk.channel.deliver

    async def twice(message: OutboundMessage, wire: Wire) -> Receipt:
        nonlocal tries
        tries += 1
        if tries > 1:
            return await deliver(message, wire)
        await wire(counts=False)

        async def busy(*, counts: bool = True) -> None:
            await wire(counts=counts)

        async with talk.database.transaction() as session:  # somebody took the part: the second note must fail
            await session.execute(update(OutboundPart).values(claimed_by="other|2|b"))
        try:
            await busy()
        finally:
            async with talk.database.transaction() as session:
                await session.execute(update(OutboundPart).values(claimed_by="me|1|a"))
        raise DatabaseBusy

    talk.channel.deliver = twice  # type: ignore[method-assign]  # the test's own way
    await talk.deliver()
    talk.clock.advance(seconds=2)
    await talk.deliver()
    assert talk.channel.shown == ["答"]


async def test_a_message_that_cannot_be_rendered_keeps_nobody_waiting(talk: Talk) -> None:
    first = await talk.writes(1)
    second = await talk.writes(2)
    await talk.answers("坏", first)
    await talk.answers("好", second)
    await talk.deliver()
    assert talk.channel.shown == ["好"]
    assert await talk.states() == [MessageState.FAILED, MessageState.DELIVERED]


async def test_an_answer_with_an_open_request_overtakes_one_that_has_to_be_tried_later(talk: Talk) -> None:
    await talk.answers("早先")
    talk.channel.receipts = [Receipt(Delivery.TRY_AGAIN, "unreachable")]
    await talk.deliver()
    asked = await talk.writes(1)
    talk.channel.receipts = [Receipt(Delivery.TRY_AGAIN, "unreachable")]
    await talk.deliver()
    talk.channel.open = [asked.id]
    await talk.answers("现在", asked)
    await talk.deliver()
    assert talk.channel.shown == ["现在"]
    talk.clock.advance(minutes=5)
    await talk.deliver()
    assert talk.channel.shown == ["现在", "早先"]


async def test_an_agents_words_share_a_bubble_only_where_all_of_them_fit(talk: Talk) -> None:
    await talk.answers("甲" * 10, author=Author.AGENT)
    await talk.answers("乙" * 10, author=Author.AGENT)
    await talk.deliver()
    assert talk.channel.shown == ["甲" * 10 + "|" + "乙" * 10]
    await talk.writes(1)
    talk.channel.shown.clear()
    talk.channel.longest = 15
    await talk.answers("丙" * 10, author=Author.AGENT)
    await talk.answers("丁" * 10, author=Author.AGENT)
    await talk.deliver()
    assert talk.channel.shown == ["丙" * 10, "丁" * 10]


async def test_two_processes_deliver_a_conversation_once(talk: Talk) -> None:
    other = Sending(talk.database, talk.clock, Hub(), "other|2|b")
    await talk.answers("答")
    await asyncio.gather(
        talk.deliver(), other.deliver_due(talk.conversation_id, talk.address, talk.channel), talk.deliver()
    )
    assert talk.channel.shown == ["答"]
    async with talk.database.reading() as session:
        assert list(await session.scalars(select(OutboundPart.state))) == [PartState.SENT]
