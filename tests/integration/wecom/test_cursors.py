"""The lease and the cursor of an account."""

import asyncio
from datetime import timedelta

from property_db.channels import cursors
from property_db.clock import SettableClock
from property_db.database import Database
from tests.conftest import SATURDAY_TEN

KEY = "wecom:ww0123456789abcdef:wkAAAA0001"
MINUTE = timedelta(minutes=1)


async def take(
    database: Database, owner: str, clock: SettableClock, *, instead_of: str | None = None
) -> cursors.Pull | None:
    async with database.transaction() as session:
        return await cursors.take(session, KEY, owner, clock, MINUTE, instead_of=instead_of)


async def advance(database: Database, owner: str, clock: SettableClock, cursor: str | None) -> bool:
    async with database.transaction() as session:
        return await cursors.advance(session, KEY, owner, clock, MINUTE, cursor)


async def release(database: Database, owner: str) -> None:
    async with database.transaction() as session:
        await cursors.release(session, KEY, owner)


async def test_of_many_who_want_an_account_at_once_one_gets_it(database: Database, clock: SettableClock) -> None:
    leases = await asyncio.gather(*(take(database, f"worker-{n}", clock) for n in range(8)))
    assert len([lease for lease in leases if lease is not None]) == 1


async def test_the_next_holder_goes_on_where_the_last_one_ended(database: Database, clock: SettableClock) -> None:
    assert await take(database, "one", clock) == cursors.Pull("", SATURDAY_TEN)
    assert await advance(database, "one", clock, "C1")
    assert await advance(database, "one", clock, None)
    await release(database, "one")
    clock.advance(hours=5)
    assert await take(database, "two", clock) == cursors.Pull("C1", SATURDAY_TEN)


async def test_a_lease_that_ran_out_moves_no_cursor(database: Database, clock: SettableClock) -> None:
    await take(database, "one", clock)
    clock.advance(seconds=61)
    assert await take(database, "two", clock) is not None
    assert not await advance(database, "one", clock, "C1")
    await release(database, "one")
    assert await take(database, "three", clock) is None
    assert await advance(database, "two", clock, "C2")


async def test_a_lease_that_is_renewed_does_not_run_out(database: Database, clock: SettableClock) -> None:
    await take(database, "one", clock)
    for _ in range(5):
        clock.advance(seconds=40)
        assert await advance(database, "one", clock, None)
    assert await take(database, "two", clock) is None


async def test_the_lease_of_a_process_that_is_gone_is_taken_over_at_once(
    database: Database, clock: SettableClock
) -> None:
    await take(database, "one", clock)
    assert await take(database, "two", clock, instead_of="somebody else") is None
    assert await take(database, "two", clock, instead_of="one") is not None
