"""The smallest voice reads pinyin, is quick, and leaves no process behind."""

import asyncio
import shutil
from pathlib import Path

import pytest

from integrations.voice.engines import espeak
from integrations.voice.engines.espeak import EspeakVoice, pinyin_of
from integrations.voice.speech import SpeechUnavailable
from tests.unit.voice.engines.ears import all_of, level_of

installed = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("您好，请说。", "nin2 hao3 , qing3 shuo1 ."),
        ("绿地A座？女士！", "lv4 di4 A zuo4 ? nv3 shi4 !"),
        ("是的：水、电；气", "shi4 de5 : shui3 , dian4 ; qi4"),
        ("《好》…é\n", "hao3"),
        ("", ""),
    ],
)
def test_characters_become_toned_pinyin_and_marks_stay(text: str, spelled: str) -> None:
    assert pinyin_of(text) == spelled


@installed
@pytest.mark.may_skip
@pytest.mark.parametrize("name", ["female", "male", "another"])
async def test_a_sentence_becomes_sound_of_its_length(name: str) -> None:
    voice = EspeakVoice(name)
    sound = await all_of(voice.speak("您好，这里是物业服务中心，请问有什么可以帮您？"))
    assert 3 < len(sound) / 16000 < 9
    assert level_of(sound) > 300
    await voice.close()


@installed
@pytest.mark.may_skip
async def test_the_speed_is_heard() -> None:
    slow, fast = [len(await all_of(EspeakVoice(speed=speed).speak("请问有什么可以帮您"))) for speed in (0.8, 1.5)]
    assert slow > 1.4 * fast


@installed
@pytest.mark.may_skip
async def test_installed_is_ready() -> None:
    assert await EspeakVoice().ready()


async def test_nothing_to_say_is_silence() -> None:
    assert await all_of(EspeakVoice(program="no-such-program").speak("。…")) == b""


async def test_without_the_program_it_is_neither_ready_nor_available() -> None:
    voice = EspeakVoice(program="no-such-program")
    assert not await voice.ready()
    with pytest.raises(SpeechUnavailable):
        await all_of(voice.speak("您好"))


def _program(folder: Path, script: str) -> str:
    file = folder / "espeak"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("script", "reason"),
    [("exit 3", "exit_3"), ("cat >/dev/null", "no_sound"), ("cat >/dev/null; printf RIFF", "wav_header")],
)
async def test_a_program_that_fails_is_unavailable(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(SpeechUnavailable, match=reason):
        await all_of(EspeakVoice(program=_program(tmp_path, script)).speak("您好"))


async def test_the_text_is_no_argument_that_others_could_read(tmp_path: Path) -> None:
    program = _program(tmp_path, f'echo "$@" >{tmp_path}/arguments; cat >{tmp_path}/input')
    with pytest.raises(SpeechUnavailable):
        await all_of(EspeakVoice(program=program).speak("您好"))
    assert (tmp_path / "arguments").read_text() == "-v cmn-latn-pinyin+f3 -s 160 --stdin --stdout\n"
    assert (tmp_path / "input").read_text() == "nin2 hao3"


async def test_a_program_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "LIMIT_SECONDS", 0.5)
    program = _program(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 600")
    with pytest.raises(SpeechUnavailable, match="late"):
        await all_of(EspeakVoice(program=program).speak("您好"))
    assert not _lives(tmp_path)


async def test_who_stops_listening_stops_the_program(tmp_path: Path) -> None:
    program = _program(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 600")
    speaking = asyncio.create_task(all_of(EspeakVoice(program=program).speak("您好")))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        await asyncio.sleep(0.01)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert not _lives(tmp_path)


def _lives(folder: Path) -> bool:
    return Path(f"/proc/{(folder / 'pid').read_text().strip()}").exists()
