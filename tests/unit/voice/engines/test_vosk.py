"""vosk-server: sound and the end go out as it reads them, words come back with how sure it is of each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from integrations.voice.engines.resample import resampled
from integrations.voice.engines.vosk import VoskRecogniser, VoskTalk
from integrations.voice.speech import Heard, SpeechUnavailable
from tests.support.speech_servers import Mood, VoskServer
from tests.unit.voice.engines.ears import heard_by, speak_into

Listening = Callable[[VoskServer], Awaitable[VoskRecogniser]]


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """Starts a server and gives a recogniser that asks it."""
    async with AsyncExitStack() as stack:

        async def start(server: VoskServer) -> VoskRecogniser:
            await stack.enter_async_context(server.running())
            recogniser = VoskRecogniser(server.url)
            stack.push_async_callback(recogniser.close)
            return recogniser

        yield start


async def test_words_become_a_text_and_their_confidence_its_confidence(listening: Listening) -> None:
    server = VoskServer(["水龙头 漏水"], confidence=0.75)
    assert await heard_by(await listening(server)) == Heard("水龙头漏水", 0.75)
    assert server.complaints == []


async def test_results_in_the_middle_of_an_utterance_belong_to_it(listening: Listening) -> None:
    heard = await heard_by(await listening(VoskServer(["水龙头 漏水", "a b 座"])))
    assert heard.text == "水龙头漏水a b座"


async def test_a_server_without_confidence_is_believed_as_a_good_one(listening: Listening) -> None:
    assert await heard_by(await listening(VoskServer(confidence=None))) == Heard("水龙头漏水", 0.8)


@pytest.mark.parametrize("says", [[], [""], ["[unk]"]])
async def test_silence_and_unknown_words_are_nothing_heard(listening: Listening, says: list[str]) -> None:
    assert await heard_by(await listening(VoskServer(says))) == Heard("", 0.0, "nothing_heard")


async def test_it_is_told_the_rate_and_gets_all_of_the_sound(listening: Listening) -> None:
    server = VoskServer()
    utterance = (await listening(server)).begin()
    sound = resampled(speak_into(utterance), 8000, 16000)
    await utterance.finish()
    assert server.started == [{"sample_rate": 16000, "words": True, "max_alternatives": 0}]
    assert server.sound == sound


async def test_hints_do_not_become_all_that_can_be_heard(listening: Listening) -> None:
    server = VoskServer()
    await heard_by(await listening(server), hints=("门禁卡",))
    assert "phrase_list" not in server.started[0]


async def test_a_closed_list_of_phrases_leaves_room_for_others() -> None:
    server = VoskServer()
    async with server.running():
        recogniser = VoskRecogniser(server.url, only_hints=True)
        await heard_by(recogniser, hints=("报修", "费用"))
        await recogniser.close()
    assert server.started[0]["phrase_list"] == ["报修", "费用", "[unk]"]


@pytest.mark.parametrize("mood", ["refuses", "closes", "dies", "garbage", "wrong_shape"])
async def test_a_server_that_fails_is_unavailable(listening: Listening, mood: Mood) -> None:
    with pytest.raises(SpeechUnavailable):
        await heard_by(await listening(VoskServer(mood=mood)))


@pytest.mark.parametrize("answer", [{}, {"text": None}, {"text": "好", "result": 1}])
def test_an_answer_of_another_protocol_is_garbled(answer: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        VoskTalk(()).take(answer, ended=False)


def test_words_that_are_no_words_count_for_nothing() -> None:
    talk = VoskTalk(())
    talk.closing()
    answer = {"text": "好", "result": [1, {"word": "好"}, {"word": "好", "conf": 7}]}
    assert talk.take(answer, ended=True) == Heard("好", 1.0)
