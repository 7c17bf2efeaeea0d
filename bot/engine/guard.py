"""What the engine's port answers, and to whom.

Rasa's own server would let any caller on the machine swap the model, run actions and read conversations. The port is
bound to loopback; of what is left, programs may call the routes below, and a web page open in a browser on the same
machine may call none: a browser names the page in ``Origin`` and a rebound DNS name in ``Host``.
"""

from __future__ import annotations

import re

from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

ROUTES = (
    ("GET", r"/"),
    ("GET", r"/status"),
    ("GET", r"/version"),
    ("GET", r"/webhooks/rest/"),
    ("POST", r"/webhooks/rest/webhook/?"),
    ("DELETE", r"/webhooks/rest/conversations/[^/]+"),
    ("POST", r"/model/parse"),
    ("GET", r"/conversations/[^/]+/tracker"),
    ("POST", r"/conversations/[^/]+/tracker/events"),
    ("POST", r"/conversations/[^/]+/trigger_intent"),
)
LOCAL_HOSTS = {"127.0.0.1", "localhost", "[::1]"}


def refusal(method: str, path: str, host: str, origin: str | None) -> tuple[int, str] | None:
    """The status and code a request is refused with, or None when it may pass."""
    if origin is not None or host.rsplit(":", 1)[0] not in LOCAL_HOSTS:
        return 403, "not_from_here"
    if not any(method == allowed and re.fullmatch(pattern, path) for allowed, pattern in ROUTES):
        return 404, "no_such_route"
    return None


def protect(app: Sanic) -> None:
    """Refuse, before anything else runs, what ``refusal`` refuses."""

    @app.middleware("request")
    async def check(request: Request) -> HTTPResponse | None:
        refused = refusal(request.method, request.path, request.headers.get("host", ""), request.headers.get("origin"))
        return json({"error": refused[1]}, status=refused[0]) if refused else None
