"""Writing and reading audit entries."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit.models import AuditEntry
from property_db.clock import Clock


def record(session: AsyncSession, clock: Clock, *, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Keep one act in the caller's transaction.

    For example `record(s, clock, actor="agent:3", action="queue.taken", subject="conversation:8")`.

    `detail` is ids and states; no text, name or telephone number of a resident.
    """
    now = clock.now()
    session.add(AuditEntry(at=now, created_at=now, actor=actor, action=action, subject=subject, detail=detail))


async def about(session: AsyncSession, subject: str) -> list[AuditEntry]:
    """Return what happened to a subject, oldest first."""
    return list(await session.scalars(select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)))
