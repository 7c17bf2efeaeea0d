"""Whose conversation it is on the platform: with a desk of our own it stays with the 智能助手 (state 1) all the time.

0 new, 1 the automatic assistant, 2 in the platform's own queue, 3 somebody with the WeCom app, 4 over. Messages can be
sent in 0 and 1 only; in 0 the platform would put a resident who waits into its own queue.
"""

from collections import OrderedDict
from typing import Any

import structlog

from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused
from property_db.clock import Clock

log = structlog.get_logger()

OURS = 1
# A session may be over after 48 h, or be taken by hand at any time; then the next message says so (95018).
BELIEVED_SECONDS = 1800
MOST_REMEMBERED = 10_000


class ServiceStates:
    """Remembers in which conversations of one company we are known to be in charge."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._ours: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def ensure(self, open_kfid: str, user: str) -> None:
        """Take the conversation over where it is not known to be ours.

        Raises:
            ApiRefused: the platform does not let us.
            ApiUnreachable: it did not answer; nothing was sent to the resident.
        """
        now = self._clock.now().timestamp()
        if now - self._ours.get((open_kfid, user), float("-inf")) < BELIEVED_SECONDS:
            return
        whose = {"open_kfid": open_kfid, "external_userid": user}
        state = (await self._api.call("/cgi-bin/kf/service_state/get", whose)).get("service_state")
        if state != OURS:
            await self._take(whose)
        self._remember(open_kfid, user, now)

    async def take(self, open_kfid: str, user: str) -> None:
        """Take the conversation over, whatever was known of it.

        Raises:
            ApiRefused: the platform does not let us.
            ApiUnreachable: it did not answer; nothing was sent to the resident.
        """
        self.forget(open_kfid, user)
        await self._take({"open_kfid": open_kfid, "external_userid": user})
        self._remember(open_kfid, user, self._clock.now().timestamp())

    def forget(self, open_kfid: str, user: str) -> None:
        """The conversation has changed hands."""
        self._ours.pop((open_kfid, user), None)

    async def _take(self, whose: dict[str, Any]) -> None:
        try:
            await self._api.call("/cgi-bin/kf/service_state/trans", whose | {"service_state": OURS})
        except ApiRefused as refused:
            log.warning("wecom.not_taken_over", open_kfid=whose["open_kfid"], errcode=refused.errcode)
            raise

    def _remember(self, open_kfid: str, user: str, now: float) -> None:
        self._ours[open_kfid, user] = now
        self._ours.move_to_end((open_kfid, user))
        while len(self._ours) > MOST_REMEMBERED:
            self._ours.popitem(last=False)
