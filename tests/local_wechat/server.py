"""The local WeChat as one web application, and running it inside a test."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.wechat.accounts import Account
from integrations.wecom.accounts import Account as WecomAccount
from tests.local_wechat import control, resident, signin, wecom_resident
from tests.local_wechat.acts import Acts
from tests.local_wechat.clock import PeerClock
from tests.local_wechat.dispatch import Dispatcher
from tests.local_wechat.platform import Platform
from tests.local_wechat.pushes import LIMIT_SECONDS, Pushes
from tests.local_wechat.samples import qr_picture
from tests.local_wechat.templates import TemplateDesk
from tests.local_wechat.wecom import KfWorld
from tests.local_wechat.wecom_api import PREFIX, KfApi
from tests.local_wechat.world import World

PAGE = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class LocalWechat:
    """WeChat's servers and residents' phones in one process.

    Args:
        accounts: as in the account file; their `api_url`, `oauth_url` and `mp_url` should be this peer's address.
        servers: addresses of the server under test; with several, pushes go round.
        limit: seconds the server has for an answer.
        pause: seconds before the next delivery after a wrong answer.
        real: the time source, seconds since 1970.
        transport: for pushes, instead of real connections.
        wecom: companies with customer service; their `api_url` should be this peer's address and `/qyapi`.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        servers: Sequence[str],
        *,
        limit: float = LIMIT_SECONDS,
        pause: float = 1.0,
        real: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        wecom: Sequence[WecomAccount] = (),
    ) -> None:
        self.clock = PeerClock(real)
        self.world = World(accounts, self.clock)
        self.pushes = Pushes(self.world, servers, limit=limit, pause=pause, transport=transport)
        self.acts = Acts(self.world, self.pushes)
        self.templates = TemplateDesk(self.world, self.pushes)
        self.kf = KfWorld(wecom, self.world, self.pushes)
        self.app = self._application()

    async def close(self) -> None:
        """Stop everything that is on its way."""
        await self.pushes.close()
        await self.kf.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.world.url

    def _application(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(control.router(self.world, self.pushes, self.templates, self.kf))
        app.include_router(resident.router(self.world, self.pushes, self.acts))
        app.include_router(wecom_resident.router(self.kf))
        app.include_router(signin.router(self.world))
        self._pictures(app)
        endpoints = {**Platform(self.world).endpoints(), **self.templates.endpoints()}
        official = Dispatcher(self.world, endpoints, self.world.accounts)
        companies = Dispatcher(self.world, KfApi(self.kf).endpoints(), self.kf.companies, unknown_token=40014)

        async def call(request: Request) -> Response:
            path = request.url.path
            return await (companies if path.startswith(PREFIX) else official)(request, path)

        for prefix in ("/cgi-bin", "/sns", PREFIX):
            app.add_api_route(prefix + "/{path:path}", call, methods=["GET", "POST"], response_model=None)
        app.mount("/page", StaticFiles(directory=PAGE))
        app.add_api_route("/", lambda: FileResponse(PAGE / "index.html"), response_model=None)

        app.add_middleware(_Strict)
        return app

    def _pictures(self, app: FastAPI) -> None:
        @app.get("/cgi-bin/showqrcode")
        async def show(ticket: str = "") -> Response:
            if ticket not in self.world.tickets:
                return Response(status_code=404)
            return Response(qr_picture(ticket), media_type="image/jpg")

        @app.get("/mmbiz/{media_id}")
        async def picture(media_id: str) -> Response:
            media = self.world.media.get(media_id)
            return (
                Response(status_code=404) if media is None else Response(media.content, media_type=media.content_type)
            )


class _Strict:
    """Sets the page's policy on every answer; as plain ASGI, since hundreds of phones wait at the same time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, with_headers)


class _QuietServer(uvicorn.Server):
    """Leaves Ctrl-C to the caller."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # a generator, as uvicorn's own
        yield


@contextlib.asynccontextmanager
async def serve(peer: LocalWechat, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[LocalWechat]:
    """Run a peer in this event loop until the block ends; port 0 takes a free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        peer.world.url = f"http://{host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            peer.app, log_config=None, access_log=False, ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        server = _QuietServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
            if task.done():
                await task
        try:
            yield peer
        finally:
            await peer.close()
            server.should_exit = True
            await task
