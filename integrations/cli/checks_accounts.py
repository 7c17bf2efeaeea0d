"""What `guanjia doctor` looks at for WeChat and for WeCom alike: the account file, the estates, the key to calls."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from integrations.cli.account_files import Kind, refused_by_platform
from integrations.cli.errors import CliError
from integrations.cli.findings import Finding, found
from integrations.gateway.settings import Settings
from integrations.tencent.accounts import CallbackSettings
from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from integrations.tencent.fetching import FetchOne


def accounts[T](
    kind: Kind, settings: Settings, path: Path, asked_for: bool, read: Callable[[Settings], dict[str, T]]
) -> tuple[Finding, dict[str, T]]:
    """What there is to say about the file, and its accounts, as far as it can be used.

    Args:
        asked_for: a setting names the file. One that is not there is a mistake then; otherwise it is a choice.
    """
    path = path.absolute()
    try:
        known = read(settings)
    except CliError as error:
        return found(f"{kind}_file_wrong", what=error.what, where=error.where, todo=error.todo), {}
    if not known:
        return found(f"{kind}_file_missing" if asked_for else f"{kind}_none", path=path), {}
    return found(f"{kind}_file_good", path=path, count=len(known)), known


def estate_codes(settings: Settings) -> list[str] | None:
    """The codes of all estates; None where the database cannot tell, which another check says."""
    from sqlalchemy.exc import SQLAlchemyError

    from property_db.database import Database
    from property_db.estates import repository

    if settings.database_url is None and not (settings.data_dir / "guanjia.db").exists():
        return None

    async def read() -> list[str]:
        database = Database(settings.database)
        try:
            async with database.reading() as session:
                return [estate.code for estate in await repository.all_estates(session)]
        finally:
            await database.dispose()

    try:
        return asyncio.run(read())
    except (SQLAlchemyError, OSError):
        return None


def estate(kind: Kind, account: str, code: str | None, codes: list[str]) -> Iterator[Finding]:
    """Whether an account's estate is one of the database's; nothing to say where it is."""
    if code is None and len(codes) > 1:
        yield found(f"{kind}_estate_needed", account=account, codes="、".join(codes))
    elif code is not None and code not in codes:
        yield found(f"{kind}_estate_unknown", account=account, estate=code, codes="、".join(codes) or "–")


async def token(kind: Kind, account: CallbackSettings, fetch: FetchOne) -> Finding:
    """Ask for the token as the server does; asked again the platform gives the same one, so this disturbs nobody."""
    try:
        await fetch(False)
    except ApiRefused as refused:
        error = refused_by_platform(kind, account.name, refused)
        return found(f"{kind}_token_refused", what=error.what, todo=error.todo)
    except (ApiUnreachable, TooLarge):
        return found(f"{kind}_unreachable", account=account.name, url=account.api_base)
    return found(f"{kind}_token_good", account=account.name)
