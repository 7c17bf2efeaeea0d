"""What `guanjia doctor` looks at for WeChat: account file, estates, templates, menu, the ways there and back."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from integrations.cli import checks_accounts, wechat
from integrations.cli.account_files import official_accounts
from integrations.cli.errors import CliError
from integrations.cli.findings import Finding, found
from integrations.gateway.settings import Settings
from integrations.tencent.fetching import OfficialAccountToken
from integrations.wechat.accounts import Account
from property_db.pushes.values import VALUES

TIMEOUT = httpx.Timeout(5.0, connect=3.0)


def section(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Iterator[Finding]:
    """Everything about WeChat; one line where it is not used.

    Args:
        transport: another way to the platform and to ourselves, for tests.
    """
    path, asked_for = settings.wechat_accounts_file, settings.wechat_file is not None
    file, accounts = checks_accounts.accounts("wechat", settings, path, asked_for, official_accounts)
    yield file
    if not accounts:
        return
    yield _public_url(settings)
    codes = checks_accounts.estate_codes(settings)
    for account in accounts.values():
        if codes is not None:
            yield from checks_accounts.estate("wechat", account.name, account.estate, codes)
        if account.encryption == "plain":
            yield found("wechat_plain", account=account.name)
        yield from _templates(account)
        yield from _menu(settings, account)
        yield from asyncio.run(_ways(settings, account, transport))


def _public_url(settings: Settings) -> Finding:
    url = settings.public("")
    if url is None:
        return found("wechat_public_none")
    parts = urlsplit(url)
    if parts.scheme != "https":
        return found("wechat_public_demo" if settings.demo else "wechat_public_plain", url=url)
    return found("wechat_public_good", url=url)


def _templates(account: Account) -> Iterator[Finding]:
    """A field that names no value of its kind of news would keep all news of that kind from being sent."""
    for kind, template in (*account.templates.items(), *account.one_time_templates.items()):
        for keyword, name in template.fields.items():
            if name not in VALUES[kind]:
                known = "、".join(sorted(VALUES[kind]))
                yield found(
                    "wechat_template_wrong",
                    account=account.name,
                    kind=kind.value,
                    field=keyword,
                    value=name,
                    known=known,
                )


def _menu(settings: Settings, account: Account) -> Iterator[Finding]:
    if account.menu:
        try:
            wechat.menu_of(settings, account)
        except CliError as error:
            yield found("wechat_menu_wrong", account=account.name, what=error.what, todo=error.todo)


async def _ways(settings: Settings, account: Account, transport: httpx.AsyncBaseTransport | None) -> list[Finding]:
    fetch = OfficialAccountToken(account.api_base, account.app_id, account.app_secret, transport)
    token = await checks_accounts.token("wechat", account, fetch)
    return [token, *await _callback(settings, account, transport)]


async def _callback(settings: Settings, account: Account, transport: httpx.AsyncBaseTransport | None) -> list[Finding]:
    """Call our own callback from outside as the platform does when its address is entered."""
    url = settings.public(f"wechat/{account.name}")
    if url is None:
        return []
    if account.callback_addresses != "any":
        return [found("wechat_callback_closed", url=url)]
    timestamp, nonce, echo = str(int(time.time())), secrets.token_hex(8), secrets.token_hex(8)
    signed = "".join(sorted([account.token.get_secret_value(), timestamp, nonce]))
    parameters = {
        "signature": hashlib.sha1(signed.encode()).hexdigest(),  # noqa: S324 - the platform's choice
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, transport=transport) as http:
            answer = await http.get(url, params=parameters)
    except httpx.HTTPError as error:
        return [found("wechat_callback_unreachable", url=url, reason=type(error).__name__)]
    if answer.status_code == httpx.codes.OK and answer.text == echo:
        return [found("wechat_callback_good", url=url)]
    return [found("wechat_callback_wrong", url=url, status=answer.status_code)]
