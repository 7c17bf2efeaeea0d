"""What the transports over a WebSocket of our own server have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from starlette.websockets import WebSocket

from integrations.voice.line import Line
from integrations.voice.paced_line import PacedLine

log = structlog.get_logger()

FIRST_WITHIN_SECONDS = 5.0


async def first_text(socket: WebSocket) -> str | None:
    """The first message, which has to be a text one and to come soon; None otherwise."""
    try:
        async with asyncio.timeout(FIRST_WITHIN_SECONDS):
            message = await socket.receive()
    except TimeoutError:
        return None
    text = message.get("text")
    return text if isinstance(text, str) else None


async def carry(
    line: PacedLine, listening: Coroutine[object, object, None], take: Callable[[Line], Awaitable[None]]
) -> None:
    """Run a call while its line is listened to; ends when both have.

    A call that fails ends its own line, and nothing else: the log says so.
    """
    listener = asyncio.create_task(listening, name="voice.listen")
    try:
        await take(line)
    except Exception as error:
        log.error("voice.call_failed", transport=line.transport, line=line.line_id, error=type(error).__name__)
        await line.end("error")
    finally:
        await line.hang_up()
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
