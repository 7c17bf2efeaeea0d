"""Blind transfer by REFER, with the exchange's reports of how it goes (RFC 3515)."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from aiosipua import SipRequest

from integrations.voice.line import TransferRefused
from integrations.voice.sip import numbers
from integrations.voice.sip.leg import Leg
from integrations.voice.sip.transactions import NoAnswer

LONGEST_SECONDS = 45.0
"""An agent's telephone rings for half of it; who has not answered then does not answer."""


class Progress:
    """How a transfer stands."""

    def __init__(self) -> None:
        self._outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def report(self, notify: SipRequest) -> None:
        """Take in one report: the status of the call to the agent, and whether it is the last one."""
        status = _status(notify.text)
        over = (notify.get_header("subscription-state") or "").lower().startswith("terminated")
        if status >= 200 or over:
            self.settle(status if status >= 200 else 500)

    def settle(self, status: int) -> None:
        """It is decided."""
        if not self._outcome.done():
            self._outcome.set_result(status)

    def fail(self, error: Exception) -> None:
        """The call is over meanwhile."""
        if not self._outcome.done():
            self._outcome.set_exception(error)
            self._outcome.exception()  # it may be that nobody waits yet

    @property
    def decided(self) -> bool:
        """Whether the last word was said."""
        return self._outcome.done()

    async def outcome(self) -> int:
        """The status of the agent's answer."""
        return await self._outcome


async def transfer(leg: Leg, progress: Progress, target: str, headers: Mapping[str, str], domain: str | None) -> None:
    """Ask the other side to call somebody else, and wait until that one has answered.

    Args:
        leg: the caller's dialog.
        progress: fed by the reports that come in the dialog.
        target: an extension or a number.
        headers: context; on the REFER itself and in its target, since exchanges pass on the one or the other.
        domain: the exchange's; None for the address of the caller's side.

    Raises:
        TransferRefused: refused, not answered, or no word about it.
        LineGone: the caller has hung up.
    """
    number = numbers.dialled(target)
    if number is None:
        raise TransferRefused("number")
    passed = numbers.to_pass(headers)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in passed.items())
    uri = f"sip:{number}@{domain or _host(leg)}" + (f"?{query}" if query else "")
    try:
        answer = await leg.request(
            "REFER", {**passed, "Refer-To": f"<{uri}>", "Referred-By": f"<{leg.dialog.local_uri}>"}
        )
    except NoAnswer as error:
        if progress.decided:
            await progress.outcome()  # raises LineGone where the caller is gone
        raise TransferRefused("silent") from error
    if answer.status_code >= 300:
        if progress.decided:
            await progress.outcome()
        raise TransferRefused(str(answer.status_code))
    if (answer.get_header("refer-sub") or "").strip().lower() == "false":
        progress.settle(200)  # it will report nothing
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            status = await progress.outcome()
    except TimeoutError as error:
        raise TransferRefused("timeout") from error
    if status >= 300:
        raise TransferRefused(str(status))


def _host(leg: Leg) -> str:
    host, port = leg.peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _status(fragment: str) -> int:
    """The status of a ``message/sipfrag``; 0 where it is none."""
    words = fragment.split(None, 2)
    if len(words) >= 2 and words[0].upper().startswith("SIP/") and words[1].isdigit():
        return int(words[1][:3])
    return 0
