"""Calls given to agents' telephones, by the exchange (``refer``) or through us (``bridge``).

An agent without a telephone types; so does everybody while no call can be placed. A telephone that is busy or not
answered gives the caller back to the queue, where somebody else takes them; an agent who is on the telephone takes no
second call on it. When the agent hangs up first, the conversation is closed as at the desk and the caller asked for
stars; when it is given back or closed at the desk, the telephone is hung up and the caller stays here.
"""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from integrations.voice.call.office import Standing
from integrations.voice.call.playing import Sentence
from integrations.voice.handover.bridge import Bridge
from integrations.voice.handover.dialling import dial, refuse_abroad
from integrations.voice.handover.house import Dropped, House
from integrations.voice.handover.sounds import ringing
from integrations.voice.hotline import RunningCall, Switchboard
from integrations.voice.line import Line, LineGone, NotReached, TransferRefused
from property_db.errors import DomainError

log = structlog.get_logger()

LOOK_SECONDS = 0.2
ENDING_SECONDS = 5.0
PRESENT_SECONDS = 45.0
"""Below the two minutes after which a silent desk is taken off duty."""


class PhoneHandover:
    """An :class:`integrations.voice.hotline.Handover`.

    Attributes:
        on_phone: agents who are on the telephone, or whose telephone rings, through this process.
    """

    def __init__(self, switchboard: Switchboard, house: House) -> None:
        self._switchboard = switchboard
        self._house = house
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._talking: set[str] = set()
        self.on_phone: set[int] = set()

    def stands(self, call: RunningCall, standing: Standing) -> None:
        """See :class:`Handover`."""
        agent_id = standing.agent_id if standing.owner == "human" else None
        taken_away = standing.owner == "waiting" or standing.call_back
        if agent_id == call.handed_to or (taken_away and call.public_id in self._talking):
            return  # the desk of an agent may be closed while they speak; that cuts nobody off
        call.handed_to = agent_id
        tasks = self._tasks.setdefault(call.public_id, set())
        for earlier in tasks:
            earlier.cancel()
        if agent_id is not None:
            task = asyncio.create_task(self._hand(call, agent_id, set(tasks)), name="voice.handover")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def ended(self, call: RunningCall) -> None:
        """See :class:`Handover`."""
        tasks = self._tasks.pop(call.public_id, set())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ENDING_SECONDS)

    async def connect(self, call: RunningCall, agent_id: int) -> None:
        """Give the call to the agent's telephone, if they have one; returns when it is over there, or was not taken."""
        number = await self._house.number_of(agent_id)
        by_exchange = self._switchboard.settings.transfer == "refer" and call.line.can_transfer
        if number is None or not (by_exchange or self._switchboard.exchange):
            return
        if agent_id in self.on_phone:
            await self._drop(call, agent_id, "on_phone")
            return
        self.on_phone.add(agent_id)
        try:
            context = await self._house.context(call.public_id, call.office.conversation_id)
            if call.session.dialogue.voicemail is not None:
                call.session.dialogue.leave_voicemail()  # a person is better than a message for one
            if by_exchange:
                await self._refer(call, agent_id, number, context.headers())
            else:
                await self._bridge(call, agent_id, number, context.headers())
        finally:
            self.on_phone.discard(agent_id)
            if call.session.ended not in (None, "transferred"):
                await self._close(call, agent_id, caller_listens=False)

    async def _hand(self, call: RunningCall, agent_id: int, earlier: set[asyncio.Task[None]]) -> None:
        if earlier:
            await asyncio.wait(earlier)
        try:
            await self.connect(call, agent_id)
        except LineGone:
            pass
        except Exception as error:  # the agent still has the desk
            log.exception("voice.handover_failed", call=call.public_id, error=type(error).__name__)

    async def _refer(self, call: RunningCall, agent_id: int, number: str, headers: dict[str, str]) -> None:
        try:
            refuse_abroad(self._switchboard, number)
        except NotReached:
            await self._note_unreachable(call, agent_id)
            return
        parts = call.session.dialogue.parts
        parts.mouth.say([parts.prompt("connecting")])
        await parts.mouth.quiet()  # from here on the exchange decides what the caller hears
        try:
            await call.line.transfer(number, headers)
        except TransferRefused as reason:
            log.info("voice.transfer_refused", call=call.public_id, reason=str(reason))
            await self._drop(call, agent_id, "refused")
            return
        log.info("voice.transferred", call=call.public_id, agent=agent_id)

    async def _bridge(self, call: RunningCall, agent_id: int, number: str, headers: dict[str, str]) -> None:
        try:
            agent = await self._ring(call, number, headers)
        except NotReached as missed:
            log.info("voice.agent_not_reached", call=call.public_id, agent=agent_id, reason=missed.reason)
            if missed.reason == "unreachable" or missed.reason == "not_configured":
                # Nobody's telephone works: the next agent would be no better off, and this one can type.
                await self._note_unreachable(call, agent_id)
                return
            call.session.dialogue.parts.mouth.cut()  # it does not ring any more
            await self._drop(call, agent_id, missed.reason)
            return
        log.info("voice.bridged", call=call.public_id, agent=agent_id)
        present = asyncio.create_task(self._show_presence(call, agent_id), name="voice.presence")
        self._talking.add(call.public_id)
        try:
            first = await Bridge(call.session, agent).run()
        finally:
            self._talking.discard(call.public_id)
            present.cancel()
            await agent.hang_up()
        if first == "agent":
            await self._close(call, agent_id, caller_listens=True)
            call.session.conversation_changed()  # where it was the agent's no more, the caller waits for somebody else

    async def _show_presence(self, call: RunningCall, agent_id: int) -> None:
        """Who is on the telephone is there, whatever their browser does meanwhile; until cancelled."""
        while True:
            try:
                await self._house.seen(agent_id)
            except (SQLAlchemyError, DomainError) as error:
                log.error("voice.presence_failed", agent=agent_id, error=type(error).__name__)
            await call.session.dialogue.parts.pace.sleep(PRESENT_SECONDS)

    async def _ring(self, call: RunningCall, number: str, headers: dict[str, str]) -> Line:
        waiting = asyncio.create_task(_keep_company(call), name="voice.ringing")
        try:
            return await dial(self._switchboard, number, headers, self._switchboard.settings.agent_ring_seconds)
        finally:
            waiting.cancel()

    async def _drop(self, call: RunningCall, agent_id: int, why: Dropped) -> None:
        conversation_id = call.office.conversation_id
        if conversation_id is None:
            return
        await self._house.requeue(conversation_id, agent_id, why)
        if call.handed_to == agent_id:
            call.handed_to = None  # the same agent may take it again
        call.session.conversation_changed()

    async def _note_unreachable(self, call: RunningCall, agent_id: int) -> None:
        if call.office.conversation_id is not None:
            await self._house.note(call.office.conversation_id, agent_id, "unreachable")

    async def _close(self, call: RunningCall, agent_id: int, *, caller_listens: bool) -> None:
        if call.office.conversation_id is not None:
            await self._house.close(call.office.conversation_id, agent_id, caller_listens=caller_listens)


async def _keep_company(call: RunningCall) -> None:
    """Say what happens, then let the caller hear that it rings, until cancelled."""
    parts = call.session.dialogue.parts
    parts.mouth.say([parts.prompt("connecting")])
    while True:
        await parts.pace.sleep(LOOK_SECONDS)
        if not parts.mouth.busy and not parts.ear.speaking:
            parts.mouth.say([Sentence("", recording=ringing())])
