"""Transactions, moments and migrations."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import IntegrityError, InvalidRequestError, StatementError

from property_db import migrate
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.errors import DatabaseBusy, DomainError
from property_db.models import Base, Building, Estate, Person
from property_db.numbers import REPAIR, next_number
from tests.integration.property_db.conftest import Small


class Refusal(DomainError):
    code = "refusal"


class CountedRefusal(DomainError):
    code = "counted_refusal"
    keeps_changes = True


async def _people(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count(Person.id))) or 0


async def test_a_refusal_undoes_what_was_done_before_it(database: Database) -> None:
    with pytest.raises(Refusal):
        async with database.transaction() as session:
            session.add(Person(name="王", phone="1"))
            await session.flush()
            raise Refusal
    assert await _people(database) == 0


async def test_a_refusal_that_counts_keeps_what_was_done(database: Database) -> None:
    with pytest.raises(CountedRefusal):
        async with database.transaction() as session:
            session.add(Person(name="王", phone="1"))
            raise CountedRefusal
    assert await _people(database) == 1


async def test_any_other_error_undoes_the_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            session.add(Person(name="王", phone="1"))
            await session.flush()
            _ = 1 / 0
    assert await _people(database) == 0


async def test_a_reading_session_keeps_nothing(database: Database) -> None:
    async with database.reading() as session:
        session.add(Person(name="王", phone="1"))
        await session.flush()
    assert await _people(database) == 0


async def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    written = datetime(2026, 11, 21, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with database.transaction() as session:
        session.add(Person(name="王", phone="1", created_at=written))
    async with database.reading() as session:
        read = await session.scalar(select(Person.created_at))
    assert read == written
    assert read is not None
    assert read.tzinfo is UTC


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"):
        async with database.transaction() as session:
            session.add(Person(name="王", phone="1", created_at=datetime(2026, 11, 21)))


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            session.add(Building(estate_id=999, name="1", display="1栋"))


async def test_money_cannot_be_negative(database: Database, small: Small) -> None:
    from tests.integration.property_db.conftest import area_bill

    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            session.add(area_bill(small, "2026-10", amount_fen=-1))


async def test_nothing_is_loaded_behind_the_back_of_the_code(database: Database, small: Small) -> None:
    async with database.reading() as session:
        home = await session.get_one(type(small.home), small.home.id)
        with pytest.raises(InvalidRequestError, match="raise"):
            _ = home.estate


async def test_an_error_does_not_carry_what_somebody_wrote(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with database.transaction() as session:
            session.add_all([Person(name="王建国", phone="13800138000"), Person(name="李秀英", phone="13800138000")])
    assert "王建国" not in str(caught.value)


async def test_numbers_count_without_gaps_or_repeats_when_many_ask_at_once(
    database: Database, clock: SettableClock
) -> None:
    async def one() -> str:
        async with database.transaction() as session:
            return await next_number(session, REPAIR, clock)

    numbers = await asyncio.gather(*(one() for _ in range(12)))
    assert sorted(numbers) == [f"WX261121-{n:04d}" for n in range(1, 13)]


async def test_numbers_begin_again_at_midnight_in_shanghai(database: Database, clock: SettableClock) -> None:
    clock.set(datetime(2026, 11, 21, 15, 59, tzinfo=UTC))
    async with database.transaction() as session:
        assert await next_number(session, REPAIR, clock) == "WX261121-0001"
        clock.advance(minutes=2)
        assert await next_number(session, REPAIR, clock) == "WX261122-0001"


async def test_two_writers_who_read_first_do_not_lose_each_others_change(database: Database, small: Small) -> None:
    """SQLite: BEGIN IMMEDIATE lets the second wait; without it the second fails or overwrites."""

    async def add_one() -> None:
        async with database.transaction() as session:
            statement = select(Estate).where(Estate.id == small.estate.id).with_for_update()
            estate = (await session.scalars(statement)).one()
            await asyncio.sleep(0)
            estate.settings = estate.settings | {"count": estate.settings.get("count", 0) + 1}

    await asyncio.gather(*(add_one() for _ in range(8)))
    async with database.reading() as session:
        assert (await session.get_one(Estate, small.estate.id)).settings["count"] == 8


async def test_a_locked_sqlite_file_is_a_refusal_that_can_be_told(sqlite: Database) -> None:
    impatient = Database(sqlite.url, busy_timeout_ms=20)
    async with sqlite.transaction() as session:
        session.add(Person(name="王", phone="1"))
        await session.flush()
        with pytest.raises(DatabaseBusy):
            async with impatient.transaction() as other:
                other.add(Person(name="李", phone="2"))
        async with impatient.reading() as other:
            assert await other.scalar(select(func.count(Person.id))) == 0
    await impatient.dispose()
    assert await _people(sqlite) == 1


async def test_models_and_migrations_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync, opts={"compare_type": True}), Base.metadata)
        )
    assert differences == []


async def test_check_constraints_of_the_models_are_in_the_migrations(database: Database) -> None:
    """The comparison above does not look at checks."""

    def names(sync: object) -> set[str | None]:
        inspector = inspect(sync)
        return {
            check["name"] for table in inspector.get_table_names() for check in inspector.get_check_constraints(table)
        }

    wanted = {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.__visit_name__ == "check_constraint"
    }
    async with database.engine.connect() as connection:
        assert wanted <= await connection.run_sync(names)


async def test_migrating_again_changes_nothing(database: Database, small: Small) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    await migrate.upgrade(url)
    assert await migrate.current(url) == migrate.head()
    assert await _people(database) == 2


async def test_the_first_migration_can_be_taken_back(sqlite: Database) -> None:
    async with sqlite.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(migrate._config(sync), "base"))
    async with sqlite.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert tables == ["alembic_version"]


async def test_the_database_answers_a_ping(database: Database) -> None:
    await database.ping()
