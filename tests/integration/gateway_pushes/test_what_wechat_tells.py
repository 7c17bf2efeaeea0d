"""What WeChat tells later: a message that did not arrive, what a resident agrees to and refuses."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from integrations.gateway.channel import Delivery, Receipt
from integrations.tencent import xml
from integrations.tencent.errors import ApiRefused
from integrations.wechat.accounts import Account, Template
from integrations.wechat.templates import StoredAgreements, note_result, note_subscription, send_push
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.models import ChannelIdentity, Subscription
from property_db.pushes.models import PushKind, PushState
from tests.integration.gateway_pushes.conftest import All, Platform, Step, Worker

ONCE = Template(id="S1", fields={"thing1": "state_text"})


@pytest.fixture
def account() -> Account:
    """An account with a template for steps of repairs, and a one-time one for when that is refused."""
    return Account(
        name="ch",
        token=SecretStr("abc123"),
        aes_key=SecretStr("a" * 43),
        app_id="wx0123456789abcdef",
        app_secret=SecretStr("x"),
        templates={PushKind.TICKET_PROGRESS: Template(id="T1", fields={"thing1": "state_text"})},
        one_time_templates={PushKind.TICKET_PROGRESS: ONCE},
    )


def _event(kind: str, inner: str, who: str = "resident") -> dict[str, Any]:
    body = (
        f"<xml><ToUserName><![CDATA[gh_0]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>"
        f"<CreateTime>1610969440</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{kind}]]></Event>"
        f"{inner}</xml>"
    )
    return xml.parse(body.encode())


def _item(template_id: str, status: str) -> str:
    return (
        f"<List><TemplateId><![CDATA[{template_id}]]></TemplateId>"
        f"<SubscribeStatusString><![CDATA[{status}]]></SubscribeStatusString><PopupScene>2</PopupScene></List>"
    )


def _popup(*items: str) -> dict[str, Any]:
    return _event("subscribe_msg_popup_event", f"<SubscribeMsgPopupEvent>{''.join(items)}</SubscribeMsgPopupEvent>")


def _result(push_id: int, status: str) -> dict[str, Any]:
    return _event("TEMPLATESENDJOBFINISH", f"<MsgID>{push_id}</MsgID><Status><![CDATA[{status}]]></Status>")


async def _agreed(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        rows = await session.execute(select(Subscription.template_id, Subscription.remaining))
        return {row.template_id: row.remaining for row in rows}


async def _tell(database: Database, account: Account, clock: SettableClock, event: dict[str, Any]) -> None:
    async with database.transaction() as session:
        await note_subscription(session, account, event, clock)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("success", PushState.SENT, None),
        ("failed:user block", PushState.SKIPPED, "refused_by_user"),
        ("failed: system failed", PushState.FAILED, "system_failed"),
    ],
)
async def test_a_message_that_did_not_arrive_is_not_shown_as_sent(
    database: Database, step: Step, worker: Worker, news: All, account: Account,
    status: str, state: PushState, reason: str | None,
) -> None:  # fmt: skip
    other, push_id = await step(), await step()
    await worker().sweep()
    async with database.transaction() as session:
        await note_result(session, account, _result(push_id, status))
        await note_result(session, account, _result(push_id, status))
    untouched, push = await news()
    assert (untouched.id, untouched.state) == (other, PushState.SENT)
    assert (push.state, push.reason) == (state, reason or f"msgid:{push_id}")


async def test_a_result_that_comes_before_the_answer_of_the_call_counts(
    database: Database, step: Step, worker: Worker, platform: Platform, news: All, account: Account
) -> None:
    push_id = await step()

    async def told_first() -> Receipt:
        async with database.transaction() as session:
            await note_result(session, account, _result(push_id, "failed:user block"))
        return Receipt(Delivery.DELIVERED, f"msgid:{push_id}")

    platform.answers = [told_first]
    await worker().sweep()
    (push,) = await news()
    assert (push.state, push.reason) == (PushState.SKIPPED, "refused_by_user")


async def test_a_result_about_nobody_or_nothing_known_changes_nothing(
    database: Database, step: Step, worker: Worker, news: All, account: Account
) -> None:
    await step()
    await worker().sweep()
    async with database.transaction() as session:
        await note_result(session, account, _result(999, "failed:user block"))
        await note_result(session, account, _event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>", who="nobody"))
    assert [push.state for push in await news()] == [PushState.SENT]


async def test_agreeing_counts_and_refusing_takes_all_away(
    database: Database, account: Account, clock: SettableClock
) -> None:
    await _tell(database, account, clock, _popup(_item("S1", "accept")))
    await _tell(database, account, clock, _popup(_item("S1", "accept"), _item("unknown", "accept")))
    await _tell(database, account, clock, _popup(_item("S1", "reject")))
    assert await _agreed(database) == {"S1": 2}
    inner = f"<SubscribeMsgChangeEvent>{_item('S1', 'reject')}</SubscribeMsgChangeEvent>"
    await _tell(database, account, clock, _event("subscribe_msg_change_event", inner))
    assert await _agreed(database) == {"S1": 0}


async def test_somebody_who_never_wrote_may_agree(database: Database, account: Account, clock: SettableClock) -> None:
    await _tell(database, account, clock, _popup(_item("S1", "accept")))
    async with database.reading() as session:
        identity = (await session.scalars(select(ChannelIdentity))).one()
    assert (identity.channel, identity.external_id) == ("wechat", "wx0123456789abcdef:resident")
    assert identity.person_id is None


@pytest.mark.parametrize("inner", ["", "<SubscribeMsgPopupEvent></SubscribeMsgPopupEvent>", "<List>x</List>"])
async def test_an_event_without_what_it_should_have_changes_nothing(
    database: Database, account: Account, clock: SettableClock, inner: str
) -> None:
    await _tell(database, account, clock, _event("subscribe_msg_popup_event", inner))
    assert await _agreed(database) == {}


class _Refusing:
    """Refuses template messages of this account; takes one-time ones."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def call(self, path: str, body: object = None) -> dict[str, Any]:
        self.paths.append(path)
        if "template" in path:
            raise ApiRefused(48001)
        return {"errcode": 0}


