"""Whom a request of the binding page is for: the ticket it bears, and the browser that ticket was made for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import httpx
from fastapi import Depends, Header, Request

from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services, services_of
from integrations.gateway.settings import Settings
from integrations.wechat import oauth
from integrations.wechat.accounts import Account, external_id
from property_db.channels import single_use


class SignIns:
    """The sign-ins of every account, and the way to WeChat.

    Args:
        transport: another way, for tests.
    """

    def __init__(
        self, accounts: Mapping[str, Account], services: Services, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        secret = services.settings.action_secret_value
        self._accounts = accounts
        self._of = {name: oauth.SignIn(account, secret, services.clock) for name, account in accounts.items()}
        self._transport = transport

    def account(self, name: str) -> Account:
        """The account of this name.

        Raises:
            ApiError: 404 for a name that is none.
        """
        if name not in self._accounts:
            raise ApiError(404, "not_found")
        return self._accounts[name]

    def of(self, account: Account) -> oauth.SignIn:
        """The account's states and tickets."""
        return self._of[account.name]

    async def open_id_for(self, account: Account, code: str) -> str:
        """Whose code it is; raises what ``oauth.open_id_for`` raises."""
        return await oauth.open_id_for(account, code, self._transport)


@dataclass(frozen=True)
class SignedIn:
    """A resident whom WeChat has named, at the page of one account."""

    external_id: str
    ticket: oauth.Ticket


def cookie_name(settings: Settings) -> str:
    """With https the name has the prefix that keeps other hosts of the domain from setting it."""
    return "__Host-guanjia-bind" if (settings.public("") or "").startswith("https:") else "guanjia-bind"


async def signed_in(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    authorization: Annotated[str, Header()] = "",
) -> SignedIn:
    """FastAPI dependency: whom the ticket is for.

    Raises:
        ApiError: 401 without a ticket that is good, unused and this browser's.
    """
    sign_ins: SignIns = request.app.state.sign_ins
    scheme, _, bearer = authorization.partition(" ")
    name, _, text = bearer.partition(".")
    if scheme.lower() != "bearer":
        raise ApiError(401, "unauthorized")
    try:
        account = sign_ins.account(name)
        ticket = sign_ins.of(account).check_ticket(text, request.cookies.get(cookie_name(services.settings)))
    except (ApiError, oauth.SignInFailed):
        raise ApiError(401, "unauthorized") from None
    async with services.database.reading() as session:
        if await single_use.is_taken(session, ticket.nonce):
            raise ApiError(401, "unauthorized")
    return SignedIn(external_id(account, ticket.open_id), ticket)
