"""Brings the database up to date; on the first start also its content.

`guanjia up` runs this as ``python -m integrations.cli.prepare``, a process of its own that is gone when it is done.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from alembic.util.exc import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.cli import configuration, console
from integrations.cli.data_folder import prepare_data_folder
from integrations.cli.errors import CliError, show
from integrations.cli.places import enter_project
from integrations.cli.texts import say
from integrations.gateway.settings import Settings
from property_db import defaults, demo, migrate
from property_db.clock import SYSTEM_CLOCK
from property_db.database import Database


async def prepare(settings: Settings, *, with_demo: bool = True) -> None:
    """Migrate, enter the texts the product brings and, in demo mode, the demo estate (all only where missing).

    Raises:
        CliError: the database cannot be reached or refuses.
    """
    prepare_data_folder(settings.data_dir)
    database = Database(settings.database)
    try:
        await migrate.upgrade(settings.database)
        await defaults.load(database)
        if with_demo and settings.demo:
            await demo.create(database, SYSTEM_CLOCK)
    except CommandError as error:
        raise CliError("database_newer", database=shown_url(settings)) from error
    except (SQLAlchemyError, OSError) as error:
        raise database_error(settings, error) from error
    finally:
        await database.dispose()


def in_database[T](settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in one transaction on a database of this version; what it returns.

    Raises:
        CliError: the database cannot be reached or refuses.
        DomainError: a rule refused; nothing was changed.
    """

    async def run() -> T:
        await prepare(settings, with_demo=False)
        database = Database(settings.database)
        try:
            async with database.transaction() as session:
                return await work(session)
        except (SQLAlchemyError, OSError) as error:
            raise database_error(settings, error) from error
        finally:
            await database.dispose()

    return asyncio.run(run())


def database_error(settings: Settings, error: Exception) -> CliError:
    """What a database's refusal means for the operator."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    code = "database_file" if settings.database_url is None else "database_server"
    return CliError(code, database=shown_url(settings), reason=reason, folder=settings.data_dir.absolute())


def shown_url(settings: Settings) -> str:
    """The database's address without its password."""
    return make_url(settings.database).render_as_string(hide_password=True)


def main() -> int:
    """Run as a process of `guanjia up`; the exit status."""
    enter_project()
    try:
        settings = configuration.load()
        asyncio.run(prepare(settings))
    except CliError as error:
        show(error, sys.stderr)
        return 1
    console.progress.print(say("database_ready", database=shown_url(settings)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
