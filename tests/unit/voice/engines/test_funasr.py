"""FunASR: quick texts are replaced by better ones, with both of its servers, and whatever fails is told as such."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Literal

import pytest
from pydantic import SecretStr

from integrations.voice.engines.funasr import FunAsrRecogniser, FunAsrTalk, Patience
from integrations.voice.engines.resample import resampled
from integrations.voice.speech import Heard, SpeechUnavailable
from tests.support.speech_servers import FunAsrServer, Mood
from tests.unit.voice.engines.ears import heard_by, speak_into

KEY = "sk-a-key-that-nobody-may-see"
SHORT = Patience(settled=0.5, pending=0.5)
LONG = Patience(settled=0.5, pending=600)
Flavour = Literal["python", "cpp"]
FLAVOURS = pytest.mark.parametrize("flavour", ["python", "cpp"])

Listening = Callable[..., Awaitable[FunAsrRecogniser]]


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """Starts a server and gives a recogniser that asks it."""
    async with AsyncExitStack() as stack:

        async def start(server: FunAsrServer, patience: Patience = LONG, key: str | None = None) -> FunAsrRecogniser:
            await stack.enter_async_context(server.running())
            recogniser = FunAsrRecogniser(server.url, None if key is None else SecretStr(key), patience)
            stack.push_async_callback(recogniser.close)
            return recogniser

        yield start


@FLAVOURS
async def test_the_second_pass_replaces_the_first(listening: Listening, flavour: Flavour) -> None:
    server = FunAsrServer(["水龙头漏水。"], flavour=flavour)
    recogniser = await listening(server)
    assert await heard_by(recogniser) == Heard("水龙头漏水。", 0.8)
    assert server.complaints == []


@FLAVOURS
async def test_a_short_utterance_without_a_quick_text_is_heard_too(listening: Listening, flavour: Flavour) -> None:
    recogniser = await listening(FunAsrServer(["好的"], flavour=flavour))
    assert (await heard_by(recogniser, seconds=0.3)).text == "好的"


@FLAVOURS
async def test_sentences_that_the_server_cuts_are_put_together(listening: Listening, flavour: Flavour) -> None:
    server = FunAsrServer(["水龙头漏水，", "请派人来。"], flavour=flavour, cut_early=True)
    recogniser = await listening(server)
    assert (await heard_by(recogniser)).text == "水龙头漏水，请派人来。"


@FLAVOURS
async def test_a_text_that_was_complete_before_the_end_is_not_waited_for_long(
    listening: Listening, flavour: Flavour
) -> None:
    server = FunAsrServer(["水龙头漏水"], flavour=flavour, cut_early=True)
    recogniser = await listening(server)
    assert (await heard_by(recogniser)).text == "水龙头漏水"


@pytest.mark.parametrize("speaking", [True, False], ids=["python", "cpp"])
def test_the_change_of_is_final_is_the_end(speaking: bool) -> None:
    talk = FunAsrTalk((), LONG)
    quick = {"mode": "2pass-online", "text": "水龙", "is_final": speaking}
    whole = {"mode": "2pass-offline", "text": "水龙头", "is_final": speaking}
    assert talk.take(quick, ended=False) is None
    assert talk.take(quick, ended=True) is None
    assert talk.take(whole, ended=True) is None
    assert talk.take({**whole, "text": "漏水", "is_final": not speaking}, ended=True) == Heard("水龙头漏水", 0.8)


def test_the_cpp_server_ends_without_a_text() -> None:
    talk = FunAsrTalk((), LONG)
    talk.take({"mode": "2pass-offline", "text": "水龙头", "is_final": False}, ended=False)
    assert talk.take({"text": "", "is_final": True}, ended=True) == Heard("水龙头", 0.8)


@FLAVOURS
async def test_silence_is_nothing_heard(listening: Listening, flavour: Flavour) -> None:
    heard = await heard_by(await listening(FunAsrServer([], flavour=flavour), SHORT))
    assert heard == Heard("", 0.0, "nothing_heard")


async def test_a_text_that_was_never_confirmed_is_believed_less(listening: Listening) -> None:
    heard = await heard_by(await listening(FunAsrServer(["水龙头漏水"], second_pass=False), SHORT))
    assert heard == Heard("水龙头漏水", 0.6)


async def test_sound_goes_out_at_16_khz_and_nothing_of_it_is_lost(listening: Listening) -> None:
    server = FunAsrServer()
    recogniser = await listening(server)
    utterance = recogniser.begin()
    sound = resampled(speak_into(utterance, seconds=1.01), 8000, 16000)
    await utterance.finish()
    assert server.sound[: len(sound)] == sound
    assert not any(server.sound[len(sound) :])
    assert server.complaints == []


async def test_hints_are_sent_as_a_string_of_json(listening: Listening) -> None:
    server = FunAsrServer()
    await heard_by(await listening(server), hints=("绿地一期", "门禁卡"))
    assert json.loads(server.started[0]["hotwords"]) == {"绿地一期": 20, "门禁卡": 20}
    assert server.complaints == []


async def test_sound_that_comes_before_the_connection_is_kept(listening: Listening) -> None:
    server = FunAsrServer()
    server.may_connect.clear()
    utterance = (await listening(server)).begin()
    speak_into(utterance)
    server.may_connect.set()
    assert (await utterance.finish()).text == "水龙头漏水"
    assert len(server.sound) >= 16000 * 2 * 0.9


async def test_an_utterance_without_sound_needs_no_answer(listening: Listening) -> None:
    server = FunAsrServer(mood="silent")
    assert await (await listening(server)).begin().finish() == Heard("", 0.0, "no_sound")


@pytest.mark.parametrize("mood", ["refuses", "closes", "dies", "garbage", "wrong_shape"])
async def test_a_server_that_fails_is_unavailable(listening: Listening, mood: Mood) -> None:
    recogniser = await listening(FunAsrServer(mood=mood), key=KEY)
    with pytest.raises(SpeechUnavailable) as failure:
        await heard_by(recogniser)
    assert KEY not in repr(failure.value)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize("answer", ['{"mode":"2pass-online"}', '{"mode":"offline","text":"错"}', '{"text":5}'])
async def test_an_answer_of_another_protocol_is_no_text(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("tests.support.speech_servers.GARBAGE", {"garbage": answer})
    with pytest.raises(SpeechUnavailable, match="Garbled"):
        await heard_by(await listening(FunAsrServer(mood="garbage")))


async def test_nobody_there_is_unavailable_and_not_ready(listening: Listening) -> None:
    server = FunAsrServer()
    async with server.running():
        url = server.url
    recogniser = FunAsrRecogniser(url)
    assert not await recogniser.ready()
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)
    await recogniser.close()


@pytest.mark.parametrize("url", ["not an address", "ftp://x", "ws://", "ws://127.0.0.1:notaport", "ws://a..b:1"])
async def test_an_address_that_is_none_is_unavailable_and_not_ready(url: str) -> None:
    recogniser = FunAsrRecogniser(url)
    assert not await recogniser.ready()
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)
    await recogniser.close()


async def test_asking_whether_it_is_ready_throws_nobody_out(listening: Listening) -> None:
    server = FunAsrServer()
    recogniser = await listening(server)
    assert await recogniser.ready()
    assert server.headers == []


async def test_the_key_is_shown_to_the_server(listening: Listening) -> None:
    server = FunAsrServer()
    await heard_by(await listening(server, key=KEY))
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_the_key_is_in_no_log(listening: Listening, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        await heard_by(await listening(FunAsrServer(), key=KEY))
    own = [record for record in caplog.records if record.name != "websockets.server"]
    assert KEY not in "".join(record.getMessage() for record in own)


async def test_an_utterance_that_is_not_wanted_closes_its_connection(listening: Listening) -> None:
    server = FunAsrServer()
    utterance = (await listening(server)).begin()
    speak_into(utterance)
    await server.started_at_all.wait()
    await utterance.cancel()
    await server.gone.wait()
    with pytest.raises(SpeechUnavailable):
        await utterance.finish()


async def test_two_callers_speak_at_once(listening: Listening) -> None:
    recogniser = await listening(FunAsrServer())
    first, second = recogniser.begin(), recogniser.begin()
    speak_into(first)
    speak_into(second)
    assert [(await first.finish()).text, (await second.finish()).text] == ["水龙头漏水"] * 2


async def test_closing_ends_utterances_that_were_left_open(listening: Listening) -> None:
    server = FunAsrServer()
    recogniser = await listening(server)
    utterance = recogniser.begin()
    speak_into(utterance)
    await recogniser.close()
    with pytest.raises(SpeechUnavailable):
        await utterance.finish()
