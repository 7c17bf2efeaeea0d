"""A call whose dialplan may go on after our leg hung up, which is how it is transferred."""

import asyncio
import re
from abc import ABC
from collections.abc import Mapping

import structlog

from integrations.voice.asterisk.onward import Onward
from integrations.voice.line import LineGone, TransferRefused
from integrations.voice.paced_line import PacedLine

log = structlog.get_logger()

ASKS_WITHIN_SECONDS = 5.0
_TARGET = re.compile(r"\+?[0-9*#A-Za-z_.-]{1,40}")


class Leg(PacedLine, ABC):
    """The part that both of Asterisk's media connections share."""

    onward: Onward

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Publish the target, hang up our leg, and wait for the dialplan to ask where to go on.

        Nobody tells us whether the other telephone was answered: a dialplan should come back with a new call to us
        where it was not.

        Raises:
            TransferRefused: the dialplan does not go on, or this is no telephone.
            LineGone: the caller hung up meanwhile, or the dialplan did not ask.
        """
        if self.over is not None:
            raise LineGone
        if not self.can_transfer or not _TARGET.fullmatch(target):
            raise TransferRefused
        fetched = self.onward.publish(self.line_id, target, headers)
        await self.end("transferred")
        try:
            async with asyncio.timeout(ASKS_WITHIN_SECONDS):
                await fetched.wait()
        except TimeoutError:
            self.onward.withdraw(self.line_id)
            log.warning("voice.transfer_not_asked_for", transport=self.transport, line=self.line_id)
            raise LineGone from None
