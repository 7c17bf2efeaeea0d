"""Calls that we place: to agents' telephones, and to residents."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Literal

import structlog
from aiosipua import SipRequest, SipResponse
from aiosipua.dialog import Dialog
from aiosipua.utils import format_addr, generate_call_id, generate_tag

from integrations.voice.line import NotReached
from integrations.voice.sip import numbers, session_timer
from integrations.voice.sip.credentials import CHALLENGES
from integrations.voice.sip.equipment import Equipment, resolve
from integrations.voice.sip.leg import Leg
from integrations.voice.sip.line import Facts, SipLine
from integrations.voice.sip.messages import SUPPORTED, Address, outside_dialog
from integrations.voice.sip.ports import NoPorts
from integrations.voice.sip.sdp import CONTENT_TYPE, Description, Unacceptable, described
from integrations.voice.sip.sound import Sound
from integrations.voice.sip.transactions import Client, NoAnswer

log = structlog.get_logger()

DEFAULT_PORT = 5060
Reason = Literal["busy", "no_answer", "rejected", "unreachable", "not_configured"]
_REASONS: dict[int, Reason] = {
    486: "busy", 600: "busy", 408: "no_answer", 480: "no_answer", 487: "no_answer",
    401: "rejected", 403: "rejected", 407: "rejected", 433: "rejected", 603: "rejected", 607: "rejected",
}  # fmt: skip
_MOST_TRIES = 3
"""The call, once more with the password, once more with a longer session timer."""


async def dial(equipment: Equipment, number: str, headers: Mapping[str, str], ring_seconds: float) -> SipLine:
    """Call a number through the exchange; the line is answered when this returns.

    Raises:
        NotReached: nobody answered.
    """
    target = numbers.dialled(number)
    if target is None:
        raise NotReached("rejected")
    address, domain = await _way(equipment)
    try:
        sound = await Sound.open(
            equipment.pace,
            equipment.ports,
            equipment.settings.host,
            lambda host: host == address[0] or equipment.access.allows(host),
        )
    except NoPorts as error:
        log.error("voice.sip_no_ports", lent=equipment.ports.lent)
        raise NotReached("unreachable") from error
    attempt = _Attempt(equipment, sound, address, f"sip:{target}@{domain}", domain, numbers.to_pass(headers))
    try:
        async with asyncio.timeout(ring_seconds):
            await attempt.run()
    except TimeoutError as error:
        if attempt.line is None:  # otherwise the answer came in the same moment
            raise NotReached("no_answer" if attempt.rang else "unreachable") from error
    except NoAnswer as error:
        raise NotReached("unreachable") from error
    except asyncio.CancelledError:
        if attempt.line is not None:
            await attempt.line.hang_up()
        raise
    finally:
        if attempt.line is None:
            attempt.give_up()
            await sound.close()
    line = attempt.line
    if line is None:
        status = attempt.status
        log.info("voice.sip_not_reached", status=status)
        raise NotReached(_REASONS.get(status, "unreachable"))
    return line


async def _way(equipment: Equipment) -> tuple[Address, str]:
    """Where calls go, and the domain they are for."""
    settings = equipment.settings
    if settings.agents_via is not None:
        host, port = _host_and_port(settings.agents_via)
        domain = settings.agents_via
    elif settings.registration is not None:
        host, port = settings.registration.registrar, settings.registration.port
        domain = equipment.domain or host
    else:
        raise NotReached("not_configured")
    try:
        return (await resolve(host, port))[0], domain
    except OSError as error:
        raise NotReached("unreachable") from error


def _host_and_port(via: str) -> Address:
    host, colon, port = via.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.startswith("[")):
        return via.strip("[]"), DEFAULT_PORT
    return host.strip("[]"), int(port)


class _Attempt:
    """One call on its way; what arrives for it after it was given up is ended at once."""

    def __init__(
        self, equipment: Equipment, sound: Sound, address: Address, uri: str, domain: str, headers: Mapping[str, str]
    ) -> None:
        us = equipment.identity(address)
        self._equipment = equipment
        self._sound = sound
        self._address = address
        self._headers = headers
        self._us = us
        self._dialog = Dialog(
            call_id=generate_call_id(us.address[0]),
            local_tag=generate_tag(),
            local_uri=f"sip:{us.user}@{equipment.domain or format_addr(*us.address)}",
            remote_uri=uri,
            remote_target=uri,
        )
        self._description = Description(us.address[0], sound.port, equipment.settings.codecs, secrets.randbits(31))
        self._offer = self._description.offer()
        self._client: Client | None = None
        self._session = equipment.settings.session_seconds
        self._given_up = False
        self.rang = False
        self.status = 0
        self.line: SipLine | None = None

    async def run(self) -> None:
        """Call until somebody answers, or refuses.

        Raises:
            NoAnswer: the exchange is silent.
        """
        extra: dict[str, str] = {}
        tried: set[int] = set()
        for _ in range(_MOST_TRIES):
            invite = self._invite(extra)
            client = self._equipment.transactions.begin(invite, self._address, self._provisional, self._final)
            self._client = client
            answer = await asyncio.shield(client.final)
            self.status = answer.status_code
            more = None if self.status in tried else self._again(invite, answer)
            if more is None:
                return
            tried.add(self.status)
            extra.update(more)

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._given_up = True
        if self._client is not None:
            self._equipment.transactions.cancel(self._client)

    def _invite(self, extra: Mapping[str, str]) -> SipRequest:
        dialog = self._dialog
        invite = outside_dialog(
            "INVITE",
            dialog.remote_uri,
            self._us,
            (f"<{dialog.local_uri}>;tag={dialog.local_tag}", f"<{dialog.remote_uri}>"),
            (dialog.call_id, dialog.next_cseq()),
        )
        headers = {"Supported": SUPPORTED, "Session-Expires": str(self._session), **self._headers, **extra}
        for name, value in headers.items():
            invite.headers.set_single(name, value)
        invite.headers.set_single("Content-Type", CONTENT_TYPE)
        invite.text = self._offer
        return invite

    def _again(self, invite: SipRequest, answer: SipResponse) -> dict[str, str] | None:
        """What a second try carries in addition; None where there is none."""
        credentials = self._equipment.credentials
        if answer.status_code in CHALLENGES and credentials is not None:
            return credentials.for_call(answer, "INVITE", invite.uri, self._address)
        least = answer.get_header("min-se") or ""
        if answer.status_code == 422 and least.strip().isdigit():
            self._session = max(self._session, int(least))
            return {"Min-SE": least.strip()}
        return None

    def _provisional(self, answer: SipResponse) -> None:
        self.rang = self.rang or answer.status_code > 100

    def _final(self, invite: SipRequest, answer: SipResponse) -> None:
        """The final answer, at once: the next packet may belong to the dialog that it begins."""
        if answer.status_code >= 300:
            return
        dialog = self._dialog
        target = answer.to_addr
        dialog.remote_tag = (target.tag if target else None) or ""
        dialog.route_set = list(reversed(answer.headers.get("record-route")))
        dialog.confirm()
        leg = Leg(self._equipment.transactions, dialog, self._address, self._us, self._equipment.credentials)
        leg.retarget(answer)
        leg.acknowledge(invite)
        if self._given_up:
            self._equipment.spawn(_end(leg))
            return
        line = SipLine(self._equipment, leg, self._sound, self._description, Facts(None, None, {}))
        try:
            sdp = described(answer)
            if sdp is None:
                raise Unacceptable("answer")
            agreed = self._description.agreed(sdp)
        except Unacceptable:
            self._equipment.spawn(_end(leg))
            self.status = 488
            return
        self._equipment.add(line)
        line.begin(session_timer.of_answer(answer))
        line.agree(agreed)
        self.line = line


async def _end(leg: Leg) -> None:
    """Hang a call up that nobody wants."""
    try:
        await leg.request("BYE")
    except NoAnswer:
        log.info("voice.sip_bye_unanswered")
