"""Conversations about outages, notices and complaints by telephone."""

import pytest

from property_db.complaints.models import Complaint
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import heard_nothing_private, read
from tests.support.voice_actor import Caller


@pytest.mark.parametrize("heard", ["明天停水吗", "名天挺水吗"])
async def test_a_planned_outage_is_told_to_the_building_it_concerns(wang_calls: Caller, heard: str) -> None:
    answer = await wang_calls.asks(heard)
    assert "三栋停水通知" in answer
    assert "九点到十七点" in answer


async def test_the_outage_of_another_building_is_not_told_as_ones_own(li_calls: Caller) -> None:
    assert "三栋停水通知" not in await li_calls.asks("明天停水吗")


async def test_notices_from_the_menu(wang_calls: Caller) -> None:
    await wang_calls.keys("*")
    assert "三栋停水通知" in await wang_calls.keys("3")


async def test_notices_are_told_without_verification(caller: Caller) -> None:
    answer = await caller.asks("小区最近有什么通知")
    assert answer
    assert heard_nothing_private(caller)


async def test_no_water_and_no_notice_offers_a_repair_on_a_key(wang_calls: Caller) -> None:
    await wang_calls.asks("我家停水了")
    assert "报修" in wang_calls.offered.values()
    await wang_calls.chooses("报修")
    assert await wang_calls.tickets() == []
    assert (await wang_calls.said())[0] == "我家停水了"


async def test_office_hours(caller: Caller) -> None:
    assert "点" in await caller.asks("物业服务中心几点上班")


async def only_complaint(caller: Caller) -> Complaint:
    (complaint,) = await caller.complaints()
    return complaint


async def test_a_complaint_by_speech_and_what_became_of_it(wang_calls: Caller) -> None:
    await wang_calls.asks("楼上每天半夜装修吵得睡不着，我要投诉")
    await wang_calls.asks("三栋二单元五零二")
    assert await wang_calls.complaints() == []
    filed = await wang_calls.chooses("确认提交")
    complaint = await only_complaint(wang_calls)
    assert read(complaint.number) in filed
    assert "半夜装修" in complaint.text
    assert read(complaint.number) in await wang_calls.asks("我上次投诉的处理得怎么样了")


async def test_a_complaint_from_the_menu(wang_calls: Caller) -> None:
    await wang_calls.keys("*")
    await wang_calls.keys("4")
    await wang_calls.asks("保安态度太差，跟他说话爱理不理")
    for _ in range(3):
        if "确认提交" in wang_calls.offered.values():
            break
        await wang_calls.asks("小区东门")
    await wang_calls.chooses("确认提交")
    assert "保安态度" in (await only_complaint(wang_calls)).text


async def test_a_complaint_that_is_not_confirmed_is_none(wang_calls: Caller) -> None:
    await wang_calls.asks("我要投诉楼上半夜装修太吵")
    await wang_calls.asks("三栋二单元五零二")
    await wang_calls.chooses("不投诉了")
    await wang_calls.hangs_up()
    assert await wang_calls.complaints() == []


async def test_small_talk_and_what_is_out_of_scope_is_answered(call: CallUp) -> None:
    caller = await call()
    for words in ("你好", "你是机器人吗", "谢谢", "帮我买张去北京的火车票"):
        assert await caller.asks(words), words
    assert len(await caller.said()) == 4
