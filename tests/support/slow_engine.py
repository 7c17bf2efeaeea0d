"""An engine that takes its time: the real one behind a proxy that keeps some turns waiting."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

TURN = "/webhooks/rest/webhook"


@contextlib.asynccontextmanager
async def slow_engine(engine_url: str, port: int, longest: float, share: float, seed: int = 5) -> AsyncIterator[str]:
    """Forwards everything until the block ends; the address.

    Args:
        longest, share: of the turns, ``share`` wait up to ``longest`` seconds and the others up to one.
    """
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=engine_url, timeout=120, trust_env=False, limits=limits) as http,
        running(_forwarding(http, longest, share, random.Random(seed)), port) as url,
    ):
        yield url


def _forwarding(http: httpx.AsyncClient, longest: float, share: float, chance: random.Random) -> FastAPI:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def forward(path: str, request: Request) -> Response:
        if request.url.path == TURN:
            await asyncio.sleep(chance.uniform(0, longest if chance.random() < share else 1.0))
        body = await request.body()
        headers = {"Content-Type": request.headers.get("content-type", "application/json")}
        answer = await http.request(
            request.method, f"/{path}", params=request.query_params, content=body, headers=headers
        )
        kept = {name: value for name, value in answer.headers.items() if name.startswith("x-guanjia")}
        return Response(answer.content, answer.status_code, kept, answer.headers.get("content-type"))

    return app


@contextlib.asynccontextmanager
async def running(app: FastAPI, port: int) -> AsyncIterator[str]:
    """Serve in this event loop until the block ends; the address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
        assert not task.done(), task.exception()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
