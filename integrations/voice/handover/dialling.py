"""The one way out: every call of ours, to residents and to agents' telephones, is dialled here."""

from collections.abc import Mapping

import structlog

from integrations.voice.hotline import Switchboard
from integrations.voice.line import Line, NotReached

log = structlog.get_logger()


async def dial(switchboard: Switchboard, number: str, headers: Mapping[str, str], ring_seconds: float) -> Line:
    """Call a number by the exchange; the line is answered when this returns.

    Raises:
        NotReached: nobody answered, there is no exchange, or the number is one that is not dialled.
    """
    refuse_abroad(switchboard, number)
    if switchboard.exchange is None:
        raise NotReached("not_configured")
    return await switchboard.exchange.dial(number, headers, ring_seconds)


def refuse_abroad(switchboard: Switchboard, number: str) -> None:
    """Refuse a number abroad, which the desk has refused already unless it was stored under other settings.

    Raises:
        NotReached: it is abroad, and the hotline's settings do not allow that.
    """
    if not switchboard.settings.outbound.dials(number):
        log.warning("voice.number_abroad")
        raise NotReached("not_configured")
