"""Housekeeping: rows that have done their service are removed, so that no table grows for ever.

Several processes may run it at once; each takes what the others leave.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.every import Every
from property_db.calls import recordings
from property_db.channels import housekeeping as channels
from property_db.clock import Clock
from property_db.database import Database
from property_db.pushes import delivery as pushes

log = structlog.get_logger()

SWEEP_SECONDS = 3600.0
FIRST_AFTER_SECONDS = 60.0
"""Not while the server starts."""
BATCH = 500
"""Rows in one transaction: some milliseconds, in which nobody else writes to the embedded database."""
BETWEEN_SECONDS = 0.05
"""For whoever waits for the lock meanwhile."""

Step = Callable[[AsyncSession, Clock, int], Awaitable[int]]
STEPS: Mapping[str, Step] = {
    "events": channels.forget_events,
    "parts": channels.forget_parts,
    "single_uses": channels.forget_single_uses,
    "pushes": pushes.forget_settled,
    # Their files go with the next round of `gateway.forgetting`.
    "recordings": recordings.forget_expired,
}


class Housekeeping:
    """Removes what is old, once an hour.

    Args:
        batch: rows in one transaction.
    """

    def __init__(self, database: Database, clock: Clock, batch: int = BATCH) -> None:
        self._database = database
        self._clock = clock
        self._batch = batch
        self._hourly = Every(SWEEP_SECONDS, self.sweep, "housekeeping.sweep_failed", first_after=FIRST_AFTER_SECONDS)

    async def start(self) -> None:
        """Begin, a minute from now."""
        self._hourly.start()

    async def stop(self) -> None:
        """Stop; a batch that is not committed stays for the next time."""
        await self._hourly.stop()

    async def sweep(self) -> None:
        """Remove everything that is old now."""
        removed = {name: await self._all(step) for name, step in STEPS.items()}
        if any(removed.values()):
            log.info("housekeeping.removed", **removed)

    async def _all(self, step: Step) -> int:
        removed = 0
        while True:
            async with self._database.transaction() as session:
                last = await step(session, self._clock, self._batch)
            removed += last
            if last < self._batch:
                return removed
            await asyncio.sleep(BETWEEN_SECONDS)
