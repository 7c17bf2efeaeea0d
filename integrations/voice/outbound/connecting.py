"""A call back: the agent's own telephone first, then the resident's, then both connected."""

import asyncio

import structlog

from integrations.gateway.services import Services
from integrations.voice.call.playing import Mouth, Sentence
from integrations.voice.call.session import CallSession
from integrations.voice.handover.bridge import Bridge
from integrations.voice.handover.dialling import dial
from integrations.voice.handover.house import House
from integrations.voice.handover.sounds import ringing
from integrations.voice.hotline import Switchboard
from integrations.voice.line import HungUp, Line, NotReached
from integrations.voice.outbound.call_back import CallBack
from integrations.voice.outbound.placing import OUTCOMES, Placing
from property_db.calls.models import CallOutcome

log = structlog.get_logger()

LOOK_SECONDS = 0.2
Ended = tuple[CallOutcome, int | None]
"""How it ended, and the resident's call, where it came to one."""


class AgentSide:
    """Leads one call back.

    Args:
        agent_id: who wants it.
    """

    def __init__(self, switchboard: Switchboard, house: House, services: Services, agent_id: int) -> None:
        self._switchboard = switchboard
        self._house = house
        self._services = services
        self._agent_id = agent_id

    async def call_back(self, agent_number: str, number: str, conversation_id: int | None) -> Ended:
        """Ring both and connect them; returns when it is over, whoever could not be reached."""
        context = await self._house.context("", conversation_id)
        ring_seconds = self._switchboard.settings.agent_ring_seconds
        try:
            agent = await dial(self._switchboard, agent_number, context.headers(), ring_seconds)
        except NotReached as missed:
            log.info("voice.agent_not_reached", agent=self._agent_id, reason=missed.reason)
            return OUTCOMES[missed.reason], None
        equipment = self._switchboard.equipment
        mouth = Mouth(agent, equipment.voices, equipment.pace)
        try:
            return await self._connect(agent, mouth, number, conversation_id)
        finally:
            await mouth.close()
            await agent.hang_up()

    async def _connect(self, agent: Line, mouth: Mouth, number: str, conversation_id: int | None) -> Ended:
        placing = await Placing.begin(self._switchboard, self._services.database, self._services.clock, number)
        try:
            resident = await self._ring(agent, mouth, placing)
        except NotReached as missed:
            key = f"callback_{missed.reason}" if missed.reason in ("busy", "no_answer") else "callback_failed"
            mouth.cut()
            mouth.say([self._prompt(key)])
            await _said(agent, mouth)
            return OUTCOMES[missed.reason], placing.row.id
        if resident is None:
            return await placing.end(CallOutcome.ABANDONED), placing.row.id
        mouth.cut()
        return await self._talk(agent, resident, placing, conversation_id)

    async def _ring(self, agent: Line, mouth: Mouth, placing: Placing) -> Line | None:
        """The resident's line; None where the agent hung up before.

        Raises:
            NotReached: the resident was not.
        """
        dialling = asyncio.ensure_future(placing.dial())
        leaving = asyncio.ensure_future(_hung_up(agent))
        company = asyncio.ensure_future(self._keep_company(mouth))
        try:
            await asyncio.wait({dialling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if dialling.done():
                return dialling.result()
            return None
        finally:
            for task in (dialling, leaving, company):
                task.cancel()
            done = await asyncio.gather(dialling, leaving, company, return_exceptions=True)
            if leaving.done() and not leaving.cancelled() and not isinstance(done[0], BaseException):
                await done[0].hang_up()  # both in the same moment

    async def _talk(self, agent: Line, resident: Line, placing: Placing, conversation_id: int | None) -> Ended:
        connecting: list[asyncio.Task[None]] = []

        async def script(session: CallSession) -> None:
            session.dialogue = call_back = CallBack(session.dialogue.parts, self._agent_id)
            bridge = self._bridge(agent, session, call_back, placing, conversation_id)
            connecting.append(asyncio.create_task(bridge, name="voice.call_back"))

        try:
            return await placing.talk(resident, script), placing.row.id
        finally:
            for task in connecting:
                task.cancel()
            await asyncio.gather(*connecting, return_exceptions=True)

    async def _bridge(
        self,
        agent: Line,
        session: CallSession,
        call_back: CallBack,
        placing: Placing,
        conversation_id: int | None,
    ) -> None:
        await call_back.connected.wait()
        if conversation_id is not None:
            await placing.belongs_to(conversation_id)
        log.info("voice.called_back", call=placing.row.public_id, agent=self._agent_id)
        first = await Bridge(session, agent).run()
        await agent.hang_up()
        call_back.agent_gone = first == "agent"

    async def _keep_company(self, mouth: Mouth) -> None:
        """Say what happens, then let the agent hear that it rings, until cancelled."""
        mouth.say([self._prompt("callback_dialling")])
        while True:
            await self._switchboard.equipment.pace.sleep(LOOK_SECONDS)
            if not mouth.busy:
                mouth.say([Sentence("", recording=ringing())])

    def _prompt(self, key: str) -> Sentence:
        equipment = self._switchboard.equipment
        return Sentence(equipment.read(equipment.prompts.text(key)), recording=equipment.prompts.sound(key))


async def _hung_up(line: Line) -> None:
    while not isinstance(await line.next_event(), HungUp):
        pass


async def _said(line: Line, mouth: Mouth) -> None:
    """Wait until it is said, or nobody listens any more."""
    tasks = {asyncio.ensure_future(mouth.quiet()), asyncio.ensure_future(_hung_up(line))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
