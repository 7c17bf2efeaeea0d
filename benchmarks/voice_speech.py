"""Synthetic residents over a telephone line, what our recogniser makes of them, and how far that is from what was said.

Sound is rendered once and kept; the line (300 to 3400 Hz, noise, µ-law) is put over it each time, the same each time.
"""

import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pypinyin import lazy_pinyin

from benchmarks.voice_steps import Step
from integrations.cli.engine import understanding
from integrations.cli.metrics import contract_name, ranking_of
from property_db.clock import Clock
from tests.support.speech_process import SpeechProcess

VOICE_RATE, LINE_RATE = 24_000, 8_000
BAND = (300.0, 3400.0)
EDGE_HERTZ = 120.0
LEVEL = 0.05
"""26 dB below full scale, where networks keep speech."""
BABBLE_TALKERS = 6
AROUND_SECONDS = 0.3
MU = 255.0
SPEAKERS = ("female", "male")
DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One validation message: what is said, what it is for, what an earlier recogniser heard of it."""

    said: str
    intent: str
    heard: str


def messages(file: Path) -> list[Line]:
    """The spoken validation messages, in an order that has nothing to do with their subject."""
    rows = [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines() if row.strip()]
    lines = [Line(row["said"], row["intent"], row["text"]) for row in rows if row.get("style") != "typed"]
    return sorted(lines, key=lambda line: zlib.crc32(line.said.encode()))


def sentences(lines: Sequence[Line], count: int) -> list[Line]:
    """Of a length that people speak in one breath, without figures, which may be written in more than one way."""
    plain = [line for line in lines if 5 <= len(line.said) <= 26 and not re.search(r"[0-9A-Za-z]", line.said)]
    return plain[:count]


# --- sound ------------------------------------------------------------------------------------------------------------


class Speakers:
    """Says texts; what was said once is kept.

    Args:
        folder: where it is kept, from run to run.
    """

    def __init__(self, speech: SpeechProcess, folder: Path) -> None:
        self._speech = speech
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def say(self, text: str, speaker: str) -> Samples:
        """The text at 24 kHz, -1 to 1."""
        file = self._folder / f"{speaker}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.pcm"
        if not file.exists():
            file.write_bytes(await self._speech.say(text, speaker, VOICE_RATE))
        return np.frombuffer(file.read_bytes(), dtype="<i2") / 32768.0

    async def on_the_line(self, text: str, speaker: str, noise_db: float | None) -> bytes:
        """As it arrives: 8 kHz, 16 bit."""
        said = await self.say(text, speaker)
        return to_pcm(over_the_line(said, noise_db, zlib.crc32(text.encode())))


def over_the_line(speech: Samples, noise_db: float | None, seed: int) -> Samples:
    """24 kHz in, 8 kHz out, with .3 s before and after it.

    Args:
        noise_db: how far the noise of people talking is below the speech; None for a clean line.
    """
    quiet = np.zeros(int(AROUND_SECONDS * VOICE_RATE))
    padded = np.concatenate([quiet, speech, quiet])
    padded = padded[: len(padded) // 3 * 3]
    count = len(padded) // 3
    spectrum = np.fft.rfft(padded)[: count // 2 + 1] / 3.0
    passed = np.fft.irfft(spectrum * _band(count), count)
    active = np.abs(passed) > 0.1 * np.max(np.abs(passed), initial=1e-9)
    passed *= LEVEL / max(float(np.sqrt(np.mean(passed[active] ** 2))) if active.any() else 0.0, 1e-6)
    if noise_db is not None:
        passed = passed + LEVEL * 10 ** (-noise_db / 20) * babble(count, np.random.default_rng(seed))
    clipped = np.clip(passed, -1.0, 1.0)
    code = np.round(np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log1p(MU) * 127.0) / 127.0
    return np.asarray(np.sign(code) * np.expm1(np.abs(code) * np.log1p(MU)) / MU)


def babble(count: int, random: np.random.Generator) -> Samples:
    """8 kHz noise with the spectrum and the rhythm of people talking, root mean square 1."""
    frequencies = np.fft.rfftfreq(count, 1 / LINE_RATE)
    slope = (np.maximum(frequencies, 100.0) / 100.0) ** -0.8 * _band(count)
    syllables = frequencies < 5.0
    sound = np.zeros(count)
    for _ in range(BABBLE_TALKERS):
        voice = np.fft.irfft(np.fft.rfft(random.standard_normal(count)) * slope, count)
        rhythm = np.abs(np.fft.irfft(np.fft.rfft(random.standard_normal(count)) * syllables, count))
        sound += voice * rhythm
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9))


def _band(count: int) -> Samples:
    frequencies = np.fft.rfftfreq(count, 1 / LINE_RATE)
    low, high = ((frequencies - BAND[0]) / EDGE_HERTZ, (BAND[1] - frequencies) / EDGE_HERTZ)
    return np.asarray(1 / (1 + np.exp(-4 * low)) / (1 + np.exp(-4 * high)))


def to_pcm(samples: Samples) -> bytes:
    """16 bit."""
    return bytes((np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())


# --- errors -----------------------------------------------------------------------------------------------------------


def plainly(text: str) -> str:
    """Without punctuation and spaces, digits as they are read one by one."""
    text = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).lower()
    return "".join(DIGITS.get(sign, sign) for sign in text)


def distance(wanted: Sequence[str], got: Sequence[str]) -> int:
    """How many signs have to be changed, put in or left out."""
    row = list(range(len(got) + 1))
    for number, one in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(got, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (one != other))
    return row[-1]


async def errors(
    speech: SpeechProcess, speakers: Speakers, lines: Sequence[Line], noise_db: float
) -> list[dict[str, Any]]:
    """Character and toneless-pinyin error of every speaker, clean and noisy."""
    return [
        await _errors(speech, speakers, lines, speaker, noise) for speaker in SPEAKERS for noise in (None, noise_db)
    ]


async def _errors(
    speech: SpeechProcess, speakers: Speakers, lines: Sequence[Line], speaker: str, noise: float | None
) -> dict[str, Any]:
    signs = sign_errors = syllables = syllable_errors = refused = 0
    for line in lines:
        text = await speech.hear(await speakers.on_the_line(line.said, speaker, noise))
        wanted, got = plainly(line.said), plainly(text)
        signs += len(wanted)
        sign_errors += distance(wanted, got)
        said = lazy_pinyin(wanted)
        syllables += len(said)
        syllable_errors += distance(said, lazy_pinyin(got))
        refused += not got
    return {
        "speaker": speaker,
        "line": "clean" if noise is None else f"babble {noise:g} dB",
        "sentences": len(lines),
        "character_error": round(sign_errors / signs, 3),
        "pinyin_error": round(syllable_errors / syllables, 3),
        "refused": refused,
    }


# --- understanding ----------------------------------------------------------------------------------------------------

TYPED = "every syllable heard"


async def ways(
    speech: SpeechProcess, speakers: Speakers, lines: Sequence[Line], noise_db: float
) -> dict[str, list[str]]:
    """The texts that came out of the lines: of what was said, of what was heard once, of what we hear now."""
    found = {TYPED: [line.said for line in lines], "as the file has it": [line.heard for line in lines]}
    for way, noise in (("spoken, clean", None), (f"spoken, babble {noise_db:g} dB", noise_db)):
        found[way] = [
            await speech.hear(await speakers.on_the_line(line.said, SPEAKERS[number % len(SPEAKERS)], noise))
            for number, line in enumerate(lines)
        ]
    return found


def rankings(texts: Sequence[str], data_dir: Path) -> list[tuple[str, ...]]:
    """The intents of each text, the likeliest first; none where nothing was heard."""
    with understanding(data_dir, Clock().now().isoformat()) as understand:
        return [ranking_of(understand(text)) if text else () for text in texts]


def intents(
    lines: Sequence[Line], heard: dict[str, list[str]], steps: dict[str, list[Step | None]], data_dir: Path
) -> list[dict[str, Any]]:
    """How many intents come out right, and how many with the next step that a message heard right is followed by."""
    rows = []
    for way, texts in heard.items():
        right = firsts = both = 0
        for line, ranking, step, wanted in zip(lines, rankings(texts, data_dir), steps[way], steps[TYPED], strict=True):
            good = bool(ranking) and ranking[0] == contract_name(line.intent)
            right += good
            firsts += contract_name(line.intent) in ranking[:3]
            both += good and step == wanted
        shares = {"intent_right": right, "among_three": firsts, "intent_and_step_right": both}
        share = {name: round(count / len(lines), 3) for name, count in shares.items()}
        rows.append({"way": way, "messages": len(lines), **share, "nothing_heard": sum(not text for text in texts)})
    return rows
