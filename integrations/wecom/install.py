"""Puts the channel together: what the outbox needs before there are services, and what needs the services.

``apis_of`` and ``WecomChannel`` come first, as the channel is one of the services' parts; ``install`` comes when the
application stands; ``Wecom.start`` and ``stop`` belong to its life.
"""

import time
from collections.abc import Iterable, Mapping
from functools import partial

import httpx
from fastapi import FastAPI

from integrations.gateway.services import Services
from integrations.tencent.allow_list import AllowList
from integrations.tencent.api import Api
from integrations.tencent.fetching import FetchOne, WecomToken
from integrations.tencent.tokens import Tokens
from integrations.wecom.accounts import Account, KfAccount
from integrations.wecom.channel import WecomChannel
from integrations.wecom.events import KfEvents
from integrations.wecom.intake import Intake
from integrations.wecom.puller import SWEEP_SECONDS, Puller
from integrations.wecom.webhook import Callback, router_for

Transport = httpx.AsyncBaseTransport | None


def fetchers_of(accounts: Iterable[Account], transport: Transport = None) -> dict[str, FetchOne]:
    """How each company's token is asked for, by account key; for ``integrations.tencent.fetching.by_account``."""
    return {a.key: WecomToken(a.api_base, a.corp_id, a.secret, transport) for a in accounts}


def apis_of(accounts: Iterable[Account], tokens: Tokens, transport: Transport = None) -> dict[str, Api]:
    """Each company's calls, by corp id."""
    return {a.corp_id: Api(a.api_base, a.key, tokens, transport) for a in accounts}


class Wecom:
    """The running part of the channel: one puller and its intake for each customer-service account."""

    def __init__(self, pullers: Mapping[tuple[str, str], Puller], intakes: Iterable[Intake]) -> None:
        self._pullers = dict(pullers)
        self._intakes = list(intakes)

    async def start(self) -> None:
        """Pull what came while no server ran, and go on."""
        for puller in self._pullers.values():
            await puller.start()

    async def stop(self) -> None:
        """Take in no more. Before the inbox and the hub stop; the calls are closed by whoever made them."""
        for puller in self._pullers.values():
            await puller.stop()
        for intake in self._intakes:
            await intake.finish()

    def wake(self, corp_id: str, open_kfid: str, token: str) -> None:
        """A callback came."""
        self._pullers[corp_id, open_kfid].wake(token)


def install(
    app: FastAPI,
    services: Services,
    accounts: Mapping[str, Account],
    apis: Mapping[str, Api],
    channel: WecomChannel,
    sweep_seconds: float = SWEEP_SECONDS,
) -> Wecom:
    """Add the callbacks' routes, and make what pulls; the caller starts and stops it.

    Args:
        accounts: by name, from :func:`integrations.wecom.accounts.load`.
        apis: from :func:`apis_of`, the same that the channel has.
    """
    pullers: dict[tuple[str, str], Puller] = {}
    intakes: list[Intake] = []
    for account in accounts.values():
        api = apis[account.corp_id]
        for kf in account.open_kfids:
            intake = _intake(account, kf, api, services, channel)
            intakes.append(intake)
            pullers[account.corp_id, kf.id] = Puller(
                kf.id,
                f"{account.key}:{kf.id}",
                api,
                services.database,
                services.clock,
                intake.take,
                services.worker,
                sweep_seconds,
            )
    wecom = Wecom(pullers, intakes)
    app.include_router(router_for({name: _callback(a, apis, services, wecom) for name, a in accounts.items()}))
    return wecom


def _intake(account: Account, kf: KfAccount, api: Api, services: Services, channel: WecomChannel) -> Intake:
    events = KfEvents(
        account,
        kf,
        api,
        services.database,
        services.clock,
        services.hub,
        services.settings.company_name,
        partial(channel.changed_hands, account.corp_id, kf.id),
    )
    return Intake(account, kf, services.inbox.receive, events, services.settings.text_limit)


def _callback(account: Account, apis: Mapping[str, Api], services: Services, wecom: Wecom) -> Callback:
    def now() -> float:
        return services.clock.now().timestamp()

    allow_list = AllowList(account.callback_addresses, apis[account.corp_id].call, time.monotonic)
    return Callback(account, allow_list, now, partial(wecom.wake, account.corp_id))
