"""Calls that come in: from the INVITE to the line that rings."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiosipua import SipRequest
from aiosipua.dialog import create_dialog_from_request
from aiosipua.sdp import SdpMessage
from aiosipua.utils import generate_tag

from integrations.voice.line import Line
from integrations.voice.sip import numbers, session_timer
from integrations.voice.sip.equipment import Equipment
from integrations.voice.sip.leg import Leg
from integrations.voice.sip.line import Facts, SipLine
from integrations.voice.sip.messages import response
from integrations.voice.sip.ports import NoPorts
from integrations.voice.sip.sdp import Description, Unacceptable, described
from integrations.voice.sip.session_timer import SHORTEST, TooShort
from integrations.voice.sip.sound import Sound
from integrations.voice.sip.transactions import Server

log = structlog.get_logger()

Take = Callable[[Line], Awaitable[None]]


class Inbound:
    """Makes lines of INVITEs and gives them to whoever takes calls.

    Args:
        equipment: what all calls share.
        take: runs a call to its end; a call it leaves behind is ended.
        most_calls: calls that came in, at once; one more hears busy.
    """

    def __init__(self, equipment: Equipment, take: Take, most_calls: int) -> None:
        self._equipment = equipment
        self._take = take
        self._most_calls = most_calls
        self._opening: dict[str, Server] = {}
        self.closed = False

    def invited(self, server: Server) -> None:
        """A new call of a peer that may call."""
        request = server.request
        transactions = self._equipment.transactions
        transactions.remember(server)
        call_id = request.call_id or ""
        if (request.to_addr and request.to_addr.tag) or call_id in self._opening:
            status = 481  # of a call that is over, or a second copy of one that begins
        elif self._equipment.line_called(call_id) is not None:
            status = 482  # the same call by two ways; it rings already
        elif self.closed:
            status = 480
        else:
            self._checked(server)
            return
        transactions.respond(server, response(request, status))

    def _checked(self, server: Server) -> None:
        request, transactions = server.request, self._equipment.transactions
        try:
            offer = described(request)
            session_timer.of_invite(request, self._equipment.settings.session_seconds)
            if offer is not None:
                self._description(server.address[0], 2).answer(offer)  # not to be sent: whether it suits at all
        except TooShort:
            transactions.respond(server, response(request, 422, headers={"Min-SE": str(SHORTEST)}))
            return
        except Unacceptable as reason:
            log.info("voice.sip_unacceptable", reason=str(reason))
            transactions.respond(server, response(request, 488))
            return
        # Agents' telephones and those we rang take nobody's place: a caller who talks to one is one call, not two.
        calls = sum(line.came_in for line in self._equipment.lines) + len(self._opening)
        if calls >= self._most_calls:
            log.info("voice.sip_busy", calls=calls)
            transactions.respond(server, response(request, 486))
            return
        transactions.respond(server, response(request, 100))
        self._opening[request.call_id or ""] = server
        self._equipment.spawn(self._run(server, offer))

    def cancelled(self, server: Server) -> None:
        """The caller gives up before the answer."""
        transactions = self._equipment.transactions
        invite = transactions.invite_of(server.request)
        if invite is None:
            transactions.respond(server, response(server.request, 481))
            return
        line = self._equipment.line_called(invite.request.call_id or "")
        transactions.respond(server, response(server.request, 200, None if line is None else line.leg.dialog.local_tag))
        if line is not None and line.ringing:
            line.refuse(487)
            line.finish("caller", tell=False)
        elif line is None:
            transactions.respond(invite, response(invite.request, 487))  # its ports are being bound

    def _description(self, address: str, port: int) -> Description:
        return Description(address, port, self._equipment.settings.codecs, secrets.randbits(31))

    async def _run(self, server: Server, offer: SdpMessage | None) -> None:
        call_id = server.request.call_id or ""
        try:
            line = await self._line(server, offer)
        except NoPorts:
            log.error("voice.sip_no_ports", lent=self._equipment.ports.lent)
            self._equipment.transactions.respond(server, response(server.request, 486))
            return
        finally:
            self._opening.pop(call_id, None)
        if line is None:
            return
        log.info("voice.sip_incoming", line=line.line_id, late_offer=offer is None)
        try:
            await self._take(line)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a fault in one call is not the telephone's
            log.error("voice.call_failed", line=line.line_id, error=type(error).__name__, exc_info=error)
            if line.ringing:
                await line.reject("unavailable")
            line.finish("error")
        finally:
            await line.hang_up()

    async def _line(self, server: Server, offer: SdpMessage | None) -> SipLine | None:
        """The line, ringing; None where the caller has given up meanwhile."""
        equipment, request, source = self._equipment, server.request, server.address
        sound = await Sound.open(
            equipment.pace,
            equipment.ports,
            equipment.settings.host,
            lambda host: host == source[0] or equipment.access.allows(host),
        )
        if server.status >= 200 or self.closed:
            await sound.close()
            if server.status < 200:
                equipment.transactions.respond(server, response(request, 480))
            return None
        us = equipment.identity(source)
        dialog = create_dialog_from_request(request, local_tag=generate_tag())
        leg = Leg(equipment.transactions, dialog, source, us, credentials=None)
        line = SipLine(
            equipment, leg, sound, self._description(us.address[0], sound.port), _facts(request), server, offer
        )
        equipment.add(line)
        equipment.transactions.respond(server, response(request, 180, dialog.local_tag, {"Contact": us.contact}))
        return line


def _facts(invite: SipRequest) -> Facts:
    return Facts(numbers.caller_number(invite), numbers.called_number(invite), numbers.passed_along(invite))
