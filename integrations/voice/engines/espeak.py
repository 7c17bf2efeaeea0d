"""The smallest voice: espeak-ng, fed with pinyin. It sounds like a machine and needs 50 ms a sentence.

``-v cmn`` reads most characters as English letters, so the characters are turned into toned pinyin here.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator

from pypinyin import Style, lazy_pinyin

from integrations.voice.engines.resample import NoSound, TelephoneSound
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.speech import SpeechUnavailable

PROGRAM = "espeak-ng"
LANGUAGE = "cmn-latn-pinyin"
WORDS_A_MINUTE = 160
"""A little slower than its ordinary 175: heard for the first time, over a telephone."""
SPEAKERS = {"female": "+f3", "male": "+m3"}
LIMIT_SECONDS = 5.0
RATE = 22_050
PIECE_BYTES = SAMPLE_RATE * SAMPLE_BYTES // 5
"""0.2 s."""
_MARKS = str.maketrans("，。！？：；、", ",.!?:;,")
_HEARD_MARKS = frozenset(",.!?:;")


class EspeakVoice:
    """Speaks with espeak-ng, a process each text.

    Args:
        name: ``female``, ``male`` or anything else for its own voice.
        speed: 1 is its ordinary speed.
        program: the binary's name or path.
    """

    def __init__(self, name: str = "female", speed: float = 1.0, program: str = PROGRAM) -> None:
        self._program = program
        self._options = ("-v", LANGUAGE + SPEAKERS.get(name, ""), "-s", str(round(WORDS_A_MINUTE * speed)))

    async def speak(self, text: str) -> AsyncGenerator[bytes]:
        """Say a text, made as a whole; silence for a text without anything to say."""
        spelled = pinyin_of(text)
        if not any(character.isalnum() for character in spelled):
            return
        pcm = _telephone(await self._wav(spelled))
        for at in range(0, len(pcm), PIECE_BYTES):
            yield pcm[at : at + PIECE_BYTES]

    async def ready(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self._program) is not None

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _wav(self, spelled: str) -> bytes:
        """What the program writes; the text goes through a pipe, as arguments can be read by every user."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *self._options,
                "--stdin",
                "--stdout",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise SpeechUnavailable(type(error).__name__) from None
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                sound, _ = await process.communicate(spelled.encode())
        except TimeoutError:
            raise SpeechUnavailable("late") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        if process.returncode:
            raise SpeechUnavailable(f"exit_{process.returncode}")
        return sound


def pinyin_of(text: str) -> str:
    """A text as espeak-ng's pinyin voice reads it: toned syllables, marks, letters; all else is left out."""
    # A tone at once after each syllable, 5 for the light one: without it the voice guesses.
    return " ".join(lazy_pinyin(text, Style.TONE3, errors=_spelled, neutral_tone_with_five=True))


def _spelled(others: str) -> str:
    """What is no Chinese character, one by one."""
    readable = others.translate(_MARKS)
    return " ".join(sign for sign in readable if sign in _HEARD_MARKS or (sign.isascii() and sign.isalnum()))


def _telephone(wav: bytes) -> bytes:
    sound = TelephoneSound(RATE)
    try:
        pcm = sound.feed(wav) + sound.end()
    except NoSound as reason:
        raise SpeechUnavailable(str(reason)) from None
    if not pcm:
        raise SpeechUnavailable("no_sound")
    return pcm
