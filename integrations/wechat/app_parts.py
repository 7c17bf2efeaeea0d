"""Puts the Official Accounts of one server process together: the channel first, then the routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from integrations.gateway.channel import Receipt
from integrations.gateway.services import Services
from integrations.gateway.settings import Settings
from integrations.tencent.allow_list import AllowList
from integrations.tencent.api import Api
from integrations.tencent.fetching import OfficialAccountToken, by_account
from integrations.tencent.leases import Lease
from integrations.tencent.tokens import Tokens
from integrations.wechat.accounts import Account
from integrations.wechat.channel import ALLOWANCES, WechatChannel
from integrations.wechat.door import Door
from integrations.wechat.follow import Followers
from integrations.wechat.messages import AccountEvent
from integrations.wechat.rendering import Rendering
from integrations.wechat.slots import PassiveSlots
from integrations.wechat.template_events import SUBSCRIPTION_EVENTS, note_result, note_subscription
from integrations.wechat.templates import StoredAgreements, send_push
from integrations.wechat.typing_signs import TypingSigns
from integrations.wechat.webhook import Webhook
from property_db.channels.events import first_time
from property_db.clock import Clock
from property_db.database import Database
from property_db.pushes.models import PushKind


@dataclass
class WechatParts:
    """What lives as long as the process.

    Attributes:
        apis: by app id.
    """

    accounts: dict[str, Account]
    channel: WechatChannel
    slots: PassiveSlots
    apis: dict[str, Api] = field(repr=False)

    async def close(self) -> None:
        """Close the connections to the platform."""
        for api in self.apis.values():
            await api.close()


def build(
    settings: Settings,
    database: Database,
    clock: Clock,
    lease: Lease,
    accounts: dict[str, Account],
    transport: httpx.AsyncBaseTransport | None = None,
) -> WechatParts:
    """The channel of these accounts.

    Args:
        accounts: by name.
        lease: decides which process fetches a token.
        transport: another way to the platform, for tests.
    """
    fetchers = {
        account.key: OfficialAccountToken(account.api_base, account.app_id, account.app_secret, transport)
        for account in accounts.values()
    }
    tokens = Tokens(database, clock, lease, by_account(fetchers))
    apis = {account.app_id: Api(account.api_base, account.key, tokens, transport) for account in accounts.values()}
    agreements = StoredAgreements(database, clock)

    async def push(account: Account, open_id: str, kind: PushKind, values: Mapping[str, str], push_id: int) -> Receipt:
        return await send_push(apis[account.app_id], account, open_id, kind, values, push_id, agreements)

    names = {account.app_id: account.name for account in accounts.values()}

    def bind_address(app_id: str) -> str | None:
        return settings.public(f"wechat/{names[app_id]}/bind") if app_id in names else None

    slots = PassiveSlots()
    channel = WechatChannel(
        accounts,
        apis,
        slots,
        Rendering(settings.public, bind_address),
        pusher=push,
        media_limit=settings.upload_limit_bytes,
    )
    return WechatParts(accounts, channel, slots, apis)


def install(app: FastAPI, services: Services, parts: WechatParts) -> None:
    """Add the callback's routes; before the hub starts and before the front ends are mounted."""
    signs = TypingSigns(services.addresses, parts.slots, parts.channel.typing)
    services.hub.listen(signs.on_event)
    followers = Followers(services, ALLOWANCES["action"])

    async def news(account: Account, event: AccountEvent) -> None:
        async with services.database.transaction() as session:
            if not await first_time(session, account.key, event.key, services.clock):
                return
            if event.fields.get("Event") in SUBSCRIPTION_EVENTS:
                await note_subscription(session, account, event.fields, services.clock)
            else:
                await note_result(session, account, event.fields)

    doors = {
        name: Door(account, _allow_list(account, parts.apis[account.app_id]), lambda: services.clock.now().timestamp())
        for name, account in parts.accounts.items()
    }
    webhook = Webhook(doors, services.inbox, followers, news, parts.slots, signs.request_over)
    app.include_router(webhook.router())


def _allow_list(account: Account, api: Api) -> AllowList:
    return AllowList(account.callback_addresses, api.call)