async def test_an_agreed_one_time_message_leaves_once_and_the_next_piece_of_news_does_not(
    database: Database, step: Step, worker: Worker, platform: Platform, news: All, account: Account,
    clock: SettableClock,
) -> None:  # fmt: skip
    await _tell(database, account, clock, _popup(_item("S1", "accept")))
    first, second = await step(), await step()
    api, agreements = _Refusing(), StoredAgreements(database, clock)

    def through(push_id: int) -> Any:
        async def push() -> Receipt:
            values = {"state_text": "已派单"}
            return await send_push(api, account, "resident", PushKind.TICKET_PROGRESS, values, push_id, agreements)

        return push

    platform.answers = [through(first), through(second)]
    await worker().sweep()
    assert [path for path in api.paths if "bizsend" in path] == ["/cgi-bin/message/subscribe/bizsend"]
    assert [(push.state, push.reason) for push in await news()] == [
        (PushState.SENT, "one_time"),
        (PushState.SKIPPED, "no_subscription"),
    ]
    inner = (
        "<SubscribeMsgSentEvent><List><TemplateId>S1</TemplateId><MsgID>7</MsgID><ErrorCode>{code}</ErrorCode>"
        "<ErrorStatus>x</ErrorStatus></List></SubscribeMsgSentEvent>"
    )
    await _tell(database, account, clock, _event("subscribe_msg_sent_event", inner.format(code=0)))
    assert (await news())[0].state is PushState.SENT
    await _tell(database, account, clock, _event("subscribe_msg_sent_event", inner.format(code=1003)))
    assert (await news())[0].state is PushState.FAILED
