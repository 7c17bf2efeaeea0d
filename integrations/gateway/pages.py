"""Serves the built front ends, with a strict content security policy."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.gateway.settings import Settings

INTEGRATIONS = Path(__file__).parent.parent
WEBCHAT = INTEGRATIONS / "webchat" / "dist"
DESK = INTEGRATIONS / "desk" / "dist"

_BASE_POLICY = "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'"
# Element Plus positions its pop-ups with style attributes; scripts stay strict.
_DESK_POLICY = f"{_BASE_POLICY}; style-src 'self' 'unsafe-inline'"
# The interactive API page of FastAPI loads from a CDN and stays switched off; nothing needs more than this.


def policy_of(path: str, settings: Settings) -> str:
    """The policy for a path: who may frame it, and what it may load."""
    if path.startswith("/desk"):
        # The demo page shows the desk beside the chat; elsewhere nobody frames it.
        ancestors = "'self'" if settings.demo else "'none'"
        return f"{_DESK_POLICY}; frame-ancestors {ancestors}"
    if path.startswith("/webchat"):
        return f"{_BASE_POLICY}; frame-ancestors {settings.frame_ancestors}"
    return f"{_BASE_POLICY}; frame-ancestors 'self'"


def permissions_of(path: str, settings: Settings) -> str:
    """What a page may ask the browser for: the demo page's call button needs the microphone, nothing needs more."""
    microphone = "(self)" if settings.demo and path in {"/", "/index.html"} else "()"
    return f"microphone={microphone}, camera=(), geolocation=()"


class SecurityHeaders:
    """ASGI middleware that sets the security headers of every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the headers that the answer does not have yet."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy_of(path, self._settings))
                headers.setdefault("Permissions-Policy", permissions_of(path, self._settings))
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                if path.startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


def install(app: FastAPI, settings: Settings) -> None:
    """Mount the front ends and set the security headers of every answer."""
    app.add_middleware(SecurityHeaders, settings=settings)

    @app.get("/widget.js", include_in_schema=False)
    async def widget() -> FileResponse:
        return FileResponse(WEBCHAT / "widget.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @app.get("/desk", include_in_schema=False)
    async def desk() -> RedirectResponse:
        return RedirectResponse("/desk/")

    if DESK.is_dir():
        app.mount("/desk", StaticFiles(directory=DESK, html=True), name="desk")
    if WEBCHAT.is_dir():
        app.mount("/", StaticFiles(directory=WEBCHAT, html=True), name="webchat")
