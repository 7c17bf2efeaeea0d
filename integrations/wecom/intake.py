"""Takes in what was pulled: each entry is committed, or is certainly nothing to keep, before the next one."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from integrations.gateway.channel import InboundMessage
from integrations.gateway.errors import ApiError
from integrations.wecom.accounts import Account, KfAccount
from integrations.wecom.events import KfEvents
from integrations.wecom.messages import entry_id, event_in, message_in, sent_at
from property_db.errors import DatabaseBusy, DomainError

log = structlog.get_logger()

# The platform hands out three days of history. What was sent before this server first pulled was somebody else's to
# answer; a little earlier may be what made somebody look whether it works.
BEFORE_WE_BEGAN = timedelta(minutes=10)
# An entry that fails for a reason of its own would stop everybody behind it.
TRIES = 5


class Intake:
    """Takes in the entries of one customer-service account.

    Args:
        receive: commits a message and starts on its answer; a repeated one changes nothing.
        text_limit: of a message, in characters.
    """

    def __init__(
        self,
        account: Account,
        kf: KfAccount,
        receive: Callable[[InboundMessage], Awaitable[object]],
        events: KfEvents,
        text_limit: int,
    ) -> None:
        self._account = account
        self._kf = kf
        self._receive = receive
        self._events = events
        self._text_limit = text_limit
        self._failures: dict[str, int] = {}

    async def take(self, entry: Mapping[str, Any], begun_at: datetime) -> None:
        """Commit one entry; doing so again changes nothing.

        Args:
            begun_at: when this account was pulled for the first time.

        Raises:
            Exception: it could not be committed now and has to come again.
        """
        moment = sent_at(entry)
        if moment is not None and moment < begun_at - BEFORE_WE_BEGAN:
            return
        own_id = entry_id(entry)
        try:
            await self._commit(entry)
        except (DatabaseBusy, DBAPIError, OSError):
            raise  # not the entry's fault, so it comes again for as long as it takes
        except (ApiError, DomainError) as refusal:
            log.warning("wecom.message_refused", code=refusal.code)
        except Exception as error:
            self._failures[own_id] = self._failures.get(own_id, 0) + 1
            log.error("wecom.message_failed", error=type(error).__name__, tries=self._failures[own_id])
            if self._failures[own_id] < TRIES:
                raise
            self._failures.pop(own_id)
        else:
            self._failures.pop(own_id, None)

    async def _commit(self, entry: Mapping[str, Any]) -> None:
        event = event_in(entry)
        if event is not None:
            await self._events.handle(event)
            return
        message = message_in(self._account, self._kf, entry, self._text_limit)
        if message is not None:
            await self._receive(message)

    async def finish(self) -> None:
        """Wait for what was begun beside the entries."""
        await self._events.finish()
