"""Agents: their accounts, sessions and presence."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.handoff import repository
from property_db.handoff.errors import PasswordTooShort, SessionExpired, SignInRefused, UsernameTaken
from property_db.handoff.models import Agent, AgentRole, AgentSession, AgentStatus
from property_db.handoff.passwords import MIN_LENGTH, hash_password, verify_password

SESSION_LIVES = timedelta(hours=12)
"""A shift with its overtime; longer and a forgotten browser stays open over night."""
SILENT_AFTER = timedelta(seconds=120)
"""A desk that has not been heard of for so long is not there, whatever its status says."""
GONE_AFTER = timedelta(minutes=5)
"""An agent whose desk is silent for longer does not come back: whoever they hold waits for somebody else."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new browser session; `token` goes into the cookie and is kept nowhere."""

    agent: Agent
    token: str
    csrf: str
    expires_at: datetime


async def create_agent(
    session: AsyncSession,
    username: str,
    display_name: str,
    password: str,
    role: AgentRole = AgentRole.AGENT,
    max_active: int = 5,
) -> Agent:
    """Open an account at the desk.

    Raises:
        UsernameTaken: there is one with this user name.
        PasswordTooShort: fewer than eight characters.
    """
    if len(password) < MIN_LENGTH:
        raise PasswordTooShort(length=MIN_LENGTH)
    if await repository.agent_named(session, username) is not None:
        raise UsernameTaken
    agent = Agent(
        username=username,
        display_name=display_name,
        password_hash=await hash_password(password),
        role=role,
        max_active=max_active,
    )
    session.add(agent)
    await session.flush()
    return agent


async def all_agents(session: AsyncSession) -> list[Agent]:
    """Return all accounts at the desk, by user name."""
    return await repository.all_agents(session)


async def set_password(session: AsyncSession, username: str, password: str) -> bool:
    """Give an account a new password and end its browser sessions; False if there is no such account.

    Raises:
        PasswordTooShort: fewer than eight characters.
    """
    if len(password) < MIN_LENGTH:
        raise PasswordTooShort(length=MIN_LENGTH)
    agent = await repository.agent_named(session, username)
    if agent is None:
        return False
    agent.password_hash = await hash_password(password)
    await session.execute(
        delete(AgentSession).where(AgentSession.agent_id == agent.id), execution_options={"synchronize_session": False}
    )
    await session.flush()
    return True


async def sign_in(session: AsyncSession, username: str, password: str, clock: Clock) -> SignedIn:
    """Open a browser session and set the agent online, all in one transaction.

    The desk takes the three steps one by one, so that nobody waits for a hash to write.

    Raises:
        SignInRefused: unknown user or wrong password. Limiting the tries is the gateway's, which knows the address.
    """
    password_hash = await password_hash_of(session, username)
    if not await verify_password(password_hash, password) or password_hash is None:
        raise SignInRefused
    return await open_session(session, username, password_hash, clock)


async def password_hash_of(session: AsyncSession, username: str) -> str | None:
    """Return what to verify a password against (`verify_password`), or None for an unknown user."""
    agent = await repository.agent_named(session, username)
    return None if agent is None else agent.password_hash


async def open_session(session: AsyncSession, username: str, password_hash: str, clock: Clock) -> SignedIn:
    """Open a browser session for whom a password was verified against `password_hash`; set the agent online.

    Raises:
        SignInRefused: the password was changed, or the account closed, since the hash was read.
    """
    agent = await repository.agent_named(session, username)
    if agent is None or agent.password_hash != password_hash:
        raise SignInRefused
    token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), clock.now()
    await session.execute(
        delete(AgentSession).where(AgentSession.expires_at <= now), execution_options={"synchronize_session": False}
    )
    session.add(
        AgentSession(
            token_hash=_hash(token), agent_id=agent.id, csrf=csrf, expires_at=now + SESSION_LIVES, created_at=now
        )
    )
    agent.status, agent.last_seen_at = AgentStatus.ONLINE, now
    await session.flush()
    return SignedIn(agent, token, csrf, now + SESSION_LIVES)


async def agent_of_token(session: AsyncSession, token: str, clock: Clock) -> tuple[Agent, AgentSession]:
    """Return who a cookie stands for, and the session with its CSRF token.

    Raises:
        SessionExpired: it stands for nobody any more.
    """
    found = await repository.session_of(session, _hash(token))
    if found is None or found.expires_at <= clock.now():
        raise SessionExpired
    return found.agent, found


async def sign_out(session: AsyncSession, token: str) -> None:
    """End a browser session and set the agent offline; one that is over already is no error."""
    found = await repository.session_of(session, _hash(token))
    if found is not None:
        found.agent.status = AgentStatus.OFFLINE
        await session.delete(found)
        await session.flush()


async def set_status(session: AsyncSession, agent_id: int, status: AgentStatus, clock: Clock) -> Agent:
    """Set whether an agent takes conversations.

    Raises:
        SessionExpired: there is no such agent any more.
    """
    agent = await repository.agent(session, agent_id)
    if agent is None:
        raise SessionExpired
    agent.status, agent.last_seen_at = status, clock.now()
    await session.flush()
    return agent


async def seen(session: AsyncSession, agent_id: int, clock: Clock) -> None:
    """Note a sign of life of an agent's desk; called with the heartbeat."""
    agent = await repository.agent(session, agent_id)
    if agent is not None:
        agent.last_seen_at = clock.now()
        await session.flush()


async def sweep_silent(session: AsyncSession, clock: Clock) -> list[int]:
    """Set agents offline whose desk has been silent for two minutes; returns their ids. Called by a timer."""
    return await repository.silence(session, clock.now() - SILENT_AFTER)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
