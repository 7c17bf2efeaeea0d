"""What happens around messages: a resident comes in and is greeted, a session ends, a message did not arrive."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.hub import ConversationChanged, Event, Hub, MessageStored
from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused, ApiUnreachable
from integrations.wecom.accounts import CHANNEL, Account, KfAccount, external_id
from integrations.wecom.menus import list_entries, menu, rating_entries
from integrations.wecom.messages import KfEvent
from integrations.wecom.rendering import message_of
from integrations.wecom.texts import has, say
from property_db.channels import failures, windows
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.database import Database
from property_db.people import service as people

log = structlog.get_logger()

CODE_LASTS = timedelta(seconds=20)  # of welcome_code and msg_code, 微信客服「发送欢迎语等事件响应消息」
SESSION_ENDED = 3
# fail_type of msg_send_fail: 4 after 48 h, 5 session over, 6 more than five, 10 refused by the resident.
_REASONS = {4: "window_closed", 5: "window_closed", 6: "quota_used", 10: "refused_by_user"}


class KfEvents:
    """Handles the events of one customer-service account.

    Args:
        company: how the company is called in the greeting.
        changed_hands: told the ``external_userid`` whose session went to somebody, or ended.
    """

    def __init__(
        self,
        account: Account,
        kf: KfAccount,
        api: Api,
        database: Database,
        clock: Clock,
        hub: Hub,
        company: str,
        changed_hands: Callable[[str], None],
    ) -> None:
        self._account = account
        self._kf = kf
        self._api = api
        self._database = database
        self._clock = clock
        self._hub = hub
        self._company = company
        self._changed_hands = changed_hands
        self._running: set[asyncio.Task[None]] = set()

    async def handle(self, event: KfEvent) -> None:
        """See to one event. A repeated one does no harm: codes work once, and a note is written once."""
        match event.kind:
            case "enter_session":
                greeting = menu(say("welcome", company=self._company), list_entries("welcome"))
                self._respond(event, "welcome_code", greeting)
            case "session_status_change":
                self._changed_hands(event.user)
                if event.fields.get("change_type") == SESSION_ENDED:
                    self._respond(event, "msg_code", menu(say("rating"), rating_entries(), say("rating_tail")))
            case "msg_send_fail":
                await self._note_failure(event)
            case _:
                log.debug("wecom.event_ignored", kind=event.kind)

    async def finish(self) -> None:
        """Wait, within reason, for the responses that are on their way."""
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=5)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _respond(self, event: KfEvent, code_name: str, payload: dict[str, Any]) -> None:
        code = event.fields.get(code_name)
        if not isinstance(code, str) or not code:
            return  # nobody is to be greeted twice within 48 hours, says the platform by giving no code
        if self._clock.now() - event.at > CODE_LASTS:
            log.info("wecom.event_too_old", kind=event.kind)
            return
        # Beside the messages behind it: they must not wait for an answer of the platform.
        self._soon(self._send(event.kind, {"code": code, "msgid": _own_id(event), **payload}))

    async def _send(self, kind: str, body: dict[str, Any]) -> None:
        try:
            await self._api.call("/cgi-bin/kf/send_msg_on_event", body)
        except (ApiRefused, ApiUnreachable) as error:
            log.warning("wecom.event_not_answered", kind=kind, error=str(error))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _note_failure(self, event: KfEvent) -> None:
        """Leave a note for the desk, and take back that the message was delivered."""
        fail_type = event.fields.get("fail_type")
        key = f"send_fail_{fail_type}"
        cause = say(key if has(key) else "send_fail_0")
        reason = _REASONS.get(fail_type, "refused") if isinstance(fail_type, int) else "refused"
        async with self._database.transaction() as session:
            identity = await people.find_identity(session, CHANNEL, external_id(self._account, self._kf.id, event.user))
            if identity is None:
                return
            conversation_id = await self._failed_in(session, identity.id, event, reason)
            if reason == "window_closed":
                await windows.close(session, identity.id, event.at, self._clock)
            elif reason == "quota_used":
                await windows.exhaust(session, identity.id, event.at, self._clock)
            told: list[Event] = []
            if conversation_id is not None:
                note = await conversations.append(
                    session,
                    conversation_id,
                    direction=Direction.OUT,
                    author=Author.SYSTEM,
                    text=say("note_send_fail", cause=cause),
                    client_message_id=hashlib.sha256(f"note:{event.id}".encode()).hexdigest(),
                    visible_to_resident=False,
                    clock=self._clock,
                )
                told = [MessageStored(conversation_id, note.id), ConversationChanged(conversation_id)]
        log.warning("wecom.not_arrived", fail_type=fail_type, reason=reason)
        self._hub.publish(*told)

    async def _failed_in(self, session: AsyncSession, identity_id: int, event: KfEvent, reason: str) -> int | None:
        """The conversation of the message that failed; of one that is not ours, such as a greeting, the present one."""
        own = message_of(str(event.fields.get("fail_msgid", "")))
        found = None if own is None else await failures.sent_to(session, identity_id, own[1], own[0])
        if found is not None:
            await failures.not_arrived(session, found[1], reason)
            return found[0]
        current = await conversations.current_of(session, identity_id)
        return None if current is None else current.id


def _own_id(event: KfEvent) -> str:
    return f"e{hashlib.sha256(event.id.encode()).hexdigest()[:31]}"
