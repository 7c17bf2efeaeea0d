"""Conversations about money by telephone: the amounts are the database's, and nobody hears them unverified."""

import pytest
from sqlalchemy import func, select

from property_db.audit.models import AuditEntry
from property_db.calls.models import CallOutcome
from property_db.database import Database
from tests.conversations.test_fees import owed_fen
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import heard_nothing_private, money, person_id
from tests.support.live import CHEN, LI, WANG
from tests.support.voice_actor import Caller


async def test_arrears_after_phone_and_code_by_keys(caller: Caller, database: Database) -> None:
    answer = await caller.asks("我家还欠多少物业费")
    assert caller.asked_for == "phone"
    assert "井号键" in answer
    await caller.keys(f"{WANG}#")
    assert caller.asked_for == "code"
    assert heard_nothing_private(caller)
    answer = await caller.keys(await caller.code_of(WANG))
    owed = await owed_fen(database, WANG, "物业费")
    assert owed > 0
    assert money(owed) in answer
    identity = await caller.identity()
    assert identity.person_id == await person_id(database, WANG)
    assert identity.verified_at is not None
    assert (await caller.said())[:2] == ["我家还欠多少物业费", WANG]
    await caller.hangs_up()
    assert (await caller.row()).outcome is CallOutcome.SELF_SERVED
    (heard,) = await caller.utterances()
    assert (heard.text, heard.refused) == ("我家还欠多少物业费", None)
    assert heard.message_id is not None
    assert heard.recording_id == (await caller.recordings())[0].id


async def test_a_spoken_number_is_read_back_before_it_is_used(caller: Caller) -> None:
    await caller.asks("我还有没交的费用吗")
    answer = await caller.asks("一三九零零一三九零零零")
    assert "对吗" in answer
    assert await caller.said() == ["我还有没交的费用吗"]
    await caller.asks("不对")
    assert await caller.said() == ["我还有没交的费用吗"]
    assert "对吗" in await caller.asks("幺三九零零幺三九零零零")
    await caller.asks("对的")
    assert (await caller.said())[1:] == [LI]
    answer = await caller.keys(await caller.code_of(LI) + "#")
    assert "没有欠费" in answer


async def test_a_wrong_code_is_asked_for_again(caller: Caller) -> None:
    await caller.asks("我还有没交的费用吗")
    await caller.keys(LI)
    right = await caller.code_of(LI)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    answer = await caller.keys(wrong)
    assert "不对" in answer
    assert (await caller.identity()).person_id is None
    assert heard_nothing_private(caller)
    assert "没有欠费" in await caller.keys(right)


async def test_too_few_digits_are_asked_for_again_and_send_nothing(caller: Caller) -> None:
    await caller.asks("我还有没交的费用吗")
    assert "十一位" in await caller.keys("1390013#")
    assert await caller.said() == ["我还有没交的费用吗"]
    answer = await caller.keys(f"{LI}#")
    assert "请告诉我您在物业登记的手机号" not in answer, "the sign that ends digits is no wish to hear it again"
    assert (await caller.said())[1:] == [LI]
    assert caller.asked_for == "code"


async def test_a_star_drops_digits_that_were_begun(caller: Caller) -> None:
    await caller.asks("我还有没交的费用吗")
    assert "已清除" in await caller.keys("1380*")
    await caller.keys(LI)
    assert (await caller.said())[1:] == [LI]


async def test_a_pause_ends_digits(caller: Caller) -> None:
    await caller.asks("我还有没交的费用吗")
    await caller.presses("13900")
    assert "十一位" in await caller.waits(4.0)
    assert await caller.said() == ["我还有没交的费用吗"]


async def test_arrears_of_a_known_number_after_its_room(call: CallUp, database: Database) -> None:
    caller = await call(WANG, trusted=True)
    assert "房号" in caller.transcript
    assert heard_nothing_private(caller)
    assert (await caller.identity()).person_id is None
    assert "翠湖花园三栋" in await caller.keys("501#")
    assert (await caller.identity()).person_id == await person_id(database, WANG)
    answer = await caller.asks("帮我查一下现在一共欠多少钱")
    assert money(await owed_fen(database, WANG)) in answer


async def test_a_known_number_is_no_proof_where_the_exchange_does_not_vouch_for_it(call: CallUp) -> None:
    caller = await call(WANG)
    assert "房号" not in caller.transcript
    await caller.asks("我家还欠多少物业费")
    assert caller.asked_for == "phone"
    assert heard_nothing_private(caller)
    assert (await caller.identity()).person_id is None


