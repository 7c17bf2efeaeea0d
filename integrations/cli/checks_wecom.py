"""What `guanjia doctor` looks at for WeCom customer service: account file, estates, the way to the platform."""

import asyncio
from collections.abc import Iterator

import httpx

from integrations.cli import checks_accounts
from integrations.cli.account_files import companies
from integrations.cli.findings import Finding
from integrations.gateway.settings import Settings
from integrations.tencent.fetching import WecomToken


def section(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Iterator[Finding]:
    """Everything about WeCom; one line where it is not used.

    Args:
        transport: another way to the platform, for tests.
    """
    path, asked_for = settings.wecom_accounts_file, settings.wecom_file is not None
    file, accounts = checks_accounts.accounts("wecom", settings, path, asked_for, companies)
    yield file
    codes = checks_accounts.estate_codes(settings) if accounts else None
    for account in accounts.values():
        for kf in account.open_kfids if codes is not None else ():
            yield from checks_accounts.estate("wecom", kf.id, account.estate_of(kf), codes or [])
        fetch = WecomToken(account.api_base, account.corp_id, account.secret, transport)
        yield asyncio.run(checks_accounts.token("wecom", account, fetch))
