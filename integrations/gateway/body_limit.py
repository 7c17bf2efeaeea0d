"""Refuses request bodies that are too large before anything reads them whole."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON_LIMIT = 256 * 1024
_MULTIPART_FRAME = 64 * 1024


class BodyLimit:
    """ASGI middleware: 413 as soon as a body exceeds its limit, counted while it arrives.

    Args:
        upload_limit: bytes allowed for a picture; everything that is not multipart gets ``JSON_LIMIT``.
    """

    def __init__(self, app: ASGIApp, upload_limit: int) -> None:
        self._app = app
        self._upload_limit = upload_limit + _MULTIPART_FRAME

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what it reads."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        multipart = dict(scope["headers"]).get(b"content-type", b"").startswith(b"multipart/")
        limit = self._upload_limit if multipart else JSON_LIMIT
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                # Raised where the body is read, so that the error handlers give it the common form.
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
