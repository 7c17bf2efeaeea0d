"""WeChat and WeCom on this server, where account files name any: their channels, routes, and what runs for them."""

from dataclasses import dataclass, field

from fastapi import FastAPI

from integrations.gateway.channel import Channel
from integrations.gateway.services import Services
from integrations.gateway.settings import Settings
from integrations.tencent.api import Api
from integrations.tencent.fetching import by_account
from integrations.tencent.leases import lease_for
from integrations.tencent.tokens import Tokens
from integrations.wechat import app_parts as wechat
from integrations.wechat.accounts import load as load_accounts
from integrations.wechat.binding import install_binding
from integrations.wecom import install as wecom
from integrations.wecom.accounts import Account as Company
from integrations.wecom.accounts import load as load_companies
from integrations.wecom.channel import WecomChannel
from property_db.clock import Clock
from property_db.database import Database


@dataclass
class Messengers:
    """The two, each as far as it is configured."""

    channels: list[Channel] = field(default_factory=list)
    official_accounts: wechat.WechatParts | None = None
    companies: dict[str, Company] = field(default_factory=dict)
    wecom_channel: WecomChannel | None = None
    wecom_apis: dict[str, Api] = field(default_factory=dict, repr=False)
    pulling: wecom.Wecom | None = None

    def install(self, app: FastAPI, services: Services) -> None:
        """Add the routes; before the hub starts and before the front ends are mounted."""
        if self.official_accounts is not None:
            wechat.install(app, services, self.official_accounts)
            install_binding(app, services, self.official_accounts.accounts)
        if self.wecom_channel is not None:
            self.pulling = wecom.install(app, services, self.companies, self.wecom_apis, self.wecom_channel)

    async def start(self) -> None:
        """Begin to pull what came meanwhile."""
        if self.pulling is not None:
            await self.pulling.start()

    async def stop(self) -> None:
        """Take in no more."""
        if self.pulling is not None:
            await self.pulling.stop()

    async def close(self) -> None:
        """Close the connections, when nothing is delivered any more."""
        if self.official_accounts is not None:
            await self.official_accounts.close()
        for api in self.wecom_apis.values():
            await api.close()


def build(settings: Settings, database: Database, clock: Clock, worker: str) -> Messengers:
    """Read the account files and make the channels.

    Raises:
        AccountFileWrong: a file cannot be used.
    """
    lease = lease_for(settings.redis_url, database, clock, worker)
    messengers = Messengers()
    if official := load_accounts(settings.wechat_accounts_file):
        messengers.official_accounts = wechat.build(settings, database, clock, lease, official)
        messengers.channels.append(messengers.official_accounts.channel)
    if companies := load_companies(settings.wecom_accounts_file):
        tokens = Tokens(database, clock, lease, by_account(wecom.fetchers_of(companies.values())))
        messengers.companies = companies
        messengers.wecom_apis = wecom.apis_of(companies.values(), tokens)
        messengers.wecom_channel = WecomChannel(messengers.wecom_apis, clock, settings.upload_limit_bytes)
        messengers.channels.append(messengers.wecom_channel)
    return messengers
