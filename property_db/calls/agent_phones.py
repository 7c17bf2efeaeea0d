"""The telephones calls are given to: one for each agent who has one."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.calls import repository
from property_db.calls.models import AgentPhone
from property_db.calls.numbers import dialable
from property_db.clock import Clock
from property_db.people.masking import mask_phone
from property_db.upsert import insert_for


async def set(  # noqa: A001 - read as `agent_phones.set`
    session: AsyncSession, agent_id: int, number: str | None, clock: Clock
) -> AgentPhone | None:
    """Give an agent a telephone, or with None take it away.

    Raises:
        NumberInvalid: nothing that can be dialled.
    """
    actor = f"agent:{agent_id}"
    if number is None:
        await session.execute(
            delete(AgentPhone).where(AgentPhone.agent_id == agent_id), execution_options={"synchronize_session": False}
        )
        audit.record(session, clock, actor=actor, action="agent_phone.removed", subject=actor)
        return None
    dialled = dialable(number)
    statement = insert_for(session, AgentPhone).values(agent_id=agent_id, number=dialled, created_at=clock.now())
    await session.execute(
        statement.on_conflict_do_update(index_elements=["agent_id"], set_={"number": statement.excluded.number})
    )
    audit.record(session, clock, actor=actor, action="agent_phone.set", subject=actor, number=mask_phone(dialled))
    return await repository.phone_of(session, agent_id)


async def of(session: AsyncSession, agent_id: int) -> str | None:
    """Return an agent's number, or None."""
    phone = await repository.phone_of(session, agent_id)
    return None if phone is None else phone.number


async def all_of(session: AsyncSession) -> dict[int, str]:
    """Return the number of every agent who has one, by the agent's id."""
    rows = await session.execute(select(AgentPhone.agent_id, AgentPhone.number))
    return {row.agent_id: row.number for row in rows}