async def test_a_hidden_number_is_asked_for_phone_and_code(call: CallUp) -> None:
    caller = await call(None, trusted=True)
    assert "房号" not in caller.transcript
    await caller.asks("我家还欠多少物业费")
    assert caller.asked_for == "phone"
    assert (await caller.row()).number is None


async def test_an_unknown_number_is_greeted_like_a_hidden_one(call: CallUp) -> None:
    unknown = await call("13666666666", trusted=True)
    hidden = await call(None, trusted=True)
    assert unknown.transcript == hidden.transcript


async def test_who_does_not_want_to_confirm_the_home_goes_on(call: CallUp) -> None:
    caller = await call(WANG, trusted=True)
    assert "先不核对" in await caller.keys("*")
    answer = await caller.asks("物业费怎么交，可以微信付吗")
    assert "微信" in answer
    assert heard_nothing_private(caller)


async def test_who_speaks_instead_of_confirming_the_home_is_answered(call: CallUp) -> None:
    caller = await call(LI, trusted=True)
    assert "微信" in await caller.asks("物业费怎么交")
    assert (await caller.identity()).person_id is None


async def test_three_wrong_rooms_close_the_number(call: CallUp, database: Database) -> None:
    first = await call(CHEN, trusted=True)
    assert "房号不对" in await first.keys("301#")
    assert "先不核对" in await first.keys("303#")
    await first.asks("我家还欠多少物业费")
    assert first.asked_for == "phone"
    second = await call(CHEN, trusted=True)
    assert "房号不对" in await second.keys("304#")
    assert "先不核对" in await second.keys("302#"), "not even the right one counts any more"
    third = await call(CHEN, trusted=True)
    assert "房号" not in third.transcript
    for caller in (first, second, third):
        assert (await caller.identity()).person_id is None
        assert heard_nothing_private(caller)
    async with database.reading() as session:
        wrong = await session.scalar(
            select(func.count(AuditEntry.id)).where(
                AuditEntry.action == "caller.room_wrong",
                AuditEntry.subject == f"person:{await person_id(database, CHEN)}",
            )
        )
    assert wrong == 3


@pytest.mark.parametrize("by", ["key", "speech"])
async def test_why_this_amount(wang_calls: Caller, by: str) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    answer = await (wang_calls.chooses("为什么这么多") if by == "key" else wang_calls.asks("为什么这么多"))
    assert "平方米乘每平方米两元八角" in answer


async def test_the_first_option_can_be_said_by_its_number(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    assert "平方米乘" in await wang_calls.asks("第一个")


async def test_how_to_pay_needs_no_verification(caller: Caller) -> None:
    answer = await caller.asks("物业费怎么交，可以微信付吗")
    assert "微信" in answer
    assert heard_nothing_private(caller)
    assert (await caller.identity()).person_id is None


async def test_who_owes_nothing_is_told_so(li_calls: Caller) -> None:
    assert "没有欠费" in await li_calls.asks("我还有没交的费用吗")


async def test_another_households_home_is_refused(wang_calls: Caller) -> None:
    known = len(wang_calls.transcript)
    answer = await wang_calls.asks("帮我查一下3栋2单元502欠多少物业费")
    assert "不在您绑定的房屋里" in answer
    assert "元" not in wang_calls.transcript[known:].replace("单元", "")


@pytest.mark.parametrize("heard", ["我家还欠多少物业废", "我家还千多少物业费。", "查一下我家的物业飞还欠多少"])
async def test_what_the_recogniser_makes_of_it_is_understood(
    wang_calls: Caller, database: Database, heard: str
) -> None:
    answer = await wang_calls.asks(heard, confidence=0.55)
    assert money(await owed_fen(database, WANG, "物业费")) in answer
    (kept,) = await wang_calls.utterances()
    assert (kept.text, kept.confidence) == (heard, 0.55)


@pytest.mark.parametrize("yes", ["要", "好的，接着听", "1"])
async def test_a_long_list_is_read_three_at_a_time(wang_calls: Caller, yes: str) -> None:
    answer = await wang_calls.asks("我最近交过哪些钱")
    assert "要接着听吗" in answer
    assert answer.count("支付") == 3
    more = await (wang_calls.keys(yes) if yes.isdigit() else wang_calls.asks(yes))
    assert "要接着听吗" not in more
    assert more.count("支付") == 3
    assert await wang_calls.said() == ["我最近交过哪些钱"]


async def test_every_call_is_verified_for_itself(call: CallUp) -> None:
    first = await call(WANG, trusted=True)
    await first.keys("501#")
    await first.hangs_up()
    second = await call(WANG, trusted=True)
    await second.keys("*")
    await second.asks("我家还欠多少物业费")
    assert second.asked_for == "phone"
    assert heard_nothing_private(second)
