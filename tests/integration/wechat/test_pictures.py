"""Pictures over real HTTP: kept where they can be fetched and read, otherwise the resident is told so."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from property_db.conversations.models import Direction, Message
from property_db.uploads.models import Upload
from tests.integration.wechat.at_the_desk import Agent
from tests.integration.wechat.town import Town, until

MEDIA = "/cgi-bin/media/get"
GONE = "抱歉，刚才的图片没有收到。请再发一次。"
UNREADABLE = "抱歉，这张图片打不开。请换一张照片发来。"


def picture(width: int = 40, height: int = 30) -> bytes:
    """A red PNG with a place in it."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (width, height), "red").save(out, "PNG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("errcode", [40007, 40004])
async def test_a_picture_that_the_platform_keeps_no_longer_is_asked_for_again(town: Town, errcode: int) -> None:
    await town.phone.follow()
    town.fails(MEDIA, errcode=errcode)
    assert (await town.phone.sends_picture(picture())).text == GONE
    assert town.engine.asked == []
    assert await town.count(Upload) == 0
    assert (await town.phone.sends_picture(picture())).text == "收到：/inform"


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:60]], ids=repr
)
async def test_a_file_that_is_no_picture_is_not_kept_and_the_resident_is_told(town: Town, content: bytes) -> None:
    await town.phone.follow()
    assert (await town.phone.sends_picture(content)).text == UNREADABLE
    assert town.engine.asked == []
    assert await town.count(Upload) == 0


async def test_a_file_beyond_the_limit_is_not_fetched_whole(town: Town) -> None:
    await town.phone.follow()
    limit = town.server.services.settings.upload_limit_bytes
    assert (await town.phone.sends_picture(b"\xff" * (limit + 1))).text == GONE
    assert await town.count(Upload) == 0


@pytest.mark.parametrize("how", [{"errcode": -1}, {"http": 502}, {"lost": "before"}], ids=repr)
async def test_a_picture_is_fetched_again_when_the_platform_is_out_of_order(town: Town, how: dict[str, object]) -> None:
    await town.phone.follow()
    town.fails(MEDIA, **how)
    assert (await town.phone.sends_picture(picture())).text == "收到：/inform"
    assert await town.count(Upload) == 1
    assert len(town.calls(MEDIA)) == 2


async def test_a_picture_delivered_three_times_is_kept_once(town: Town) -> None:
    await town.phone.follow()
    await town.phone.sends_picture(picture(), deliveries=3, overlap=True)
    assert await town.count(Upload) == 1
    assert len(town.calls(MEDIA)) == 1


async def test_an_agent_sees_the_picture_without_what_else_the_file_held(town: Town, agent: Agent) -> None:
    await town.phone.follow()
    await town.phone.says("转人工")
    await agent.takes()
    await town.bubbles(1, "custom")
    await town.phone.sends_picture(picture(), answers=0)

    async def sees() -> str | None:
        found = [upload for message in await agent.messages() for upload in message["upload_ids"]]
        return found[0] if found else None

    upload_id = await until(sees, "the agent does not see the picture")
    shown = await agent.http.get(f"/uploads/{upload_id}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.format, image.size) == ("JPEG", (40, 30))
        assert "secret place" not in str(dict(image.getexif()))
    assert town.engine.asked == ["/request_human"]  # before 小李 came


async def test_an_agent_sees_that_a_picture_did_not_arrive(town: Town, agent: Agent) -> None:
    await town.phone.follow()
    await town.phone.says("转人工")
    await agent.takes()
    await town.bubbles(1, "custom")
    town.fails(MEDIA, errcode=40007)
    assert (await town.phone.sends_picture(picture())).text == GONE
    async with town.database.reading() as session:
        rows = await session.scalars(select(Message.text).where(Message.direction == Direction.IN).order_by(Message.id))
        assert list(rows)[-1] == "[没有收到的图片或语音]"
    assert "[没有收到的图片或语音]" in [message["text"] for message in await agent.messages()]
