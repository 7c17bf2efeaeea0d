"""Who is at the desk: sign-in, the session cookie, and the token that every write has to carry."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.errors import ApiError
from integrations.gateway.rate_limit import RateLimit
from integrations.gateway.services import Services, services_of
from integrations.gateway.settings import Settings
from property_db.audit import service as audit
from property_db.handoff import service as handoff
from property_db.handoff.agents import SESSION_LIVES
from property_db.handoff.models import Agent
from property_db.handoff.passwords import verify_password

COOKIE = "guanjia_desk"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# Sliding is a write; once in so long is exact enough for twelve hours.
SLIDE_EVERY = timedelta(minutes=10)
FAILURE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class AtDesk:
    """A request's agent, with what the session's cookie and token are."""

    agent: Agent
    token: str
    csrf: str
    expires_at: datetime


class Doorkeeper:
    """Limits guessing: wrong sign-ins are counted, right ones are not.

    They count for the address, for the user name from this address, so that nobody locks a colleague out from
    elsewhere, and more generously for the user name from anywhere, against one who has many addresses.

    One sign-in at a time: argon2 takes 19 MiB and a core each, and attempts in parallel would pass the limit together.
    """

    def __init__(self, per_address: int = 30, per_username_there: int = 10, per_username: int = 100) -> None:
        self._addresses = RateLimit(per_address, FAILURE_SECONDS)
        self._usernames_there = RateLimit(per_username_there, FAILURE_SECONDS)
        self._usernames = RateLimit(per_username, FAILURE_SECONDS)
        self._one = asyncio.Lock()

    async def sign_in(self, services: Services, address: str, username: str, password: str) -> handoff.SignedIn:
        """Open a session.

        Raises:
            SignInRefused: unknown user or wrong password, indistinguishable.
            ApiError: 429 after too many of these.
        """
        name = username.casefold()
        counted = (
            (self._addresses, address),
            (self._usernames_there, f"{address} {name}"),
            (self._usernames, name),
        )
        async with self._one:
            for limit, key in counted:
                limit.refuse_if_spent(key)
            try:
                return await self._verified(services, username, password)
            except handoff.SignInRefused:
                for limit, key in counted:
                    limit.count(key)
                raise

    async def _verified(self, services: Services, username: str, password: str) -> handoff.SignedIn:
        # Hashing is slow on purpose: no transaction is open while it runs.
        async with services.database.reading() as session:
            password_hash = await handoff.password_hash_of(session, username)
        if not await verify_password(password_hash, password) or password_hash is None:
            raise handoff.SignInRefused
        async with services.database.transaction() as session:
            signed_in = await handoff.open_session(session, username, password_hash, services.clock)
            _record(session, services, signed_in.agent.id, "desk.signed_in")
        return signed_in


async def sign_out(services: Services, at_desk: AtDesk) -> None:
    """End the session."""
    async with services.database.transaction() as session:
        await handoff.sign_out(session, at_desk.token)
        _record(session, services, at_desk.agent.id, "desk.signed_out")


def _record(session: AsyncSession, services: Services, agent_id: int, action: str) -> None:
    actor = f"agent:{agent_id}"
    audit.record(session, services.clock, actor=actor, action=action, subject=actor)


async def agent_for(services: Services, token: str) -> AtDesk:
    """Who a cookie stands for.

    Raises:
        SessionExpired: it stands for nobody any more, or never did.
    """
    if not _TOKEN.fullmatch(token):
        raise handoff.SessionExpired
    async with services.database.reading() as session:
        agent, browser = await handoff.agent_of_token(session, token, services.clock)
    return AtDesk(agent, token, browser.csrf, browser.expires_at)


async def current_agent(request: Request, services: Annotated[Services, Depends(services_of)]) -> AtDesk:
    """FastAPI dependency: the agent whose cookie came with the request; 401 without one."""
    return await agent_for(services, request.cookies.get(COOKIE, ""))


async def writing_agent(
    at_desk: Annotated[AtDesk, Depends(current_agent)],
    services: Annotated[Services, Depends(services_of)],
    x_csrf_token: Annotated[str, Header()] = "",
) -> AtDesk:
    """FastAPI dependency of every write: the agent, whose page has proven that it is ours.

    Only writes keep a session alive. What a page asks by itself does not, or a forgotten browser would never be
    signed out.

    Raises:
        ApiError: 403 without the session's token.
    """
    if not secrets.compare_digest(x_csrf_token.encode(), at_desk.csrf.encode()):
        raise ApiError(403, "csrf")
    await _slide(services, at_desk)
    return at_desk


async def _slide(services: Services, at_desk: AtDesk) -> None:
    until = services.clock.now() + SESSION_LIVES
    if until - at_desk.expires_at < SLIDE_EVERY:
        return
    async with services.database.transaction() as session:
        _, browser = await handoff.agent_of_token(session, at_desk.token, services.clock)
        browser.expires_at = until


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Hand the token to the browser, where no script can read it and no other site can use it.

    A cookie of the browser's session: how long it counts is the server's to say.
    """
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=settings.secure_cookies, path="/")


def drop_cookie(response: Response, settings: Settings) -> None:
    """Make the browser forget the token."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=settings.secure_cookies, path="/")
