"""Telephone calls from the first ring to the end. Whoever holds the line writes here; nothing commits."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.calls import repository
from property_db.calls.errors import CallNotFound
from property_db.calls.models import Call, CallDirection, CallOutcome, CallState, Utterance
from property_db.clock import Clock
from property_db.feedback.service import RatingInvalid

NUMBER_LENGTH = 40
"""Characters of a number that are kept; the longest of E.164 has 15 digits, exchanges send names too."""


async def begin(
    session: AsyncSession,
    direction: CallDirection,
    transport: str,
    number: str | None,
    called: str | None,
    clock: Clock,
) -> Call:
    """Write a call that rings; `number` is the other side's, None where it is withheld."""
    now = clock.now()
    call = Call(
        direction=direction,
        transport=transport[:80],
        number=_number(number),
        called=_number(called),
        started_at=now,
        created_at=now,
        seen_at=now,
    )
    session.add(call)
    await session.flush()
    return call


def _number(number: str | None) -> str | None:
    return (number or "").strip()[:NUMBER_LENGTH] or None


async def get(session: AsyncSession, call_id: int) -> Call:
    """Return a call as it is now.

    Raises:
        CallNotFound: there is none.
    """
    call = await repository.call(session, call_id)
    if call is None:
        raise CallNotFound
    return call


async def by_public_id(session: AsyncSession, public_id: str) -> Call:
    """Return the call with this outside id as it is now.

    Raises:
        CallNotFound: there is none.
    """
    call = await repository.by_public_id(session, public_id)
    if call is None:
        raise CallNotFound
    return call


async def answered(session: AsyncSession, call_id: int, clock: Clock) -> Call:
    """Note that the call was picked up; only the first time counts.

    Raises:
        CallNotFound: there is none.
    """
    now = clock.now()
    await repository.change(
        session, call_id, now, state=CallState.TALKING, answered_at=func.coalesce(Call.answered_at, now)
    )
    return await get(session, call_id)


async def attach(session: AsyncSession, call_id: int, identity_id: int | None, conversation_id: int | None) -> Call:
    """Say whose call it is and in which conversation it speaks.

    Raises:
        CallNotFound: there is none.
    """
    await repository.note(session, call_id, identity_id=identity_id, conversation_id=conversation_id)
    return await get(session, call_id)


async def set_state(
    session: AsyncSession, call_id: int, state: CallState, clock: Clock, agent_id: int | None = None
) -> Call:
    """Move a call that goes on; one that is over stays so, whoever comes late. `end` is what ends it.

    The first `waiting` and the first `with_agent` are remembered with their moments.

    Raises:
        CallNotFound: there is none.
        ValueError: `state` is `ended`.
    """
    if state is CallState.ENDED:
        raise ValueError("a call is ended by `end`, which wants its outcome")
    now = clock.now()
    values: dict[str, object] = {"state": state}
    if state is CallState.WAITING:
        values["waiting_at"] = func.coalesce(Call.waiting_at, now)
    if state is CallState.WITH_AGENT:
        values["agent_at"] = func.coalesce(Call.agent_at, now)
    if agent_id is not None:
        values["agent_id"] = agent_id
    await repository.change(session, call_id, now, **values)
    return await get(session, call_id)


async def end(session: AsyncSession, call_id: int, outcome: CallOutcome, clock: Clock) -> Call:
    """End a call; the first one to say how it ended wins.

    Raises:
        CallNotFound: there is none.
    """
    now = clock.now()
    await repository.change(session, call_id, now, state=CallState.ENDED, outcome=outcome, ended_at=now)
    return await get(session, call_id)


async def rate(session: AsyncSession, call_id: int, stars: int) -> Call:
    """Keep the caller's stars, also after the end; the last ones count.

    Raises:
        RatingInvalid: not one to five.
        CallNotFound: there is none.
    """
    if not 1 <= stars <= 5:
        raise RatingInvalid
    await repository.note(session, call_id, rating=stars)
    return await get(session, call_id)


async def speech_failed(session: AsyncSession, call_id: int) -> None:
    """Note that recognition or voice failed on this call, so that it went on by keys."""
    await repository.note(session, call_id, speech_ok=False)


async def heard(
    session: AsyncSession,
    call_id: int,
    text: str,
    confidence: float,
    seconds: float,
    clock: Clock,
    message_id: int | None = None,
    recording_id: int | None = None,
    refused: str | None = None,
) -> Utterance:
    """Keep what the recogniser heard, also what was refused; `confidence` is kept between 0 and 1."""
    now = clock.now()
    utterance = Utterance(
        call_id=call_id,
        message_id=message_id,
        recording_id=recording_id,
        at=now,
        created_at=now,
        text=text,
        confidence=min(max(confidence, 0.0), 1.0),
        seconds=seconds,
        refused=refused,
    )
    session.add(utterance)
    await session.flush()
    await repository.seen(session, [call_id], now)
    return utterance


async def link_message(session: AsyncSession, utterance_id: int, message_id: int) -> None:
    """Say which message an utterance has become."""
    await repository.link(session, utterance_id, message_id=message_id)


async def link_recording(session: AsyncSession, utterance_id: int, recording_id: int) -> None:
    """Say which recording holds the sound of an utterance."""
    await repository.link(session, utterance_id, recording_id=recording_id)


async def seen(session: AsyncSession, call_ids: Collection[int], clock: Clock) -> None:
    """Note that the process that holds these calls is alive."""
    if call_ids:
        await repository.seen(session, call_ids, clock.now())


async def close_orphans(session: AsyncSession, clock: Clock, *, silent_for: timedelta = timedelta()) -> list[int]:
    """End the calls that a process left open when it died; returns their ids.

    By default all calls, which is right at the start of the only process that holds calls. Others give `silent_for`
    and call `seen` more often than that. Whoever was never answered is `abandoned`, the others `failed`.
    """
    now = clock.now()
    return await repository.end_silent(session, now - silent_for, now)


async def live(session: AsyncSession) -> list[Call]:
    """Return the calls that go on, the oldest first."""
    return await repository.live(session)


async def recent(session: AsyncSession, limit: int = 50, before: int | None = None) -> list[Call]:
    """Return calls, newest first; the next page begins before the last call's id."""
    return await repository.recent(session, limit, before)


async def of_conversation(session: AsyncSession, conversation_id: int) -> list[Call]:
    """Return the calls of a conversation, the oldest first."""
    return await repository.of_conversation(session, conversation_id)


async def utterances(session: AsyncSession, call_id: int) -> list[Utterance]:
    """Return what was heard on a call, in order."""
    return await repository.utterances(session, call_id)


async def last_heard(session: AsyncSession, call_ids: Collection[int]) -> dict[int, str]:
    """Return the last text that was heard on each of these calls; those without one are left out."""
    return await repository.last_heard(session, call_ids)


__all__ = [
    "CallNotFound", "RatingInvalid", "answered", "attach", "begin", "by_public_id", "close_orphans", "end", "get",
    "heard", "last_heard", "link_message", "link_recording", "live", "of_conversation", "rate", "recent", "seen",
    "set_state", "speech_failed", "utterances",
]  # fmt: skip
