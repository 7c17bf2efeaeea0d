"""How a new access token is asked for on each of the two platforms."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from integrations.tencent.errors import ApiUnreachable
from integrations.tencent.exchange import Exchange
from integrations.tencent.tokens import Fetch, Fetched

FetchOne = Callable[[bool], Awaitable[Fetched]]


class OfficialAccountToken:
    """``POST /cgi-bin/stable_token``: asked again, it gives the same token, so two servers do not end each other's."""

    def __init__(
        self,
        api_base: str,
        app_id: str,
        app_secret: SecretStr,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api_base = api_base
        self._app_id = app_id
        self._app_secret = app_secret
        self._transport = transport

    async def __call__(self, force: bool) -> Fetched:
        """Fetch; ``force`` ends the present token and is rationed by the platform."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret.get_secret_value(),
            "force_refresh": force,
        }
        return await _fetched(self._api_base, self._transport, "/cgi-bin/stable_token", {}, body)


class WecomToken:
    """``GET /cgi-bin/gettoken``: the same token until it is nearly over; there is no forcing another one."""

    def __init__(
        self,
        api_base: str,
        corp_id: str,
        secret: SecretStr,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api_base = api_base
        self._corp_id = corp_id
        self._secret = secret
        self._transport = transport

    async def __call__(self, force: bool) -> Fetched:
        """Fetch; ``force`` changes nothing here."""
        del force
        params = {"corpid": self._corp_id, "corpsecret": self._secret.get_secret_value()}
        return await _fetched(self._api_base, self._transport, "/cgi-bin/gettoken", params, None)


def by_account(fetchers: Mapping[str, FetchOne]) -> Fetch:
    """One fetch for all accounts, by their keys."""

    async def fetch(account_key: str, force: bool) -> Fetched:
        return await fetchers[account_key](force)

    return fetch


async def _fetched(
    api_base: str,
    transport: httpx.AsyncBaseTransport | None,
    path: str,
    params: Mapping[str, str],
    body: Mapping[str, Any] | None,
) -> Fetched:
    exchange = Exchange(api_base, transport)  # once in two hours: nothing to keep open
    try:
        fields = (await exchange.ask(path, params, body)).fields()
    finally:
        await exchange.close()
    token, seconds = fields.get("access_token"), fields.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int) or seconds <= 0:
        raise ApiUnreachable(sent=True, reason="no_token")
    return token, seconds
