"""Who may call an account's callback: anybody with the keys, a list of networks, or the platform's own addresses."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from starlette.requests import Request

from integrations.tencent.accounts import Network
from integrations.tencent.callbacks import Refused

log = structlog.get_logger()

ADDRESSES = "/cgi-bin/getcallbackip"
ASK_EVERY_SECONDS = 24 * 3600.0
ASK_AGAIN_SECONDS = 2.0
ASK_WITHIN_SECONDS = 2.5

Ask = Callable[[str], Awaitable[dict[str, Any]]]


class AddressesUnknown(Exception):
    """The platform could not be asked for its addresses, so nobody can be let in just now."""


class AllowList:
    """Decides by the caller's address. It stands before the envelope, it does not replace it.

    Args:
        addresses: the account's ``callback_addresses``.
        ask: calls a path of the platform's interface; used for ``platform`` only.
        now: seconds of a clock that only goes forward.
    """

    def __init__(self, addresses: str | list[Network], ask: Ask, now: Callable[[], float] = time.monotonic) -> None:
        self._anybody = addresses == "any"
        self._asks = addresses == "platform"
        self._networks: list[Network] = addresses if isinstance(addresses, list) else []
        self._ask = ask
        self._now = now
        self._ask_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def allows(self, address: str) -> bool:
        """Whether a caller from ``address`` may come in.

        Raises:
            AddressesUnknown: the platform has never told its addresses so far.
        """
        if self._anybody:
            return True
        if self._asks:
            await self._refresh()
        try:
            caller = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(caller, "ipv4_mapped", None)
        return any((mapped or caller) in network for network in self._networks)

    async def check(self, request: Request) -> None:
        """Let a request in.

        Raises:
            Refused: its caller may not come in, or nobody can tell just now.
        """
        try:
            allowed = await self.allows(request.client.host if request.client else "")
        except AddressesUnknown:
            raise Refused("addresses_unknown", 503) from None  # the platform delivers again
        if not allowed:
            raise Refused("address")

    async def _refresh(self) -> None:
        """Ask once a day; a list that is known stays in use while the platform is asked, and if it does not answer."""
        if self._now() >= self._ask_at and self._asking is None:
            self._asking = asyncio.create_task(self._ask_platform())
        if self._networks:
            return
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=ASK_WITHIN_SECONDS)
        if not self._networks:
            raise AddressesUnknown

    async def _ask_platform(self) -> None:
        try:
            networks = _networks((await self._ask(ADDRESSES)).get("ip_list"))
            self._networks = networks or self._networks
            self._ask_at = self._now() + (ASK_EVERY_SECONDS if networks else ASK_AGAIN_SECONDS)
        except Exception as error:  # whatever it is: the list that is known stays, and the platform is asked later
            self._ask_at = self._now() + ASK_AGAIN_SECONDS
            log.error("wechat.addresses_unknown", error=type(error).__name__)
        finally:
            self._asking = None


def _networks(listed: Any) -> list[Network]:
    found: list[Network] = []
    for entry in listed if isinstance(listed, list) else []:
        try:
            found.append(ip_network(str(entry), strict=False))
        except ValueError:
            log.warning("wechat.address_not_read")
    return found
