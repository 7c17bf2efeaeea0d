"""`guanjia wechat`: the Official Accounts of this server, their menus, and the buildings' QR codes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from integrations.cli import configuration, console
from integrations.cli.account_files import official_accounts, refused_by_platform
from integrations.cli.errors import CliError
from integrations.cli.prepare import database_error, prepare
from integrations.cli.texts import say
from integrations.gateway.settings import Settings
from integrations.gateway.workers import new_name
from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from integrations.tencent.fetching import OfficialAccountToken, by_account
from integrations.tencent.leases import lease_for
from integrations.tencent.tokens import Tokens
from integrations.wechat import menu, qr
from integrations.wechat.accounts import Account
from property_db.clock import SYSTEM_CLOCK
from property_db.database import Database


def accounts() -> None:
    """Print the accounts, without anything secret.

    Raises:
        CliError: the account file cannot be used.
    """
    settings = configuration.load()
    known = official_accounts(settings)
    if not known:
        console.out.print(say("wechat_none", path=settings.wechat_accounts_file.absolute()))
        return
    for account in known.values():
        # Lines and no table, which would cut an address that has to be copied.
        callback = settings.public(f"wechat/{account.name}") or f"/wechat/{account.name}"
        estate = account.estate or say("wechat_only_estate")
        console.out.print(
            say("wechat_account", name=account.name, app_id=account.app_id, estate=estate, callback=callback)
        )


def show_menu(name: str | None) -> None:
    """Print the menu that an account has on the platform.

    Raises:
        CliError: there is no such account, or the platform does not answer.
    """
    settings, account = _chosen(name)

    async def work(api: Api, _: Database) -> list[tuple[int, str, str]]:
        try:
            return await menu.current(api)
        except ApiRefused as refused:
            if refused.errcode == menu.NO_MENU:
                return []
            raise

    lines = _on_platform(settings, account, work)
    if not lines:
        console.out.print(say("wechat_menu_none", account=account.name))
    for level, title, target in lines:
        console.out.print(f"{'    ' * level}{title}  {target}".rstrip())


def apply_menu(name: str | None) -> None:
    """Give an account the menu of the account file.

    Raises:
        CliError: the menu is missing or would be refused, or the platform refuses.
    """
    settings, account = _chosen(name)
    body = menu_of(settings, account)

    async def work(api: Api, _: Database) -> None:
        await menu.apply(api, body)

    _on_platform(settings, account, work)
    console.out.print(say("wechat_menu_applied", account=account.name))


def delete_menu(name: str | None) -> None:
    """Take an account's menu away.

    Raises:
        CliError: there is no such account, or the platform refuses.
    """
    settings, account = _chosen(name)

    async def work(api: Api, _: Database) -> None:
        await menu.delete(api)

    _on_platform(settings, account, work)
    console.out.print(say("wechat_menu_deleted", account=account.name))


def qr_codes(name: str | None, folder: Path) -> None:
    """Save one QR code for each building of the account's estate.

    Raises:
        CliError: the estate is not known, the platform refuses, or the folder cannot be written.
    """
    settings, account = _chosen(name)

    async def work(api: Api, database: Database) -> int:
        async with database.reading() as session:
            places = await qr.places(session, account)
        for place in places:
            data = await qr.picture(api, account, place)
            await asyncio.to_thread(_save, folder / qr.file_name(place, data), data)
        return len(places)

    try:
        count = _on_platform(settings, account, work)
    except qr.EstateUnknown as error:
        known = "、".join(error.known) or "–"
        raise CliError("wechat_estate", account=account.name, estate=error.code or "–", known=known) from error
    except qr.PictureMissing as error:
        raise CliError("wechat_picture", url=account.mp_url) from error
    console.out.print(say("wechat_qr_saved", count=count, folder=folder.absolute()))


def menu_of(settings: Settings, account: Account) -> dict[str, Any]:
    """The body of menu/create.

    Raises:
        CliError: the account file has no menu, or one that would be refused.
    """
    path = settings.wechat_accounts_file.absolute()
    if not account.menu:
        raise CliError("wechat_menu_missing", account=account.name, path=path)
    try:
        return menu.built(account, settings.public(f"wechat/{account.name}/bind"))
    except menu.MenuWrong as wrong:
        reason = say(f"wechat_menu_{wrong.reason}", limit=wrong.limit)
        raise CliError("wechat_menu_wrong", title=wrong.title, reason=reason, path=path) from wrong


@asynccontextmanager
async def platform(settings: Settings, account: Account) -> AsyncIterator[tuple[Api, Database]]:
    """Calls in the account's name; the access token is the one that the server uses."""
    database = Database(settings.database)
    fetch = by_account({account.key: OfficialAccountToken(account.api_base, account.app_id, account.app_secret)})
    lease = lease_for(settings.redis_url, database, SYSTEM_CLOCK, new_name())
    api = Api(account.api_base, account.key, Tokens(database, SYSTEM_CLOCK, lease, fetch))
    try:
        with _without_log_lines():
            yield api, database
    finally:
        await api.close()
        await lease.close()
        await database.dispose()


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """What the server would log is no news for an operator at the terminal: a command tells how it went itself."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _chosen(name: str | None) -> tuple[Settings, Account]:
    settings = configuration.load()
    known = official_accounts(settings)
    if not known:
        raise CliError("wechat_no_file", path=settings.wechat_accounts_file.absolute())
    names = "、".join(known)
    if name is None:
        if len(known) > 1:
            raise CliError("wechat_account_needed", names=names)
        name = next(iter(known))
    if name not in known:
        raise CliError("wechat_account_unknown", name=name, names=names)
    return settings, known[name]


def _on_platform[T](settings: Settings, account: Account, work: Callable[[Api, Database], Awaitable[T]]) -> T:
    async def run() -> T:
        await prepare(settings, with_demo=False)
        async with platform(settings, account) as (api, database):
            return await work(api, database)

    try:
        return asyncio.run(run())
    except ApiRefused as refused:
        raise refused_by_platform("wechat", account.name, refused) from refused
    except (ApiUnreachable, TooLarge) as error:
        raise CliError("wechat_unreachable", url=account.api_base) from error
    except (SQLAlchemyError, OSError) as error:
        raise database_error(settings, error) from error


def _save(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise CliError("file_unwritable", path=file.absolute(), reason=error.strerror) from error
