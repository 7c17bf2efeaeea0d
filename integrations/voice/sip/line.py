"""One SIP call as a :class:`integrations.voice.line.Line`."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import structlog
from aiosipua import SipRequest, SipResponse
from aiosipua.sdp import SdpMessage

from integrations.voice.line import (
    Audio,
    HangUpReason,
    Held,
    HungUp,
    Key,
    LineEvent,
    LineGone,
    RejectReason,
    TransferRefused,
)
from integrations.voice.sip import session_timer, transfers
from integrations.voice.sip.equipment import Equipment
from integrations.voice.sip.keys import Keys
from integrations.voice.sip.leg import Leg
from integrations.voice.sip.messages import SUPPORTED, response
from integrations.voice.sip.sdp import CONTENT_TYPE, Agreed, Description, Unacceptable, described
from integrations.voice.sip.session_timer import Interval, SessionTimer
from integrations.voice.sip.sound import Sound
from integrations.voice.sip.transactions import NoAnswer, Server

log = structlog.get_logger()

MOST_UNREAD = 1000
"""Pieces of sound that wait for a reader: 20 s; then the oldest is lost."""
_STATUS: dict[RejectReason, int] = {"busy": 486, "unavailable": 480, "forbidden": 403, "codec": 488}
_DIALOG_GONE = (408, 481)
_NO_SUCH_METHOD = (405, 501)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the exchange told about a call."""

    caller: str | None
    called: str | None
    headers: Mapping[str, str]


