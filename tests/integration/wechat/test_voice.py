"""Voice messages over real HTTP: fetched from the platform, heard by a recogniser, answered like typed ones."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI, File, Form, HTTPException, UploadFile
from fastapi.responses import JSONResponse
from sqlalchemy import select

from property_db.conversations.models import Direction, Message
from property_db.database import Database
from property_db.handoff.models import Alarm
from tests.integration.wechat.at_the_desk import Agent, desk_of
from tests.integration.wechat.town import RunningClock, Town, open_town, until
from tests.support.slow_engine import running
from tests.support.stack import free_port
from tests.unit.voice.sounds import heard, sample

MEDIA = "/cgi-bin/media/get"
WISH = "厨房的水龙头一直漏水"


@dataclass
class Recogniser:
    """A server in OpenAI's audio form: says `words` for every sound, unless it is `down`."""

    words: str = WISH
    down: bool = False
    asked: int = 0
    sounds: list[bytes] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    url: str = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/audio/transcriptions")
        async def transcribe(
            file: Annotated[UploadFile, File()],
            model: Annotated[str, Form()],
            language: Annotated[str, Form()],
            response_format: Annotated[str, Form()],
        ) -> JSONResponse:
            self.asked += 1
            if self.down:
                raise HTTPException(503)
            assert (language, response_format) == ("zh", "json")
            self.models.append(model)
            self.sounds.append(await file.read())
            return JSONResponse({"text": self.words})

        return app


@pytest.fixture
async def recogniser() -> AsyncIterator[Recogniser]:
    """A recogniser on a port of its own."""
    recogniser, port = Recogniser(), free_port()
    async with running(recogniser.app(), port) as url:
        recogniser.url = url
        yield recogniser


@pytest.fixture
async def listening(
    tmp_path: Path, sqlite: Database, clock: RunningClock, recogniser: Recogniser
) -> AsyncIterator[Town]:
    """A town whose server has the recogniser; somebody follows the account."""
    async with open_town(tmp_path, sqlite, clock, recogniser_url=recogniser.url, recogniser_model="paraformer") as town:
        await town.phone.follow()
        yield town


@pytest.fixture
async def at_desk(listening: Town) -> AsyncIterator[Agent]:
    """客服小李, on duty in that town."""
    async with desk_of(listening.server) as agent:
        yield agent


async def said(town: Town) -> list[str]:
    """The residents' words as they are stored."""
    async with town.database.reading() as session:
        rows = await session.scalars(select(Message).where(Message.direction == Direction.IN).order_by(Message.id))
        return [row.text for row in rows]


@pytest.mark.parametrize("name", ["tone.amr", "tone-wb.amr", "tone.spx"])
async def test_what_is_said_is_answered_like_what_is_typed(listening: Town, recogniser: Recogniser, name: str) -> None:
    answer = await listening.phone.sends_voice(sample(name))
    assert answer.text == f"收到：{WISH}"
    assert listening.engine.asked == [WISH]
    assert await said(listening) == [WISH]
    (wav,) = recogniser.sounds
    channels, bits, rate, seconds, tone = heard(wav)
    assert (channels, bits, rate) == (1, 16, 16_000)
    assert seconds == pytest.approx(1, abs=0.1)
    assert tone == pytest.approx(440, abs=10)
    assert recogniser.models == ["paraformer"]


async def test_an_option_can_be_said_as_it_can_be_typed(listening: Town, recogniser: Recogniser) -> None:
    await listening.phone.says("您好")
    recogniser.words = "查欠费。"
    await listening.phone.sends_voice(sample("tone.amr"))
    assert listening.engine.asked[-1] == "/query_arrears"


async def test_a_voice_message_delivered_three_times_is_heard_and_answered_once(
    listening: Town, recogniser: Recogniser
) -> None:
    answer = await listening.phone.sends_voice(sample("tone.amr"), deliveries=3, overlap=True)
    assert answer.texts == [f"收到：{WISH}"]
    assert recogniser.asked == 1


async def test_a_spoken_danger_is_answered_at_once_and_raises_an_alarm(listening: Town, recogniser: Recogniser) -> None:
    recogniser.words = "家里燃气泄漏了"
    answer = await listening.phone.sends_voice(sample("tone.amr"))
    assert answer.text.startswith("【紧急情况】")
    assert "119" in answer.text
    assert listening.engine.asked == []
    async with listening.database.reading() as session:
        (alarm,) = await session.scalars(select(Alarm))
    assert (alarm.kind, alarm.text) == ("gas", "家里燃气泄漏了")


