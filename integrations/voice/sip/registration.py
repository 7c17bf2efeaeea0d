"""Registering as an extension of an exchange (RFC 3261 10), and staying it."""

import asyncio
from typing import Literal

import structlog
from aiosipua import SipResponse
from aiosipua.utils import generate_call_id, generate_tag

from integrations.voice.configuration import SipRegistration
from integrations.voice.sip.credentials import CHALLENGES, Credentials
from integrations.voice.sip.equipment import Equipment, resolve
from integrations.voice.sip.messages import Address, outside_dialog
from integrations.voice.sip.transactions import NoAnswer

log = structlog.get_logger()

RegistrationState = Literal["off", "registering", "registered", "failed"]

FIRST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 300.0
REFUSED_BACK_OFF = 60.0
"""A wrong password tried too often gets our address blocked."""
REFRESH_AFTER = 0.8
SHORTEST_REFRESH = 5.0
KEEP_ALIVE = 25.0
"""Seconds; home routers forget a UDP way after thirty."""
_REFUSED = (401, 403, 404, 407)
_MOST_TRIES = 4


class Registration:
    """Keeps us registered.

    Args:
        settings: the extension.
        credentials: the extension's name and password; told the realms in which the registrar asks for them.
        equipment: the socket, and who may call: calls are taken from the registrar's addresses.
    """

    def __init__(self, settings: SipRegistration, credentials: Credentials, equipment: Equipment) -> None:
        self._settings = settings
        self._credentials = credentials
        self._transactions = equipment.transactions
        self._identity = equipment.identity
        self._access = equipment.access
        self._domain = settings.domain or settings.registrar
        self._call_id = generate_call_id("guanjia")
        self._tag = generate_tag()
        self._number = 0
        self._expires = settings.expires
        self._address: Address | None = None
        self._last: tuple[RegistrationState, str | None] | None = None
        self.state: RegistrationState = "registering"
        self.reason: str | None = None

    async def find(self) -> None:
        """Look the registrar up, so that calls are taken from there before the first answer."""
        try:
            found = await resolve(self._settings.registrar, self._settings.port)
        except OSError:
            self._address = None
            return
        self._access.exchange_is(host for host, _ in found)
        if self._address not in found:
            self._address = found[0]

    async def run(self) -> None:
        """Register, and again before it runs out, until cancelled."""
        back_off = FIRST_BACK_OFF
        while True:
            granted, reason = await self._register(self._expires)
            if reason is None:
                self._became("registered", None)
                back_off = FIRST_BACK_OFF
                await self._stay(max(SHORTEST_REFRESH, granted * REFRESH_AFTER))
                continue
            self._became("failed", reason)
            wait = max(back_off, REFUSED_BACK_OFF) if reason.isdigit() and int(reason) in _REFUSED else back_off
            await asyncio.sleep(wait)
            back_off = min(2 * back_off, LONGEST_BACK_OFF)

    async def end(self, seconds: float) -> None:
        """Take the registration back, where there is one.

        Args:
            seconds: how long an answer is waited for.
        """
        if self.state == "registered":
            try:
                async with asyncio.timeout(seconds):
                    await self._register(0)
            except TimeoutError:
                log.info("voice.sip_unregister_unanswered")
        self.state = "off"

    async def _stay(self, seconds: float) -> None:
        """Wait for the next turn; an empty packet now and then keeps the way back through a NAT open (RFC 5626)."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, KEEP_ALIVE))
            if self._address is not None:
                self._transactions.send_bytes(b"\r\n\r\n", self._address)

    def _became(self, state: RegistrationState, reason: str | None) -> None:
        self.state, self.reason = state, reason
        if (state, reason) != self._last:
            self._last = (state, reason)
            if state == "registered":
                log.info("voice.sip_registered")
            else:
                log.error("voice.sip_registration_failed", reason=reason)

    async def _register(self, expires: int) -> tuple[int, str | None]:
        """Register once; the seconds granted, or why it failed."""
        await self.find()
        if self._address is None:
            return 0, "unknown_host"
        headers: dict[str, str] = {}
        challenged = False
        for _ in range(_MOST_TRIES):
            try:
                answer, uri = await self._ask(self._address, expires, headers)
            except NoAnswer:
                return 0, "no_answer"
            status = answer.status_code
            if status < 300:
                return _granted(answer, expires, self._settings.user), None
            if status == 423 and (answer.get_header("min-expires") or "").strip().isdigit():
                expires = self._expires = max(expires, int(answer.get_header("min-expires") or "0"))
                headers, challenged = {}, False
                continue
            stale = "stale=true" in (answer.get_header("www-authenticate") or "").lower().replace('"', "")
            if status in CHALLENGES and (not challenged or stale):
                proof = self._credentials.for_registrar(answer, uri)
                if proof is not None:
                    headers, challenged = proof, True
                    continue
            return 0, str(status)
        return 0, "refused_again"

    async def _ask(self, address: Address, expires: int, headers: dict[str, str]) -> tuple[SipResponse, str]:
        us = self._identity(address)
        uri = f"sip:{self._domain}"
        who = f"<sip:{self._settings.user}@{self._domain}>"
        self._number += 1
        request = outside_dialog("REGISTER", uri, us, (f"{who};tag={self._tag}", who), (self._call_id, self._number))
        request.headers.set_single("Expires", str(expires))
        for name, value in headers.items():
            request.headers.set_single(name, value)
        return await self._transactions.request(request, address), uri


def _granted(answer: SipResponse, asked: int, user: str) -> int:
    """The seconds that hold for our own contact; a registrar lists everybody's."""
    for contact in answer.contact:
        value = contact.params.get("expires") or ""
        if contact.uri.user == user and value.isdigit():
            return int(value)
    value = (answer.get_header("expires") or "").strip()
    return int(value) if value.isdigit() else asked
