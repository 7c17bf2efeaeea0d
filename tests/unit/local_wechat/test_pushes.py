"""Pushes: what the server gets, how its answer is judged, and how often it is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.local_wechat.client import Phone
from tests.local_wechat.crypto import Seal
from tests.local_wechat.pushxml import build
from tests.local_wechat.server import LocalWechat
from tests.local_wechat.texts import text
from tests.unit.local_wechat.conftest import APP_ID, OLD_KEY, ORIGINAL_ID, Arrive, Toy, sealed

Answering = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


def always(response: httpx.Response) -> Answering:
    """A server that has one answer."""

    async def answer(_: dict[str, Any]) -> httpx.Response:
        return response

    return answer


async def test_a_text_arrives_with_everything_that_the_platform_sends(toy: Toy, phone: Phone) -> None:
    await phone.says("水管漏了 ]]> <b>", answers=0)
    asked, query = toy.asked[-1], toy.queries[-1]
    assert asked["ToUserName"] == ORIGINAL_ID
    assert asked["FromUserName"] == phone.open_id == query["openid"]
    assert (asked["MsgType"], asked["Content"]) == ("text", "水管漏了 ]]> <b>")
    assert 2**53 < int(asked["MsgId"]) < 2**63
    assert query["encrypt_type"] == "aes"
    assert toy.seals[0].sign(query["timestamp"], query["nonce"]) == query["signature"]


async def test_a_moved_clock_does_not_change_the_time_of_a_push(peer: LocalWechat, toy: Toy, phone: Phone) -> None:
    peer.clock.real = lambda: 1_800_000_000.5
    peer.clock.move(48 * 3600)
    await phone.says("在吗", answers=0)
    assert toy.asked[-1]["CreateTime"] == "1800000000"
    assert toy.queries[-1]["timestamp"] == "1800000000"


@pytest.mark.parametrize("body", ["success", ""])
async def test_silence_is_accepted_and_shows_nothing(toy: Toy, phone: Phone, body: str) -> None:
    toy.answer = always(httpx.Response(200, text=body))
    await phone.says("在吗", answers=0)
    assert await phone.received() == []
    assert (await phone.pushes())[-1]["state"] == "accepted"
    assert len(toy.asked) == 2, "the follow and the text, once each"


async def test_a_passive_reply_is_shown_as_the_answer_to_its_message(toy: Toy, phone: Phone) -> None:
    async def answer(fields: dict[str, Any]) -> httpx.Response:
        return toy.reply(fields, "您好")

    toy.answer = answer
    got = await phone.says("在吗")
    assert (got.text, got.ways) == ("您好", ["passive"])
    assert got.entries[0]["message_id"] == toy.asked[-1]["MsgId"]


async def test_an_answer_to_a_push_with_the_previous_key_must_come_back_with_it(toy: Toy, phone: Phone) -> None:
    async def with_the_new_key(fields: dict[str, Any]) -> httpx.Response:
        return toy.reply(fields, "您好")

    async def with_the_old_key(fields: dict[str, Any]) -> httpx.Response:
        return Toy([Seal("spamtest", OLD_KEY, APP_ID)]).reply(fields, "您好")

    toy.answer = with_the_old_key
    assert (await phone.says("在吗", key="previous")).text == "您好"
    toy.answer = with_the_new_key
    await phone.sends("在吗", key="previous")
    with pytest.raises(AssertionError, match="out of order"):
        await phone.answers(1)


WRONG: dict[str, Callable[[Toy, dict[str, Any]], httpx.Response]] = {
    "json": lambda toy, fields: httpx.Response(200, json={"ok": True}),
    "spaces": lambda toy, fields: httpx.Response(200, text=" success\n"),
    "plain": lambda toy, fields: httpx.Response(200, content=build({"MsgType": "text", "Content": "您好"})),
    "status": lambda toy, fields: httpx.Response(500, text="success"),
    "another": lambda toy, fields: toy.reply(fields, "您好", ToUserName="o-somebody-else"),
    "sender": lambda toy, fields: toy.reply(fields, "您好", FromUserName="gh_somebody"),
    "empty": lambda toy, fields: toy.reply(fields, ""),
    "too long": lambda toy, fields: toy.reply(fields, "水" * 683),
    "kind": lambda toy, fields: toy.reply(fields, "您好", MsgType="dance"),
    "token": lambda toy, fields: httpx.Response(
        200, content=sealed(Seal("another", OLD_KEY, APP_ID), build({"MsgType": "text"}))
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_answer_is_asked_for_three_times_and_then_shown(toy: Toy, phone: Phone, wrong: str) -> None:
    async def answer(fields: dict[str, Any]) -> httpx.Response:
        return WRONG[wrong](toy, fields)

    toy.answer = answer
    sent = await phone.sends("在吗")
    with pytest.raises(AssertionError, match="out of order"):
        await phone.answers(1, after=sent["seq"])
    (notice,) = await phone.notices()
    assert notice["text"] == text("unavailable") and notice["message_id"] == sent["message_id"]
    assert [asked["MsgId"] for asked in toy.asked[-3:]] == [sent["message_id"]] * 3
    assert len(toy.asked) == 4, "the follow, and three deliveries"


async def test_a_late_answer_is_lost_and_the_next_delivery_counts(peer: LocalWechat, toy: Toy, phone: Phone) -> None:
    peer.pushes.limit = 0.05
    times = 0

    async def answer(fields: dict[str, Any]) -> httpx.Response:
        nonlocal times
        times += 1
        if times < 3:
            await asyncio.Event().wait()
        return toy.reply(fields, f"第{times}次")

    toy.answer = answer
    assert (await phone.says("在吗")).texts == ["第3次"]
    verdicts = [delivery["verdict"] for delivery in (await phone.pushes())[-1]["deliveries"]]
    assert verdicts == ["late", "late", "reply"]
    assert await phone.notices() == []


async def test_nobody_home_is_unavailable_too(toy: Toy, phone: Phone) -> None:
    async def answer(_: dict[str, Any]) -> httpx.Response:
        raise httpx.ConnectError("refused")

    toy.answer = answer
    with pytest.raises(AssertionError, match="out of order"):
        await phone.says("在吗")
    assert [d["verdict"] for d in (await phone.pushes())[-1]["deliveries"]] == ["unreachable"] * 3


async def test_a_test_may_have_an_answered_message_delivered_again(toy: Toy, phone: Phone) -> None:
    async def answer(fields: dict[str, Any]) -> httpx.Response:
        return toy.reply(fields, "您好")

    toy.answer = answer
    got = await phone.says("在吗", deliveries=3)
    assert len(got.texts) == 3, "a server that answers every delivery is seen to answer three times"
    assert len({asked["MsgId"] for asked in toy.asked[1:]}) == 1


async def test_deliveries_may_overlap(toy: Toy, phone: Phone) -> None:
    together = asyncio.Barrier(3)

    async def answer(_: dict[str, Any]) -> httpx.Response:
        await together.wait()
        return httpx.Response(200, text="success")

    toy.answer = answer
    await phone.says("在吗", answers=0, deliveries=3, overlap=True)
    assert len((await phone.pushes())[-1]["deliveries"]) == 3


async def test_two_residents_may_have_the_same_message_id(toy: Toy, arrive: Arrive) -> None:
    one, other = await arrive(), await arrive()
    for phone in (one, other):
        await phone.says("在吗", answers=0, message_id=6054768590064713728)
    assert [asked["MsgId"] for asked in toy.asked[-2:]] == ["6054768590064713728"] * 2
    assert len({asked["FromUserName"] for asked in toy.asked[-2:]}) == 2


@pytest.mark.parametrize("flaw", ["signature", "body", "receiver", "unencrypted"])
async def test_a_flawed_push_can_be_refused_and_shows_nothing(toy: Toy, phone: Phone, flaw: str) -> None:
    toy_had = len(toy.asked)
    try:
        await phone.says("在吗", answers=0, flaw=flaw)
    finally:
        assert len(toy.asked) == toy_had
    (delivery,) = (await phone.pushes())[-1]["deliveries"]
    assert (delivery["verdict"], delivery["reason"]) == ("status", "403")
    assert await phone.notices() == []


async def test_the_address_is_checked_by_its_echo(peer: LocalWechat) -> None:
    assert await peer.pushes.verify(peer.world.account("spring"))


async def test_every_kind_of_message_and_event_has_its_fields(peer: LocalWechat, toy: Toy, phone: Phone) -> None:
    await phone.sends_picture(b"\xff\xd8\xff", answers=0)
    await phone.sends_voice(answers=0)
    await phone.sends_video(answers=0)
    await phone.sends_location("春天花园", answers=0)
    await phone.sends_link("通知", "https://example.com/", answers=0)
    await phone.scan("b7", answers=0)
    await phone.agrees("template-once")
    await phone.withdraws("template-once")
    await phone.unfollow()
    await phone.scan("b8", answers=0)
    kinds = [(asked["MsgType"], asked.get("Event")) for asked in toy.asked]
    assert kinds == [
        ("event", "subscribe"),
        ("image", None),
        ("voice", None),
        ("video", None),
        ("location", None),
        ("link", None),
        ("event", "SCAN"),
        ("event", "subscribe_msg_popup_event"),
        ("event", "subscribe_msg_change_event"),
        ("event", "unsubscribe"),
        ("event", "subscribe"),
    ]
    assert (toy.asked[6]["EventKey"], toy.asked[10]["EventKey"]) == ("b7", "qrscene_b8")
    assert all("MsgId" not in asked for asked in toy.asked if asked["MsgType"] == "event")
    assert toy.asked[7]["SubscribeMsgPopupEvent"]["List"]["SubscribeStatusString"] == "accept"
    assert toy.asked[1]["PicUrl"].endswith(toy.asked[1]["MediaId"])
    assert toy.asked[2]["Format"] == "amr"
    assert toy.asked[4]["Label"] == "春天花园"


async def test_pressing_an_offered_choice_sends_its_text_and_its_number(toy: Toy, phone: Phone) -> None:
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=转人工&msgmenuid=c4.human">转人工</a>'

    async def answer(fields: dict[str, Any]) -> httpx.Response:
        return toy.reply(fields, f'1. {link}\n看<a href="https://example.com/?a=1&b=2">这里</a>')

    toy.answer = answer
    got = await phone.says("找人")
    assert got.offers("转人工") and got.links == {"这里": "https://example.com/?a=1&b=2"}
    assert got.text == "1. 转人工\n看这里"
    await phone.chooses("转人工")
    assert (toy.asked[-1]["Content"], toy.asked[-1]["bizmsgmenuid"]) == ("转人工", "c4.human")


async def test_who_does_not_follow_cannot_write(phone: Phone) -> None:
    await phone.unfollow()
    refused = await phone.http.post(f"/local/residents/{phone.open_id}/text", json={"content": "在吗"})
    assert refused.status_code == 409
