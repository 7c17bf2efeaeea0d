"""What the house does next when it has heard a message: over the whole telephone, up to the first answer.

The right next step is the one that is taken when every syllable was heard. Each message is a call of its own from a
known telephone whose home is confirmed, so that nobody is asked who they are before the step can be seen. Only ears and
voice are scripted: the texts are what a recogniser made of the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from property_db.conversations.models import Direction
from tests.support.live import WANG
from tests.support.stack import Server
from tests.support.voice_actor import Caller

ROOM = "501"
_NO_STEPS = frozenset({"action_listen", "action_session_start", "action_extract_slots"})


@dataclass(frozen=True)
class Step:
    """What followed a message.

    Attributes:
        actions: of the engine, in order.
        asks: what the answer wants to be keyed; `options`, what it offers.
        stage: of the call; `owner`: who has the conversation.
        alarm: the desk was alarmed.
    """

    actions: tuple[str, ...]
    asks: str
    options: tuple[str, ...]
    stage: str
    owner: str
    alarm: bool


async def steps(server: Server, engine_url: str, texts: Sequence[str]) -> list[Step | None]:
    """The step after each text; None where nothing was heard.

    Raises:
        AssertionError: the house does not answer.
    """
    assert server.services.hotline is not None
    switchboard = server.services.hotline
    switchboard.settings = switchboard.settings.model_copy(update={"trust_caller_number": True})
    async with httpx.AsyncClient(base_url=engine_url, trust_env=False) as engine:
        return [await _step(server, engine, text) if text else None for text in texts]


async def _step(server: Server, engine: httpx.AsyncClient, text: str) -> Step:
    caller = await Caller(server, WANG).rings()
    await caller.keys(f"{ROOM}#")
    await caller.asks(text)
    conversation = await caller.conversation()
    actions: tuple[str, ...] = ()
    if conversation is not None and await caller.messages(Direction.IN):
        answer = await engine.get(f"/conversations/{conversation.public_id}/tracker", params={"include_events": "ALL"})
        actions = _actions(answer.raise_for_status().json()["events"])
    offered = tuple(sorted(caller.offered.values()))
    alarm = bool(await caller.alarms())
    step = Step(actions, caller.asked_for, offered, caller.dialogue.stage, caller.dialogue.standing.owner, alarm)
    await caller.checks_out()
    return step


def _actions(events: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What was done after the last message."""
    names: list[str] = []
    for event in events:
        if event["event"] == "user":
            names = []
        elif event["event"] == "action" and event["name"] not in _NO_STEPS:
            names.append(event["name"])
    return tuple(names)
