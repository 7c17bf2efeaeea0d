"""What the callbacks of both platforms have in common: keys, how a request is refused, and how its body is read."""

import asyncio
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request

from integrations.tencent.accounts import CallbackSettings
from integrations.tencent.envelope import Envelope
from integrations.tencent.xml import BODY_LIMIT

READ_WITHIN_SECONDS = 2.0
"""A body of a few kilobytes that takes longer is somebody holding connections."""


class Refused(Exception):
    """A request that goes no further.

    Attributes:
        reason: one word, for the log.
        status: of the answer, which says nothing else.
    """

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def envelope_of(account: CallbackSettings, receiver: str, now: Callable[[], float]) -> Envelope:
    """What opens and seals an account's messages.

    Args:
        receiver: the platform's own id of the account, which every message names.
        now: seconds since 1970.
    """
    return Envelope(
        account.token.get_secret_value(),
        account.aes_keys,
        receiver,
        replay_window=account.replay_window_seconds,
        now=now,
    )


async def body_of(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The body, given up as soon as it is too long: by its own word first, then counted.

    Args:
        limit: bytes.

    Raises:
        Refused: it is too long, or does not come.
    """
    length = request.headers.get("content-length", "")
    if length and (not length.isdigit() or int(length) > limit):
        raise Refused("size", 413)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Refused("size", 413)
    except (TimeoutError, ClientDisconnect):
        raise Refused("slow") from None
    return bytes(body)
