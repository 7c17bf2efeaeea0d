"""A call with a paper house behind it and a scripted caller before it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from integrations.voice.call.parts import Manners
from integrations.voice.call.session import CallSession, Equipment
from integrations.voice.prompts import Prompts
from property_db.clock import SettableClock
from tests.support.left_tasks import TaskWatch
from tests.support.telephone import LoudnessDetector, Telephone, give_up
from tests.unit.voice.call.desk import PaperOffice


@dataclass
class Call:
    """One call from both sides."""

    caller: Telephone
    office: PaperOffice
    session: CallSession
    prompts: Prompts

    def prompt(self, key: str) -> str:
        """The words of a prompt."""
        return self.prompts.text(key)


Ring = Callable[..., Awaitable[Call]]


@pytest.fixture
async def ring(tmp_path: Path, clock: SettableClock) -> AsyncIterator[Ring]:
    """Call; the greeting is heard out unless the test wants to be there."""
    calls: list[Call] = []
    watch = TaskWatch()

    async def one(
        office: PaperOffice | None = None,
        *,
        recogniser: bool = True,
        voice: bool = True,
        longest_seconds: float = 1800.0,
        through_greeting: bool = True,
    ) -> Call:
        caller, office = Telephone(), office or PaperOffice()
        caller.recogniser.works = recogniser
        caller.voice.works = voice
        prompts = Prompts(tmp_path)
        equipment = Equipment(
            recogniser=caller.recogniser,
            voices=[caller.voice],
            detector=LoudnessDetector,
            prompts=prompts,
            read=lambda text: text,
            clock=clock,
            manners=Manners(company="翠湖物业", longest_seconds=longest_seconds),
            pace=caller.pace,
        )
        session = CallSession(caller.line, office, equipment)

        async def run(_: object) -> None:
            await session.run()

        with watch.watching():
            caller.calls(run)
        call = Call(caller, office, session, prompts)
        calls.append(call)
        if through_greeting:
            await caller.listens()
            caller.forgets()
        return call

    yield one
    for call in calls:
        await give_up(call.caller)
        assert call.caller.recogniser.open == 0, "an utterance was left open"
    await asyncio.sleep(0)
    assert watch.left() == [], "the call left tasks behind"