class SipLine:
    """One call.

    Args:
        equipment: what all calls share.
        leg: its dialog.
        sound: its stream, bound already.
        description: our side's SDP.
        facts: numbers and headers.
        invite: the request that is to be answered; None for a call we placed, which is answered already.
        offer: the caller's description; None where the caller waits for ours (late offer).
    """

    transport = "sip"
    can_transfer = True

    def __init__(
        self,
        equipment: Equipment,
        leg: Leg,
        sound: Sound,
        description: Description,
        facts: Facts,
        invite: Server | None = None,
        offer: SdpMessage | None = None,
    ) -> None:
        self.line_id = secrets.token_hex(6)
        self.caller = facts.caller
        self.called = facts.called
        self.headers = facts.headers
        self.leg = leg
        self.description = description
        self.timer = SessionTimer(self._refresh, lambda: self.finish("error"))
        self.transfer_progress: transfers.Progress | None = None
        self.pending: Server | None = None
        """Our success that is not acknowledged yet."""
        self.expects_answer = False
        """The acknowledgement has to carry the answer to our offer."""
        self._equipment = equipment
        self._sound = sound
        self._invite = invite
        self._offer = offer
        self._state: Literal["ringing", "talking", "over"] = "ringing"
        self._events: deque[LineEvent] = deque()
        self._happened = asyncio.Event()
        self._acknowledged = asyncio.Event()
        self._keys = Keys()
        self._held = False
        self._can_update = True
        self._ending: HungUp | None = None
        sound.on_sound = self._heard
        sound.on_key = self._key_event
        sound.on_turn = self._watch

    # --- Line ---------------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._state == "over"

    @property
    def ringing(self) -> bool:
        """Whether nobody has answered or refused it yet."""
        return self._state == "ringing"

    @property
    def came_in(self) -> bool:
        """Whether the other side called us."""
        return self._invite is not None

    async def answer(self) -> None:
        """Take the call; see :class:`integrations.voice.line.Line`."""
        if self._state == "talking":
            return
        if self._state == "over" or self._invite is None:
            raise LineGone
        invite = self._invite
        if self._offer is None:
            text = self.description.offer()
            self.expects_answer = True
        else:
            try:
                text, agreed = self.description.answer(self._offer)
            except Unacceptable:
                await self.reject("codec")
                raise LineGone from None
            self._sound.agree(agreed)
        self.begin(session_timer.of_invite(invite.request, self._equipment.settings.session_seconds))
        self.accept(invite, text)

    async def reject(self, reason: RejectReason) -> None:
        """Refuse a call that was not answered."""
        if self._state == "ringing":
            self.refuse(_STATUS[reason])
            self.finish("us")

    async def next_event(self) -> LineEvent:
        """The next event, in order; after the end always that one again."""
        while not self._events:
            if self._ending is not None:
                return self._ending
            self._happened.clear()
            await self._happened.wait()
        return self._events.popleft()

    def play(self, pcm: bytes) -> None:
        """Queue sound."""
        if self._state != "over":
            self._sound.play(pcm)

    def flush(self) -> float:
        """Drop what is queued; nothing of it is sent any more, not even the next frame."""
        return self._sound.flush()

    @property
    def unplayed(self) -> float:
        """Seconds of sound that are queued."""
        return self._sound.unplayed

    async def drained(self) -> None:
        """Wait until nothing is queued, or the call is over."""
        await self._sound.drained()

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Give the caller to another telephone by REFER; see :class:`integrations.voice.line.Line`."""
        if self._state != "talking":
            raise LineGone
        if self.transfer_progress is not None:
            raise TransferRefused("pending")
        self.transfer_progress = transfers.Progress()
        try:
            await transfers.transfer(self.leg, self.transfer_progress, target, headers, self._equipment.domain)
        finally:
            self.transfer_progress = None
        self.finish("transferred")

    async def hang_up(self) -> None:
        """End the call; once is enough."""
        if self._state == "ringing":
            await self.reject("unavailable")
        else:
            self.finish("us")

    # --- what requests within the dialog do ---------------------------------------------------------------------------

    def begin(self, interval: Interval | None) -> None:
        """The call is answered: sound goes from here."""
        self._state = "talking"
        self.timer.start(interval)
        self._sound.begin()

    def accept(self, server: Server, sdp: str | None) -> None:
        """Answer an INVITE or an UPDATE with success; an INVITE's has to be acknowledged."""
        headers = {"Contact": self.leg.us.contact, "Supported": SUPPORTED}
        interval = self.timer.interval
        if interval is not None:
            # From the answerer's side: it is ``uas`` of this request, whoever placed the call.
            headers["Session-Expires"] = f"{interval.seconds};refresher={'uas' if interval.ours else 'uac'}"
            if not interval.ours:
                headers["Require"] = "timer"
        answer = response(server.request, 200, self.leg.dialog.local_tag, headers)
        if sdp is not None:
            answer.headers.set_single("Content-Type", CONTENT_TYPE)
            answer.text = sdp
        if server.request.method == "INVITE":
            self.pending = server
            self._acknowledged.clear()
        self.leg.dialog.confirm()
        self._equipment.transactions.respond(server, answer, unacknowledged=self._never_acknowledged)

    def refuse(self, status: int) -> None:
        """Answer the INVITE that this line is with a refusal."""
        if self._invite is not None:
            answer = response(self._invite.request, status, self.leg.dialog.local_tag)
            self._equipment.transactions.respond(self._invite, answer)

    def acknowledged(self, ack: SipRequest) -> None:
        """The other side has our success; in a late offer its answer comes here."""
        if self.pending is None:
            return
        self.settle()
        if not self.expects_answer or self.over:
            return
        self.expects_answer = False
        try:
            answer = described(ack)
            if answer is None:
                raise Unacceptable("answer")
            self.agree(self.description.agreed(answer))
        except Unacceptable:
            self.finish("error")

    def settle(self) -> None:
        """The other side knows that we answered; nothing is repeated any more."""
        if self.pending is not None:
            self._equipment.transactions.acknowledged(self.pending)
            self.pending = None
        self._acknowledged.set()

    def agree(self, agreed: Agreed) -> None:
        """Sound goes otherwise from here: hold, another address, another codec."""
        self._sound.agree(agreed)
        if agreed.held != self._held:
            self._held = agreed.held
            self._tell(Held(agreed.held))

    def key_by_info(self, content_type: str, body: str) -> None:
        """A key that came as a request."""
        digit = self._keys.info(content_type, body, time.monotonic())
        if digit is not None:
            self._tell(Key(digit))

    def finish(self, reason: HangUpReason, *, tell: bool = True) -> None:
        """The call is over here; once is enough.

        Args:
            reason: for whoever reads the events.
            tell: the other side has to be told by BYE; only where the call was answered.
        """
        if self._state == "over":
            return
        answered, self._state = self._state == "talking", "over"
        self.timer.stop()
        self._sound.flush()
        if self.transfer_progress is not None:
            self.transfer_progress.fail(LineGone())
        self._ending = HungUp(reason)
        self._happened.set()
        log.info("voice.sip_ended", line=self.line_id, reason=reason)
        self._equipment.spawn(self._clear(bye=tell and answered))

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _clear(self, *, bye: bool) -> None:
        try:
            await self._sound.close()
            if bye:
                if self.pending is not None:  # RFC 3261 15: no BYE before the success is acknowledged
                    await self._acknowledged.wait()
                await self.leg.request("BYE")
        except NoAnswer:
            log.info("voice.sip_bye_unanswered", line=self.line_id)
        finally:
            self.leg.dialog.terminate()
            self._equipment.forget(self)

    def _never_acknowledged(self) -> None:
        self.pending = None
        self._acknowledged.set()
        self.finish("error")

    def _tell(self, event: LineEvent) -> None:
        if self._state == "over":
            return
        if len(self._events) >= MOST_UNREAD:
            self._drop_sound()
        self._events.append(event)
        self._happened.set()

    def _drop_sound(self) -> None:
        """Make room; keys and the like are never lost."""
        for index, event in enumerate(self._events):
            if isinstance(event, Audio):
                del self._events[index]
                return

    def _heard(self, pcm: bytes) -> None:
        if not self._held:  # music on hold is nobody's speech
            self._tell(Audio(pcm))

    def _key_event(self, payload: bytes, timestamp: int) -> None:
        digit = self._keys.event(payload, timestamp, time.monotonic())
        if digit is not None:
            self._tell(Key(digit))

    def _watch(self) -> None:
        """Once a frame: is anybody there?"""
        if self._held or self._state != "talking":
            return
        if time.monotonic() - self._sound.heard_at > self._equipment.settings.media_timeout:
            self.finish("no_media")

    def _refresh(self) -> None:
        self._equipment.spawn(self._confirm_session())

    async def _confirm_session(self) -> None:
        interval = self.timer.interval
        if interval is None or self._state != "talking":
            return
        headers = {"Session-Expires": f"{interval.seconds};refresher=uac", "Supported": SUPPORTED}
        try:
            answer = await self._confirmed(headers)
        except NoAnswer:
            self.finish("error")
            return
        if answer.status_code in _DIALOG_GONE:
            self.finish("error")
        elif not self.over:
            self.timer.start(interval)

    async def _confirmed(self, headers: Mapping[str, str]) -> SipResponse:
        if self._can_update:
            answer = await self.leg.request("UPDATE", headers)
            if answer.status_code not in _NO_SUCH_METHOD:
                return answer
            self._can_update = False
        answer = await self.leg.request("INVITE", headers, self.description.offer())
        if answer.status_code < 300 and not self.over:
            try:
                sdp = described(answer)
                if sdp is not None:
                    self.agree(self.description.agreed(sdp))
            except Unacceptable:
                log.warning("voice.sip_refresh_unacceptable", line=self.line_id)
        return answer
