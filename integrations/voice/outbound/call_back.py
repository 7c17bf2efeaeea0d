"""The resident's side of a call back: connected with an agent; afterwards asked for stars."""

import asyncio

from integrations.voice.call.dialogue import Dialogue
from integrations.voice.call.keypad import MOST_STARS
from integrations.voice.call.parts import Parts
from integrations.voice.call.understanding import Understood
from property_db.calls.models import CallOutcome, CallState


class CallBack(Dialogue):
    """Says nothing until the agent has hung up.

    Attributes:
        connected: set when the resident's line is there.
        agent_gone: the agent has hung up first.
    """

    def __init__(self, parts: Parts, agent_id: int) -> None:
        super().__init__(parts)
        self.connected = asyncio.Event()
        self.agent_gone = False
        self._agent_id = agent_id
        self._rating = False

    async def begin(self) -> None:
        """The resident has answered, and an agent is there."""
        self.stage = "talking"
        self.persons.outcome = CallOutcome.AGENT
        await self.parts.office.moved(CallState.WITH_AGENT, self._agent_id)
        self.connected.set()

    async def tick(self) -> None:
        """Time passes; when the agent has gone: how was it?"""
        if self.agent_gone and not self._rating:
            self._rating = True
            self.floor.heard_of()
            self.saying.ask([self.parts.prompt("rating_ask")])
        elif self._rating or self.stage == "closing":
            await super().tick()

    async def key(self, key: str) -> None:
        """Stars."""
        self.floor.heard_of()
        if not self._rating or self.stage == "closing":
            return
        if not key.isdigit() or not 1 <= int(key) <= MOST_STARS:
            self.saying.say("invalid_key")
            self.saying.repeat()
            return
        await self.parts.office.rated(int(key))
        self.close("outbound_goodbye")

    async def understood(self, said: Understood) -> None:
        """The agent has heard it; this is no message."""

    async def _silence(self) -> None:
        self.close("outbound_goodbye")
