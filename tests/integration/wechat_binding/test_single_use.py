"""What may be used once is used once, also by many at once, on either database."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from property_db.channels import single_use
from property_db.channels.models import SingleUse
from property_db.clock import SettableClock
from property_db.database import Database

LIVES = timedelta(minutes=10)


async def take(database: Database, clock: SettableClock, secret: str) -> bool:
    async with database.transaction() as session:
        return await single_use.take(session, secret, clock.now() + LIVES, clock)


async def test_the_first_takes_it_and_nobody_after(database: Database, clock: SettableClock) -> None:
    assert await take(database, clock, "a")
    assert not await take(database, clock, "a")
    assert await take(database, clock, "b")


async def test_of_ten_at_once_one_takes_it(database: Database, clock: SettableClock) -> None:
    taken = await asyncio.gather(*(take(database, clock, "a") for _ in range(10)))
    assert sorted(taken) == [False] * 9 + [True]


async def test_a_transaction_that_is_undone_took_nothing(database: Database, clock: SettableClock) -> None:
    try:
        async with database.transaction() as session:
            assert await single_use.take(session, "a", clock.now() + LIVES, clock)
            raise RuntimeError
    except RuntimeError:
        pass
    async with database.reading() as session:
        assert not await single_use.is_taken(session, "a")
    assert await take(database, clock, "a")


async def test_nothing_but_a_hash_is_kept(database: Database, clock: SettableClock) -> None:
    await take(database, clock, "a")
    async with database.reading() as session:
        (row,) = await session.scalars(select(SingleUse))
        assert row.key != "a"
        assert len(row.key) == 64
