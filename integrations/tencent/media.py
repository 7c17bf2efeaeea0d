"""What residents send besides text lies with the platform for three days and is fetched by its id."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from integrations.gateway.channel import MediaGone, MediaUnavailable
from integrations.tencent.errors import LATER, ApiRefused, ApiUnreachable, TooLarge

log = structlog.get_logger()

PATH = "/cgi-bin/media/get"

Download = Callable[[str, Mapping[str, str], int], Awaitable[tuple[bytes, str]]]
"""``Api.download`` of the account."""


async def fetch(download: Download, media_id: str | None, limit_bytes: int) -> bytes:
    """The bytes of a picture or a voice message.

    Raises:
        MediaGone: it is over, too large, or was never there.
        MediaUnavailable: try again later.
    """
    if not media_id:
        raise MediaGone
    try:
        content, _ = await download(PATH, {"media_id": media_id}, limit_bytes)
    except TooLarge:
        raise MediaGone from None
    except ApiRefused as refused:
        gone = refused.refusal not in LATER
        log.warning("tencent.media_refused", errcode=refused.errcode, gone=gone)
        raise (MediaGone if gone else MediaUnavailable) from None
    except ApiUnreachable:
        raise MediaUnavailable from None
    return content
