"""The engines of this process and what they are doing: loading, working, or not there."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import structlog

from integrations.speech.ears import Ears, RecogniserEngine
from integrations.speech.speaker import Speaker, VoiceEngine
from integrations.speech.store import Store
from integrations.speech.turns import Turns
from integrations.speech.weights import Weights

State = Literal["loading", "ok", "down"]
VOICE_THREADS = 2
"""For one clause; on two busy cores .8 of real time instead of 1.2 with one."""
RECOGNISER_THREADS = 1
"""For one utterance; a second one gains nothing (.52 s either way), so two callers are heard at once instead."""

log = structlog.get_logger()


class Load(Protocol):
    """Loads the engines; each call takes seconds and may raise anything."""

    def recogniser(self, places: int) -> RecogniserEngine:
        """The recogniser, for so many utterances at once."""
        ...

    def voice(self) -> VoiceEngine:
        """The voice."""
        ...


@dataclass
class EngineStates:
    """What `/health` tells."""

    recogniser: State = "loading"
    voice: State = "loading"


class Service:
    """Both engines with their turns.

    Args:
        store: for what was spoken.
        cores: of this machine.
    """

    def __init__(self, store: Store, cores: int | None = None) -> None:
        cores = cores or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._places = max(1, cores // RECOGNISER_THREADS)
        self.states = EngineStates()
        self.ears = Ears(Turns(self._places))
        self.speaker = Speaker(store, Turns(max(1, cores // VOICE_THREADS)), self.ears.turns)
        self._working: asyncio.Task[None] | None = None

    def start(self, load: Load) -> None:
        """Load the engines in threads; returns at once."""
        self._working = asyncio.create_task(self._work(load))

    async def close(self) -> None:
        """Stop what is going on."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait({self._working})
        await self.speaker.close()
        self.ears.turns.close()
        self.speaker.turns.close()

    async def _work(self, load: Load) -> None:
        # One after the other: on two cores that is as fast, and the caller is understood before anything else.
        self.ears.engine = await _attempt("recogniser", lambda: load.recogniser(self._places))
        self.states.recogniser = "down" if self.ears.engine is None else "ok"
        self.speaker.engine = await _attempt("voice", load.voice)
        self.states.voice = "down" if self.speaker.engine is None else "ok"
        if self.speaker.engine is not None:
            await self.speaker.render_prompts()


async def _attempt[Engine](name: str, load: Callable[[], Engine]) -> Engine | None:
    began = asyncio.get_running_loop().time()
    try:
        engine = await asyncio.to_thread(load)
    except Exception as error:  # whatever is wrong with one engine, the other may work
        log.error("speech.engine_missing", engine=name, kind=type(error).__name__, reason=str(error))
        return None
    log.info("speech.engine_loaded", engine=name, seconds=round(asyncio.get_running_loop().time() - began, 1))
    return engine


class LoadEngines:
    """The real ones.

    Args:
        weights: their files.
        folder: for what they keep.
    """

    def __init__(self, weights: Weights, folder: Path) -> None:
        self._weights = weights
        self._folder = folder

    def recogniser(self, places: int) -> RecogniserEngine:
        """Whisper."""
        from integrations.speech.whisper import Whisper

        return Whisper(self._weights, RECOGNISER_THREADS, places)

    def voice(self) -> VoiceEngine:
        """Kokoro, with its first words behind it: they take twice as long as the next."""
        from integrations.speech.kokoro import Kokoro

        engine = Kokoro(self._weights, VOICE_THREADS, self._folder)
        engine.speak("您好。", "female", 1.0)
        return engine


async def watch_memory(
    limit_mb: int, exceeded: Callable[[], None], every: float = 5.0, held: Callable[[], int] | None = None
) -> None:
    """Call `exceeded` once this process holds more than so much memory: the engines' libraries may leak.

    A limit of the address space (`RLIMIT_AS`) would count what they map and never touch.
    """
    held = held or memory_mb
    while True:
        if (now := held()) > limit_mb:
            log.error("speech.memory_exceeded", memory_mb=now, limit_mb=limit_mb)
            exceeded()
            return
        await asyncio.sleep(every)


def memory_mb() -> int:
    """What this process holds in memory now; 0 where the machine does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // (1 << 20)
    return 0
