"""Who may do what with the hotline: agents see the calls, supervisors run it, administrators change what it says."""

from typing import Annotated

from fastapi import Depends

from integrations.desk.auth import AtDesk, current_agent, writing_agent
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services, services_of
from property_db.handoff.models import Agent, AgentRole

SUPERVISORS = frozenset({AgentRole.SUPERVISOR, AgentRole.ADMIN})

ServicesDep = Annotated[Services, Depends(services_of)]
Reading = Annotated[AtDesk, Depends(current_agent)]
Writing = Annotated[AtDesk, Depends(writing_agent)]


def supervises(agent: Agent) -> bool:
    """Whether the agent looks after the others."""
    return agent.role in SUPERVISORS


async def _reading_supervisor(at_desk: Reading) -> AtDesk:
    if not supervises(at_desk.agent):
        raise ApiError(403, "supervisors_only")
    return at_desk


async def _writing_supervisor(at_desk: Writing) -> AtDesk:
    return await _reading_supervisor(at_desk)


async def _writing_admin(at_desk: Writing) -> AtDesk:
    if at_desk.agent.role is not AgentRole.ADMIN:
        raise ApiError(403, "admins_only")
    return at_desk


SupervisorReading = Annotated[AtDesk, Depends(_reading_supervisor)]
SupervisorWriting = Annotated[AtDesk, Depends(_writing_supervisor)]
AdminWriting = Annotated[AtDesk, Depends(_writing_admin)]
