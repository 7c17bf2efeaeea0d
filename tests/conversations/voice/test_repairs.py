"""Conversations about repairs by telephone: from hello to a row with all its fields, and what comes after."""

import pytest

from property_db.calls.models import CallOutcome
from property_db.tickets.models import TicketState, Urgency
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import appointed, heard_nothing_private, read
from tests.support.live import LI, WANG
from tests.support.stack import Server
from tests.support.voice_actor import Caller


async def test_from_hello_to_the_ticket_by_speech_alone(wang_calls: Caller, server: Server) -> None:
    await wang_calls.asks("喂，你好")
    answer = await wang_calls.asks("厨房水龙头一直漏水，派人来修一下")
    for _ in range(5):
        if "确认提交" in wang_calls.offered.values():
            break
        answer = await wang_calls.asks("不急，约个时间" if "急" in answer else "后天下午三点")
    assert "尾号八零零零" in answer, "the number is read back, and only its end"
    assert await wang_calls.tickets() == [], "nothing is filed before it is confirmed"
    filed = await wang_calls.asks("对，就这样，确认提交")
    (ticket,) = await wang_calls.tickets()
    assert read(ticket.number) in filed
    assert (ticket.facility, ticket.place, ticket.contact_phone) == ("水龙头", "厨房", WANG)
    assert "漏水" in ticket.symptom
    assert appointed(ticket, server.services.clock) == (2, 15)
    assert ticket.home_id is not None
    await wang_calls.asks("好的，谢谢，再见")
    await wang_calls.is_over()
    assert "再见" in wang_calls.transcript
    row = await wang_calls.row()
    assert (row.outcome, row.rating) == (CallOutcome.SELF_SERVED, None)
    texts = [heard.text for heard in await wang_calls.utterances()]
    assert texts[0] == "喂，你好"
    assert texts[-1] == "好的，谢谢，再见"


async def test_from_the_menu_with_keys_wherever_keys_are_offered(wang_calls: Caller) -> None:
    assert "报修请按一" in await wang_calls.keys("*")
    await wang_calls.keys("1")
    await wang_calls.asks("马桶")
    await wang_calls.asks("堵住了，水下不去")
    for _ in range(5):
        if "确认提交" in wang_calls.offered.values():
            break
        offered = wang_calls.offered.values()
        if wang_calls.asked_for == "time":
            await wang_calls.keys("2#")
        else:
            await wang_calls.chooses(next(t for t in ("卫生间", "不急，约个时间") if t in offered))
    await wang_calls.chooses("确认提交")
    (ticket,) = await wang_calls.tickets()
    assert (ticket.facility, ticket.place, ticket.urgency) == ("马桶", "卫生间", Urgency.NORMAL)
    assert ticket.appointment_start is not None
    assert (await wang_calls.said())[0] == "我要报修"


@pytest.mark.parametrize("heard", ["厨房水龙头一只低水,后天下午三点来休", "厨房的水笼头漏水后天下午三点派人来修。"])
async def test_what_the_recogniser_makes_of_a_repair_becomes_one(
    wang_calls: Caller, server: Server, heard: str
) -> None:
    await wang_calls.asks(heard, confidence=0.5)
    assert "确认提交" in wang_calls.offered.values()
    await wang_calls.asks("确认")
    (ticket,) = await wang_calls.tickets()
    assert (ticket.facility, ticket.place) == ("水龙头", "厨房")
    assert appointed(ticket, server.services.clock) == (2, 15)


async def test_the_time_is_corrected_by_speech(wang_calls: Caller, server: Server) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    answer = await wang_calls.asks("时间改成大后天上午十点")
    assert "上午十点" in answer
    assert await wang_calls.tickets() == []
    await wang_calls.keys("1")
    (ticket,) = await wang_calls.tickets()
    assert appointed(ticket, server.services.clock) == (3, 10)


async def test_the_time_is_corrected_by_keys(wang_calls: Caller, server: Server) -> None:
    await wang_calls.asks("阳台的窗户关不上，后天下午三点来修")
    await wang_calls.chooses("要改一下")
    await wang_calls.chooses("时间")
    assert wang_calls.asked_for == "time"
    answer = await wang_calls.keys("1#")
    assert "明天" in answer
    await wang_calls.chooses("确认提交")
    (ticket,) = await wang_calls.tickets()
    days, hour = appointed(ticket, server.services.clock)
    assert days == 1
    assert hour < 12


@pytest.mark.parametrize("how", ["key", "speech"])
async def test_cancelling_at_the_confirmation_files_nothing(wang_calls: Caller, how: str) -> None:
    await wang_calls.asks("卫生间的马桶堵了，后天下午三点来修")
    await (wang_calls.chooses("不报了") if how == "key" else wang_calls.asks("算了，不报了"))
    await wang_calls.asks("物业几点上班")
    assert "确认提交" not in wang_calls.offered.values()
    assert await wang_calls.tickets() == []


async def test_hanging_up_at_the_confirmation_files_nothing(wang_calls: Caller) -> None:
    await wang_calls.asks("卫生间的马桶堵了，后天下午三点来修")
    await wang_calls.hangs_up()
    assert await wang_calls.tickets() == []


