"""The hotline's own telephone: an extension of any SIP exchange, or the end of a trunk."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from integrations.voice.configuration import Sip
from integrations.voice.line import Line, NotReached
from integrations.voice.sip import in_dialog, outbound
from integrations.voice.sip.access import LONGEST_OF_STRANGERS, Access
from integrations.voice.sip.equipment import Equipment
from integrations.voice.sip.inbound import Inbound, Take
from integrations.voice.sip.messages import Address, response
from integrations.voice.sip.registration import Registration, RegistrationState
from integrations.voice.sip.repeating import T1
from integrations.voice.sip.transactions import Server, Transactions

log = structlog.get_logger()

STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SipState:
    """How the telephone is.

    Attributes:
        listening: whether its port is open.
        registration: ``off`` where it does not register at all.
        reason: why registering failed: a status, ``no_answer`` or ``unknown_host``.
        calls: calls that go on.
        ports: pairs of RTP ports in use.
    """

    listening: bool
    registration: RegistrationState
    reason: str | None
    calls: int
    ports: int


class SipTelephone:
    """Takes and places calls; an :class:`integrations.voice.line.Exchange`.

    Args:
        settings: the section ``sip`` of ``hotline.yml``.
        take: runs an incoming call to its end.
        most_calls: calls that come in, at once; one more hears busy.
        t1: SIP's shortest repetition in seconds; tests make it short.
    """

    def __init__(self, settings: Sip, take: Take, most_calls: int, *, t1: float = T1) -> None:
        self._access = Access(settings.allowed)
        self._transactions = Transactions(self._heed, self._serve, self._access.refused, t1)
        self._equipment = Equipment(settings, self._access, self._transactions)
        self._inbound = Inbound(self._equipment, take, most_calls)
        self._registration: Registration | None = None
        if settings.registration is not None and self._equipment.credentials is not None:
            self._registration = Registration(settings.registration, self._equipment.credentials, self._equipment)
        self._registering: asyncio.Task[None] | None = None
        self._listening = False

    @property
    def address(self) -> Address:
        """Where it listens, with the port it really has."""
        return self._transactions.address

    async def start(self) -> None:
        """Listen, and register in the background.

        Raises:
            OSError: the port is taken, or the host is none of ours.
        """
        settings = self._equipment.settings
        await self._transactions.open(settings.host, settings.port)
        self._listening = True
        self._inbound.closed = False
        if self._registration is not None:
            await self._registration.find()
            self._registering = asyncio.get_running_loop().create_task(self._registration.run())
        log.info("voice.sip_listening", port=self.address[1])

    async def stop(self) -> None:
        """Unregister, end all calls, close the port; nothing of it stays behind."""
        self._inbound.closed = True
        if self._registering is not None:
            self._registering.cancel()
            with suppress(asyncio.CancelledError):
                await self._registering
            self._registering = None
        for line in self._equipment.lines:
            await line.hang_up()
        if self._registration is not None:
            await self._registration.end(STOP_SECONDS)
        await self._equipment.finish(STOP_SECONDS)
        await self._transactions.close()
        self._listening = False

    def state(self) -> SipState:
        """How it is now."""
        registration = self._registration
        return SipState(
            listening=self._listening,
            registration="off" if registration is None else registration.state,
            reason=None if registration is None else registration.reason,
            calls=len(self._equipment.lines),
            ports=self._equipment.ports.lent,
        )

    def left_over(self) -> int:
        """What is kept beyond the calls: dialogs, transactions, tasks. 0 after :meth:`stop`, or something leaks."""
        return self._equipment.left_over() + self._transactions.left_over()

    async def dial(self, number: str, headers: Mapping[str, str], ring_seconds: float) -> Line:
        """Call a number; see :class:`integrations.voice.line.Exchange`."""
        if not self._listening:
            raise NotReached("unreachable")
        return await outbound.dial(self._equipment, number, headers, ring_seconds)

    # --- packets ------------------------------------------------------------------------------------------------------

    def _heed(self, host: str, length: int) -> bool:
        """Whether a packet is read: everything of who may call or talks to us, a few short ones a second of the rest.

        Args:
            host: where it came from.
            length: bytes.
        """
        if self._access.allows(host) or self._equipment.talks_to(host) or self._transactions.asks(host):
            return True
        if length > LONGEST_OF_STRANGERS:  # before ``spend``: it must not cost honest strangers their turn
            self._access.refused("large")
            return False
        if self._access.spend():
            return True
        self._access.refused("flood")
        return False

    def _serve(self, server: Server) -> None:
        request = server.request
        line = self._equipment.line_of(request)
        if line is not None:
            in_dialog.serve(self._equipment, line, server)
            return
        if request.method == "ACK":
            return
        status = 200
        if not self._access.allows(server.address[0]):
            status = 405 if request.method == "REGISTER" else 403
            self._access.refused(request.method.lower() if len(request.method) < 12 else "other")
        elif request.method == "INVITE":
            self._inbound.invited(server)
            return
        elif request.method == "CANCEL":
            self._inbound.cancelled(server)
            return
        elif request.method != "OPTIONS":
            status = 481 if request.method in ("BYE", "INFO", "UPDATE", "NOTIFY", "PRACK", "REFER") else 405
        self._transactions.respond(server, response(request, status))