async def test_an_agent_reads_what_was_said_and_a_danger_is_not_left_to_the_agent(
    listening: Town, recogniser: Recogniser, at_desk: Agent
) -> None:
    await listening.phone.says("转人工")
    await at_desk.takes()
    await listening.bubbles(1, "custom")
    await listening.phone.sends_voice(sample("tone.amr"), answers=0)

    async def reads() -> bool | None:
        return True if WISH in [message["text"] for message in await at_desk.messages()] else None

    await until(reads, "the agent does not see what was said")
    assert listening.engine.asked == ["/request_human"]  # before 小李 came
    recogniser.words = "家里着火了"
    answer = await listening.phone.sends_voice(sample("tone.amr"))
    assert answer.text.startswith("【紧急情况】")
    assert await listening.count(Alarm, Alarm.kind == "fire") == 1


async def test_while_the_recogniser_is_down_a_voice_message_waits_and_is_answered_afterwards(
    listening: Town, recogniser: Recogniser
) -> None:
    recogniser.down = True
    await listening.phone.sends_voice(sample("tone.amr"), answers=0)

    async def was_asked() -> bool | None:
        return True if recogniser.asked >= 2 else None

    await until(was_asked, "the recogniser was not asked again")
    assert await listening.phone.received("custom") == []
    recogniser.down = False
    listening.clock.advance(minutes=1)
    (answer,) = await listening.bubbles(1, "custom")
    assert answer == f"收到：{WISH}"
    assert listening.engine.asked == [WISH]
    assert await listening.phone.notices() == []


async def test_later_messages_keep_their_place_behind_a_voice_message_that_waits(
    listening: Town, recogniser: Recogniser
) -> None:
    recogniser.down = True
    await listening.phone.sends_voice(sample("tone.amr"), answers=0)
    await listening.phone.says("另外楼道灯坏了", answers=0)
    recogniser.down = False
    listening.clock.advance(minutes=1)
    await listening.bubbles(2, "custom")
    assert listening.engine.asked == [WISH, "另外楼道灯坏了"]


async def test_a_danger_that_is_typed_does_not_wait_behind_a_voice_message(
    listening: Town, recogniser: Recogniser
) -> None:
    recogniser.down = True
    await listening.phone.sends_voice(sample("tone.amr"), answers=0)
    answer = await listening.phone.says("家里燃气泄漏了")
    assert answer.text.startswith("【紧急情况】")
    assert listening.engine.asked == []


async def test_when_the_recogniser_stays_down_the_resident_is_told(listening: Town, recogniser: Recogniser) -> None:
    recogniser.down = True
    await listening.phone.sends_voice(sample("tone.amr"), answers=0)

    async def told() -> list[dict[str, object]] | None:
        listening.clock.advance(minutes=1)
        return await listening.phone.received("custom") or None

    (answer,) = await until(told, "the resident is not told")
    assert "没有收到" in str(answer["text"])
    assert recogniser.asked == 6
    assert listening.engine.asked == []


async def test_where_nothing_was_understood_the_resident_is_asked_to_say_it_again(
    listening: Town, recogniser: Recogniser
) -> None:
    recogniser.words = " "
    assert "没听清" in (await listening.phone.sends_voice(sample("tone.amr"))).text
    assert "没听清" in (await listening.phone.sends_voice(b"#!AMR\nno sound at all")).text
    assert recogniser.asked == 1
    assert listening.engine.asked == []


async def test_a_voice_message_that_the_platform_keeps_no_longer_is_asked_for_again(
    listening: Town, recogniser: Recogniser
) -> None:
    listening.fails(MEDIA, errcode=40007)
    answer = await listening.phone.sends_voice(sample("tone.amr"))
    assert answer.text == "抱歉，刚才的语音没有收到。请再发一次，或者打字告诉我。"
    assert recogniser.asked == 0


async def test_without_a_recogniser_the_resident_is_asked_to_type(town: Town) -> None:
    await town.phone.follow()
    answer = await town.phone.sends_voice(sample("tone.amr"))
    assert answer.ways == ["passive"]
    assert "打字告诉我" in answer.text
    assert town.engine.asked == []
    assert town.calls(MEDIA) == []
