"""An agent answers within what the platform permits: the desk says so first, the platform never has to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from property_db.channels.models import OutboundPart, PartState
from property_db.conversations.models import Author, Direction, Message
from property_db.database import Database
from tests.integration.wechat.at_the_desk import Agent, desk_of
from tests.integration.wechat.town import SEND, TEMPLATE, RunningClock, Town, open_town, until
from tests.local_wechat.clock import HOUR

REPLIES = ["您好", "请问几栋几单元", "师傅下午三点到", "到了会先打电话", "还有别的事吗"]
QUOTA_USED = "住户上次来消息后能发的条数已经用完，这条没有发出。请等住户再来消息，或发模板消息、电话联系。"
WINDOW_CLOSED = "住户太久没有来消息，现在不能主动发消息了，这条没有发出。可以发模板消息请住户回来，或电话联系。"


async def hold(town: Town, agent: Agent) -> None:
    """The resident asks for a person, 小李 takes over and is told what it is about: five messages may follow."""
    await town.phone.follow()
    await town.phone.says("转人工")
    await agent.takes()
    await town.bubbles(1, "custom")  # that 小李 has taken over
    await ask(town, "我家水管漏了")


async def ask(town: Town, text: str) -> None:
    """A minute later the resident writes to the agent, and is answered by nothing but the agent.

    The platform tells the second of a message, so that what was sent in the same second counts as sent after it.
    """
    town.clock.advance(minutes=1)
    await town.phone.says(text, answers=0)


async def own_words(town: Town) -> list[str]:
    """What is stored of the agent."""
    async with town.database.reading() as session:
        rows = await session.scalars(
            select(Message).where(Message.direction == Direction.OUT, Message.author == Author.AGENT)
        )
        return [str(row.blocks[0]["text"]) for row in rows]


async def test_taking_over_is_told_and_counts(town: Town, agent: Agent) -> None:
    await town.phone.follow()
    await town.phone.says("转人工")
    await agent.takes()
    (told,) = await town.bubbles(1, "custom")
    assert "小李" in told
    reach = await agent.reach()
    assert (reach["limited"], reach["left"], reach["can_reply"]) == (True, 4, True)
    assert (await town.phone.quota())["left"] == 4
    town.nothing_was_refused()


async def test_five_replies_arrive_and_the_sixth_is_refused_at_the_desk(town: Town, agent: Agent) -> None:
    await hold(town, agent)
    for number, text in enumerate(REPLIES, start=1):
        await agent.replies(text)
        shown = await town.bubbles(number + 1, "custom")
        assert text in shown[-1]
        await agent.sees(text, "delivered")
        assert (await agent.reach())["left"] == 5 - number == (await town.phone.quota())["left"]
    error = await agent.is_refused("还在吗")
    assert (error["code"], error["message"]) == ("reply_quota_used", QUOTA_USED)
    assert await own_words(town) == REPLIES
    assert len(town.calls(SEND)) == 6
    town.nothing_was_refused()


async def test_when_the_resident_writes_again_the_agent_can_answer_again(town: Town, agent: Agent) -> None:
    await hold(town, agent)
    for number, text in enumerate(REPLIES, start=1):
        await agent.replies(text)
        await town.bubbles(number + 1, "custom")
    await agent.is_refused("还在吗")
    await ask(town, "还在")
    assert (await agent.reach())["left"] == 5
    await agent.replies("好的")
    assert "好的" in (await town.bubbles(7, "custom"))[-1]
    town.nothing_was_refused()


async def test_after_two_days_the_resident_is_asked_back_by_a_template_and_then_answered(
    town: Town, agent: Agent
) -> None:
    await hold(town, agent)
    town.two_days_pass()
    await agent.returns()
    error = await agent.is_refused("水管修好了吗")
    assert (error["code"], error["message"]) == ("reply_window_closed", WINDOW_CLOSED)
    reach = await agent.reach()
    assert (reach["can_reply"], reach["closes_at"], reach["template"], reach["phone"]) == (False, None, True, False)
    assert await own_words(town) == []

    await agent.post(f"/conversations/{agent.conversation}/invite")
    (asked,) = await town.bubbles(1, "template")
    assert "请回到公众号" in asked
    await until(lambda: _invited(agent), "the desk does not show that the resident was asked back")
    again = await agent.http.post(f"/conversations/{agent.conversation}/invite")
    assert again.json()["error"]["code"] == "invited_lately"

    await ask(town, "修好了，谢谢")
    await agent.replies("不客气")
    assert "不客气" in (await town.bubbles(2, "custom"))[-1]
    await agent.sees("不客气", "delivered")
    assert len(town.calls(TEMPLATE)) == 1
    town.nothing_was_refused()


async def _invited(agent: Agent) -> bool | None:
    return True if (await agent.reach())["invite"] == "sent" else None


async def test_the_agent_sees_that_a_resident_who_blocks_templates_was_not_reached(town: Town, agent: Agent) -> None:
    await hold(town, agent)
    await town.binds()
    town.resident.blocks_templates = True
    town.two_days_pass()
    await agent.returns()
    await agent.post(f"/conversations/{agent.conversation}/invite")

    async def failed() -> bool | None:
        return True if (await agent.reach())["invite"] == "failed" else None

    await until(failed, "the desk does not show that the template did not arrive")
    assert await town.phone.received("template") == []
    number = await agent.post(f"/conversations/{agent.conversation}/phone")
    assert number == {"phone": "13800138000"}


@pytest.mark.parametrize("reason", ["window_closed", "quota_used"])
async def test_what_the_platform_refuses_although_something_should_be_left_waits_for_the_resident(
    town: Town, agent: Agent, reason: str
) -> None:
    await hold(town, agent)
    assert (await agent.reach())["left"] == 5
    if reason == "window_closed":
        town.peer.clock.move(48 * HOUR + 1)  # the platform's clock alone: our own window is still open
    else:
        for window in town.resident.ledger.open(town.peer.clock.now()):
            window.used = window.allowed
    await agent.replies("师傅到楼下了")
    await agent.sees("师傅到楼下了", "waiting", reason)
    assert [call.errcode for call in town.calls(SEND)] == [0, {"window_closed": 45015, "quota_used": 45047}[reason]]
    assert (await agent.reach())["can_reply"] is False
    assert (await agent.is_refused("听到请回"))["code"] == f"reply_{reason}"
    assert len(await town.phone.received("custom")) == 1

    await ask(town, "我下楼")
    await agent.sees("师傅到楼下了", "delivered")
    assert "师傅到楼下了" in (await town.bubbles(2, "custom"))[-1]


async def test_what_waits_goes_out_before_what_is_written_later(town: Town, agent: Agent) -> None:
    await hold(town, agent)
    town.fails(SEND, errcode=45047)
    await agent.replies("第一句")
    await agent.sees("第一句", "waiting", "quota_used")
    await ask(town, "在")
    await agent.replies("第二句")
    await agent.sees("第二句", "delivered")
    shown = "\n".join(entry["text"] for entry in await town.phone.received("custom"))
    assert shown.index("第一句") < shown.index("第二句")
    assert (shown.count("第一句"), shown.count("第二句")) == (1, 1)


@pytest.mark.parametrize(
    ("errcode", "reason"), [(45002, "too_long"), (40003, "unknown_user"), (48001, "no_permission")]
)
async def test_a_message_that_can_never_arrive_has_failed_with_its_reason(
    town: Town, agent: Agent, errcode: int, reason: str
) -> None:
    await hold(town, agent)
    town.fails(SEND, errcode=errcode)
    await agent.replies("师傅到楼下了")
    await agent.sees("师傅到楼下了", "failed", reason)
    await agent.replies("请开门")
    await agent.sees("请开门", "delivered")  # one that cannot arrive holds up no other
    assert [call.errcode for call in town.calls(SEND)] == [0, errcode, 0]
    shown = "\n".join(await town.bubbles(2, "custom"))
    assert "师傅到楼下了" not in shown


@pytest.mark.parametrize("how", [{"errcode": -1}, {"errcode": 45011}, {"http": 502}], ids=repr)
async def test_a_busy_platform_is_tried_again_until_it_takes_the_message_once(
    town: Town, agent: Agent, how: dict[str, object]
) -> None:
    await hold(town, agent)
    town.fails(SEND, times=3, **how)
    await agent.replies("师傅到楼下了")
    for tries in (1, 2, 3):
        await until(partial(_tried, town, tries), f"not tried {tries} times")
        assert len(await town.phone.received("custom")) == 1
        town.clock.advance(minutes=1)
    await agent.sees("师傅到楼下了", "delivered")
    assert "师傅到楼下了" in (await town.bubbles(2, "custom"))[-1]
    assert len(town.calls(SEND)) == 5
    assert (await agent.reach())["left"] == 4 == (await town.phone.quota())["left"]


async def _tried(town: Town, times: int) -> bool | None:
    async with town.database.reading() as session:
        return True if await session.scalar(select(func.max(OutboundPart.attempts))) == times else None


async def test_an_answer_that_comes_after_the_minute_of_a_menu_click_waits_until_the_resident_writes(
    town: Town,
) -> None:
    await town.phone.follow()
    town.peer.world.account("cuihu").menu = [{"type": "click", "name": "报修", "key": "我要报修"}]
    thinking = town.engine.slow["我要报修"] = asyncio.Event()
    await town.phone.clicks("报修", answers=0)
    town.clock.advance(minutes=2)
    thinking.set()

    async def waits() -> bool | None:
        return True if await town.count(OutboundPart, OutboundPart.state == PartState.WAITING) else None

    await until(waits, "the answer does not wait")
    assert town.calls(SEND) == []
    await town.phone.says("您好", answers=2)
    shown = [entry["text"] for entry in await town.phone.received("custom", "passive")]
    assert sum("收到：我要报修" in text for text in shown) == 1
    town.nothing_was_refused()


@pytest.mark.parametrize("how", [{"lost": "after"}, {"lost": "before"}], ids=repr)
async def test_a_message_that_may_have_arrived_is_not_sent_again_and_the_desk_says_that_nobody_knows(
    town: Town, agent: Agent, how: dict[str, object]
) -> None:
    await hold(town, agent)
    town.fails(SEND, **how)
    await agent.replies("师傅到楼下了")
    await agent.sees("师傅到楼下了", "delivered", "unconfirmed")
    await agent.replies("请开门")
    await agent.sees("请开门", "delivered")
    shown = "\n".join(entry["text"] for entry in await town.phone.received("custom"))
    assert shown.count("师傅到楼下了") == (1 if how == {"lost": "after"} else 0)
    assert len(town.calls(SEND)) == 3
    assert (await agent.reach())["left"] == 3  # it counts, as it may have arrived
    assert (await town.phone.quota())["left"] >= 3


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
async def busy_town(tmp_path: Path, either: Database, clock: RunningClock) -> AsyncIterator[tuple[Town, list[Agent]]]:
    """One process or two that share a database, and 小李 with two browsers."""
    database = either
    processes = 1 if database.is_sqlite else 2
    async with AsyncExitStack() as stack:
        town = await stack.enter_async_context(open_town(tmp_path, database, clock, processes=processes))
        browsers = [await stack.enter_async_context(desk_of(town.servers[n % processes])) for n in range(2)]
        yield town, browsers


async def test_quick_replies_from_two_browsers_never_exceed_what_is_permitted(
    busy_town: tuple[Town, list[Agent]],
) -> None:
    town, browsers = busy_town
    first, second = browsers
    await hold(town, first)
    second.conversation = first.conversation
    texts = [f"第{number}句" for number in range(12)]
    answers = await asyncio.gather(*(browsers[n % 2].tries(text) for n, text in enumerate(texts)))
    taken = [text for text, answer in zip(texts, answers, strict=True) if answer.status_code == 201]
    refused = [answer.json()["error"]["code"] for answer in answers if answer.status_code != 201]
    assert taken, "how many are taken depends on how many share a bubble; what leaves is counted below"
    assert set(refused) <= {"reply_quota_used"}
    for text in taken:
        await first.sees(text, "delivered")
    # Several that were stored together may share a bubble; what that saved may be said now, and no more.
    while (answer := await second.tries(f"还有{len(taken)}")).status_code == 201:
        taken.append(f"还有{len(taken)}")
        await first.sees(taken[-1], "delivered")
    assert answer.json()["error"]["code"] == "reply_quota_used"
    shown = "\n".join(entry["text"] for entry in await town.phone.received("custom"))
    assert [shown.count(text) for text in taken] == [1] * len(taken)
    assert sorted(await own_words(town)) == sorted(taken)
    assert (await town.phone.quota())["left"] == 0
    assert len(town.calls(SEND)) == 6  # that 小李 took over, and five
    town.nothing_was_refused()
