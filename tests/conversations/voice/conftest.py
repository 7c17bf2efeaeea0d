"""The hotline of the live server, and people who call it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from integrations.voice.hotline import Switchboard
from property_db.tickets.models import Ticket, TicketState
from tests.conversations.voice.facts import ROOMS
from tests.support.live import LI, WANG
from tests.support.stack import Server
from tests.support.voice_actor import Caller

ENDED = (TicketState.CLOSED, TicketState.CANCELLED, TicketState.REJECTED)
CallUp = Callable[..., Awaitable[Caller]]


@pytest.fixture
def switchboard(server: Server) -> Switchboard:
    """The switchboard of the live server, left as it was found."""
    assert server.services.hotline is not None
    return server.services.hotline


@pytest.fixture(autouse=True)
async def nothing_filed_by_others(server: Server) -> None:
    """What other conversations have filed in the same homes is done: otherwise a caller is asked whether it is that."""
    async with server.services.database.transaction() as session:
        filed = Ticket.conversation_id.is_not(None) & Ticket.state.not_in(ENDED)
        await session.execute(update(Ticket).where(filed).values(state=TicketState.CANCELLED))


@pytest.fixture
async def call(server: Server, switchboard: Switchboard) -> AsyncIterator[CallUp]:
    """Let somebody call; in the end every call is over, in the rows and in the process."""
    equipment, settings = switchboard.equipment, switchboard.settings
    callers: list[Caller] = []

    async def one(
        number: str | None = None,
        *,
        trusted: bool = False,
        recogniser: bool = True,
        voice: bool = True,
        hears_greeting: bool = True,
        **more: Any,
    ) -> Caller:
        switchboard.settings = settings.model_copy(update={"trust_caller_number": trusted})
        caller = Caller(server, number, **more)
        caller.recogniser.works, caller.voice.works = recogniser, voice
        callers.append(caller)
        return await caller.rings(hears_greeting=hears_greeting)

    try:
        yield one
        for caller in callers:
            await caller.checks_out()
    finally:
        for caller in callers:
            caller.line.caller_hangs_up()
        switchboard.equipment, switchboard.settings = equipment, settings


@pytest.fixture
async def caller(call: CallUp) -> Caller:
    """Somebody whose number is withheld, the greeting over."""
    return await call()


@pytest.fixture
async def wang_calls(call: CallUp) -> Caller:
    """王建国 from his own telephone, whose room number is confirmed; he owes something."""
    return await verified(call, WANG)


@pytest.fixture
async def li_calls(call: CallUp) -> Caller:
    """李秀英 from her own telephone, whose room number is confirmed; she owes nothing."""
    return await verified(call, LI)


async def verified(call: CallUp, phone: str) -> Caller:
    """Call from a known telephone and confirm the home."""
    caller = await call(phone, trusted=True)
    assert "已经核对" in await caller.keys(f"{ROOMS[phone]}#")
    return caller
