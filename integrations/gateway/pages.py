"""Serves the built front ends, with a strict content security policy."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.staticfiles import StaticFiles

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


def install(app: FastAPI, settings: Settings) -> None:
    """Mount the front ends and set the security headers of every answer."""

    async def secure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", policy_of(request.url.path, settings))
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if request.url.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=secure)

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
