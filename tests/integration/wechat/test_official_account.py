"""The Official Account over real HTTP against the local WeChat; only the engine is stood in for."""

import asyncio
import io

import pytest
from PIL import Image
from sqlalchemy import select

from property_db.channels.models import OutboundPart, PartState
from property_db.conversations.models import Direction, Message
from property_db.people.models import ChannelIdentity
from property_db.uploads.models import Upload
from tests.integration.wechat.town import LONG, Town


async def test_following_with_a_building_s_code_is_greeted_in_the_request_itself(town: Town) -> None:
    greeting = await town.phone.follow("b3")
    assert greeting.ways == ["passive"]
    assert "翠湖花园3栋" in greeting.text
    assert greeting.offers("查欠费")
    assert greeting.links["点这里绑定房屋"] == "https://wy.example.com/wechat/cuihu/bind"


async def test_a_quick_answer_costs_none_of_the_permitted_messages(town: Town) -> None:
    await town.phone.follow()
    answer = await town.phone.says("您好")
    assert answer.ways == ["passive"]
    assert answer.text == "您好，请问有什么事？\n\n请点一下，或者回复序号：\n1. 查欠费\n2. 转人工"
    chosen = await town.phone.chooses("查欠费")
    assert chosen.ways == ["passive"]
    assert town.engine.asked == ["您好", "/query_arrears"]
    assert await town.count(OutboundPart, OutboundPart.counts) == 0


async def test_an_option_s_number_can_be_typed(town: Town) -> None:
    await town.phone.follow()
    await town.phone.says("您好")
    await town.phone.says("1")
    assert town.engine.asked[-1] == "/query_arrears"


async def test_a_message_delivered_three_times_at_once_is_answered_once(town: Town) -> None:
    await town.phone.follow()
    answer = await town.phone.says("厨房漏水", deliveries=3, overlap=True)
    assert answer.texts == ["收到：厨房漏水"]
    assert town.engine.asked == ["厨房漏水"]
    assert await town.phone.notices() == []


async def test_an_answer_that_takes_longer_follows_by_itself_and_once(town: Town) -> None:
    await town.phone.follow()
    thinking = town.engine.slow["想一想"] = asyncio.Event()
    sent = await town.phone.sends("想一想")
    await town.peer.pushes.settled()  # the request is over, empty-handed
    thinking.set()
    answer = await town.phone.answers(1, after=sent["seq"])
    assert (answer.ways, answer.texts) == (["custom"], ["收到：想一想"])
    assert await town.phone.notices() == []
    assert await town.count(OutboundPart, OutboundPart.counts, OutboundPart.state == PartState.SENT) == 1


async def test_a_long_answer_comes_in_few_messages_and_whole(town: Town) -> None:
    await town.phone.follow()
    answer = await town.phone.says("都有什么服务", answers=3)
    assert "".join(answer.texts) == LONG
    assert all(len(text.encode()) <= 2048 for text in answer.texts)


async def test_a_danger_is_answered_at_once_with_its_numbers(town: Town) -> None:
    await town.phone.follow()
    answer = await town.phone.says("家里燃气泄漏了")
    assert answer.ways == ["passive"]
    assert answer.text.startswith("【紧急情况】")
    assert "119" in answer.text


async def test_a_place_and_a_video_are_answered_and_kept_for_a_person(town: Town) -> None:
    await town.phone.follow()
    assert (await town.phone.sends_location("翠湖路1号")).ways == ["passive"]
    assert (await town.phone.sends_video()).ways == ["passive"]
    assert town.engine.asked == []


async def test_a_picture_is_fetched_and_given_to_the_dialogue(town: Town) -> None:
    await town.phone.follow()
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    await town.phone.sends_picture(out.getvalue())
    async with town.database.reading() as session:
        ((upload_id,),) = await session.scalars(
            select(Message.upload_ids).where(Message.direction == Direction.IN).order_by(Message.id)
        )
        upload = await session.get_one(Upload, upload_id)
    assert (upload.media_type, upload.width, upload.height) == ("image/jpeg", 40, 30)
    assert town.engine.asked == ["/inform"]


async def test_who_unfollows_is_forgotten_and_a_follower_again_is_a_stranger(town: Town) -> None:
    await town.phone.follow()
    await town.phone.says("您好")
    town.clock.advance(minutes=1)  # to follow twice within a second is the same event
    await town.phone.unfollow()
    assert await town.count(ChannelIdentity) == 0
    assert await town.count(Message) == 0
    assert (await town.phone.follow()).ways == ["passive"]
    assert (await town.phone.says("您好")).ways == ["passive"]


@pytest.mark.parametrize("flaw", ["signature", "body", "timestamp", "receiver", "unencrypted", "other_account"])
async def test_what_is_not_the_platform_s_is_refused(town: Town, flaw: str) -> None:
    await town.phone.follow()
    await town.phone.sends("您好", flaw=flaw)
    await town.peer.pushes.settled()
    push = (await town.phone.pushes())[-1]
    assert [delivery["verdict"] for delivery in push["deliveries"]] == ["unavailable"] or push["state"] == "flawed"
    assert town.engine.asked == []