async def test_giving_up_in_the_middle_files_nothing(wang_calls: Caller) -> None:
    await wang_calls.asks("马桶堵了要报修")
    await wang_calls.asks("算了不弄了")
    assert wang_calls.offered == {}
    assert await wang_calls.tickets() == []


async def test_a_key_pressed_twice_files_one_ticket(wang_calls: Caller) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    await wang_calls.hammers("11")
    assert len(await wang_calls.tickets()) == 1


async def test_key_and_word_at_once_file_one_ticket(wang_calls: Caller) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    await wang_calls.begins_to_say("确认提交")
    await wang_calls.keys("1")
    await wang_calls.waits(1.0)
    assert len(await wang_calls.tickets()) == 1


async def test_progress_urging_and_cancelling(li_calls: Caller) -> None:
    await li_calls.asks("客厅的灯不亮了，后天上午九点来修")
    await li_calls.keys("1")
    (ticket,) = await li_calls.tickets()
    progress = await li_calls.asks("我的报修修到哪了")
    assert read(ticket.number) in progress
    assert "催" in await li_calls.asks("怎么还没人来，快点催一下")
    (urged,) = await li_calls.tickets()
    assert urged.urged_count == 1
    answer = await li_calls.asks("取消报修")
    assert "取消" in answer
    assert (await li_calls.tickets())[0].state is not TicketState.CANCELLED, "it is asked before it is done"
    await li_calls.asks("确定取消")
    (cancelled,) = await li_calls.tickets()
    assert cancelled.state is TicketState.CANCELLED


async def test_two_repairs_on_one_call_are_two_tickets(li_calls: Caller, server: Server) -> None:
    await li_calls.asks("厨房水龙头漏水，明天下午三点来修")
    await li_calls.keys("1")
    await li_calls.asks("还有卧室的空调不制冷，后天上午九点来修")
    await li_calls.keys("1")
    first, second = await li_calls.tickets()
    assert [first.facility, second.facility] == ["水龙头", "空调"]
    assert [appointed(one, server.services.clock) for one in (first, second)] == [(1, 15), (2, 9)]


async def test_a_stranger_says_the_room_and_keys_the_number(call: CallUp) -> None:
    caller = await call("13612341234")
    await caller.asks("我要报修，厨房水龙头漏水，后天下午三点来")
    await caller.chooses("翠湖花园")
    assert caller.asked_for == "room"
    answer = await caller.asks("三栋二单元六零一")
    assert "六零幺，对吗" in answer
    await caller.asks("对")
    assert caller.asked_for == "phone"
    await caller.keys("13612341234#")
    assert heard_nothing_private(caller)
    await caller.keys("1")
    (ticket,) = await caller.tickets()
    assert (ticket.home_id, ticket.contact_phone) == (None, "13612341234"), "a room that was said proves nothing"
    assert "3栋2单元601" in ticket.place


async def test_a_room_that_was_misheard_is_keyed(call: CallUp) -> None:
    caller = await call()
    await caller.asks("我要报修，厨房水龙头漏水，后天下午三点来")
    await caller.chooses("翠湖花园")
    assert "对吗" in await caller.asks("3号罗尔丹元601")
    await caller.keys("2")
    await caller.keys("3*2*602#")
    await caller.keys("13612341234")
    await caller.keys("1")
    (ticket,) = await caller.tickets()
    assert "3栋2单元602" in ticket.place


async def test_a_question_in_between_does_not_lose_the_repair(wang_calls: Caller) -> None:
    await wang_calls.asks("厨房水龙头漏水，要报修")
    between = await wang_calls.asks("明天停水吗")
    assert "停水通知" in between
    answer = between
    for _ in range(5):
        if "确认提交" in wang_calls.offered.values():
            break
        answer = await wang_calls.asks("不急" if "急" in answer else "后天下午三点")
    await wang_calls.keys("1")
    assert [ticket.facility for ticket in await wang_calls.tickets()] == ["水龙头"]


async def test_two_wishes_in_one_sentence(wang_calls: Caller) -> None:
    answer = await wang_calls.asks("我家还欠多少物业费？另外厨房水龙头漏水，后天下午三点来修一下")
    assert "要接着办吗" in answer
    await wang_calls.chooses("报修")
    assert "确认提交" in wang_calls.offered.values()
    await wang_calls.keys("1")
    (ticket,) = await wang_calls.tickets()
    assert ticket.facility == "水龙头"


async def test_an_impossible_time_is_asked_again(wang_calls: Caller) -> None:
    await wang_calls.asks("厨房水龙头漏水，昨天下午三点来修")
    assert "确认提交" not in wang_calls.offered.values()
    assert await wang_calls.tickets() == []


async def test_a_person_in_the_middle_of_a_form_keeps_what_was_said(wang_calls: Caller) -> None:
    await wang_calls.asks("厨房水龙头漏水，要报修")
    await wang_calls.presses("0")
    await wang_calls.hears("嘀声")
    assert "厨房水龙头漏水，要报修" in await wang_calls.said()
    (item,) = await wang_calls.queue_items()
    assert item.kind.value == "callback"


async def test_the_number_is_never_said_whole(wang_calls: Caller) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    whole = (LI, WANG)
    assert not any(read(number) in wang_calls.transcript for number in whole)
