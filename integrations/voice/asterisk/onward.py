"""Where the dialplan goes on after we hung up: the way a caller is transferred on Asterisk's media connections.

Neither ``chan_websocket`` nor AudioSocket can transfer. So the target is published here under the call's id, our leg
hangs up, and the dialplan, which goes on behind ``Dial(…,g)`` or ``AudioSocket()``, asks for it::

    same => n,Set(CURLOPT(hashcompat)=yes)
    same => n,Set(HASH(next)=${CURL(https://…/voice/asterisk/SECRET/next?callid=${UNIQUEID})})
    same => n,GotoIf($["${HASH(next,target)}" = ""]?over)
    same => n,Dial(PJSIP/${HASH(next,target)},25,b(context^headers^1))

The answer is form-encoded, ``target=8001&X-Guanjia-Call=…``, which is what CURL's ``hashcompat`` reads; it is empty
where the call is simply over. A dialplan that does this says so when the call comes in (``next=1``); without that a
line does not offer to transfer.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

KEPT_SECONDS = 60.0
MOST = 1_000


@dataclass(slots=True)
class _Target:
    text: str
    until: float
    fetched: asyncio.Event = field(default_factory=asyncio.Event)


class Onward:
    """Published targets, each kept for a minute and given once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._targets: dict[str, _Target] = {}

    def publish(self, call_id: str, target: str, headers: Mapping[str, str]) -> asyncio.Event:
        """Let the dialplan find where to go on; the event is set once it has asked."""
        self._forget_old()
        entry = _Target(urlencode({"target": target, **headers}), self._now() + KEPT_SECONDS)
        self._targets[call_id] = entry
        return entry.fetched

    def withdraw(self, call_id: str) -> None:
        """The call did not leave."""
        self._targets.pop(call_id, None)

    def take(self, call_id: str) -> str:
        """What the dialplan reads; empty where nothing was published."""
        self._forget_old()
        entry = self._targets.pop(call_id, None)
        if entry is None:
            return ""
        entry.fetched.set()
        return entry.text

    def _forget_old(self) -> None:
        now = self._now()
        self._targets = {key: entry for key, entry in self._targets.items() if entry.until > now}
        while len(self._targets) >= MOST:
            self._targets.pop(next(iter(self._targets)))
