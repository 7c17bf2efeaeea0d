"""The telephone: waiting times, recognition, understanding, packets on time.

    .venv/bin/python -m benchmarks.voice [--quick] [--json] [--parts waiting,calls,errors,intents,packets]

`waiting`: from the end of speech to the first sound, stage by stage, one call. `calls`: the same with more and more
calls at once until the p95 of the first sound passes 3 s. `errors`: character and toneless-pinyin error of two
synthetic speakers, clean and noisy. `intents`: how many spoken validation messages are understood, and followed by the
right next step. `packets`: gaps between packets with twenty calls that hear a prompt. Needs the extra `speech`, the
engine's environment, and the spoken validation messages (measured with, never learned from). The figures belong into
docs/performance.md.
"""

import argparse
import asyncio
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks import voice_calls, voice_packets, voice_speech
from benchmarks.voice_speech import Line, Speakers
from benchmarks.voice_steps import Step, steps
from integrations.voice.prompts import Prompts
from tests.support.speech_process import SpeechProcess
from tests.support.voice_stack import open_house

PARTS = ("waiting", "calls", "errors", "intents", "packets")
TOO_LONG_MS = 3000
Rows = list[dict[str, Any]]


async def prepared(given: argparse.Namespace) -> Path:
    """Where everything lies that a hotline has rendered before anybody calls; rendered once and kept.

    Beside it nothing is kept of what our side says: an answer is new in every run, as it is to most callers.
    """
    folder: Path = given.keep / ("some-prompts" if given.quick else "prompts")
    speech = SpeechProcess(folder, prompts=not given.quick)
    speech.start()
    try:
        await speech.loaded()
        await speech.rendered_prompts()
        if given.quick:
            for key in ("recording_notice", "how_to", "opener", "one_moment", "not_heard"):
                await speech.say(Prompts(folder).text(key), "female")
    finally:
        speech.kill()
    return folder / "speech" / "spoken"


async def waiting(lines: list[Line], given: argparse.Namespace) -> dict[str, Rows]:
    """The parts `waiting` and `calls`, in one house."""
    found: dict[str, Rows] = {}
    turns, each, most = (10, 3, 4) if given.quick else (60, 6, 24)
    rendered = await prepared(given)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(rendered, folder / "speech" / "speech" / "spoken")
        voice = {"kind": "guanjia"}
        async with open_house(folder, voice=voice, recogniser={}, most_calls=100) as house:
            speakers = Speakers(house.speech, given.keep)
            short = voice_speech.sentences(lines, len(lines))
            asked = await voice_calls.questions(speakers, short, turns if given.quick else 100)
            if "waiting" in given.parts:
                found["waiting"] = [await voice_calls.waiting_times(house, asked, 1, turns)]
            calls = 2
            while "calls" in given.parts and calls <= most:
                row = await voice_calls.waiting_times(house, asked, calls, each)
                found.setdefault("calls", []).append(row)
                if "first_sound" not in row or row["first_sound"]["p95"] > TOO_LONG_MS:
                    break
                calls += 1 if calls < 4 else 2
    return found


async def hearing(lines: list[Line], given: argparse.Namespace) -> dict[str, Rows]:
    """The parts `errors` and `intents`, with the speech service alone."""
    found: dict[str, Rows] = {}
    with tempfile.TemporaryDirectory() as name:
        speech = SpeechProcess(Path(name))
        speech.start()
        try:
            await speech.loaded()
            speakers = Speakers(speech, given.keep)
            if "errors" in given.parts:
                said = voice_speech.sentences(lines, 10 if given.quick else 100)
                found["errors"] = await voice_speech.errors(speech, speakers, said, given.noise)
            if "intents" in given.parts:
                few = lines[: 30 if given.quick else given.limit]
                heard = await voice_speech.ways(speech, speakers, few, given.noise)
        finally:
            speech.kill()
        if "intents" in given.parts:
            steps = await next_steps(Path(name) / "house", heard)
            found["intents"] = await asyncio.to_thread(voice_speech.intents, few, heard, steps, given.data)
    return found


async def next_steps(folder: Path, heard: dict[str, list[str]]) -> dict[str, list[Step | None]]:
    """What the house does after each text."""
    await asyncio.to_thread(folder.mkdir)
    async with open_house(folder) as house:
        return {way: await steps(house.server, house.engine_url, texts) for way, texts in heard.items()}


async def measure(given: argparse.Namespace) -> dict[str, Rows]:
    """All parts that are wanted."""
    found: dict[str, Rows] = {}
    if {"waiting", "calls", "errors", "intents"} & set(given.parts):
        lines = voice_speech.messages(given.messages)
        if {"waiting", "calls"} & set(given.parts):
            found |= await waiting(lines, given)
        if {"errors", "intents"} & set(given.parts):
            found |= await hearing(lines, given)
    if "packets" in given.parts:
        found["packets"] = [await voice_packets.on_time(20, 15.0 if given.quick else 60.0)]
    return found


def show(found: dict[str, Rows]) -> None:
    """Print a table for each part; times in milliseconds, p50 / p95."""
    console = Console()
    for part, rows in found.items():
        columns = list(dict.fromkeys(name for row in rows for name in row))
        table = Table(*columns, title=part)
        for row in rows:
            table.add_row(*(_cell(row.get(name, "")) for name in columns))
        console.print(table)


def _cell(value: Any) -> str:
    return f"{value['p50']} / {value['p95']}" if isinstance(value, dict) else str(value)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS), metavar="A,B")
    parser.add_argument("--quick", action="store_true", help="about two minutes a part")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--messages", type=Path, default=Path("../shared/validation_spoken.jsonl"))
    parser.add_argument("--limit", type=int, metavar="N", help="only so many messages in `intents`")
    parser.add_argument("--noise", type=float, default=15.0, metavar="DB", help="below the speech")
    parser.add_argument("--data", type=Path, default=Path("data"), help="the data folder with the trained model")
    kept = Path(tempfile.gettempdir()) / "guanjia-voice-benchmark"
    parser.add_argument("--keep", type=Path, default=kept, metavar="FOLDER", help="of what the speakers said")
    given = parser.parse_args()
    if wrong := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(wrong))}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = asyncio.run(measure(given))
    if given.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
