"""Puts one server process together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import socketio
import structlog
from fastapi import FastAPI

import actions.base
from integrations.desk import api as desk_api
from integrations.desk import realtime as desk_realtime
from integrations.desk.presence import PresenceSweeper
from integrations.gateway import action_webhook, errors, health, pages, workers
from integrations.gateway.addresses import Addresses
from integrations.gateway.body_limit import BodyLimit
from integrations.gateway.channel import Channel
from integrations.gateway.engine_client import EngineClient
from integrations.gateway.hub import Hub
from integrations.gateway.inbox import Inbox
from integrations.gateway.outbox import Outbox
from integrations.gateway.router import Router
from integrations.gateway.services import Limits, Services
from integrations.gateway.settings import Settings
from integrations.gateway.sms import sender_for
from integrations.plaintext import api as plaintext_api
from integrations.plaintext.channel import PlainTextChannel
from integrations.webchat import api as webchat_api
from integrations.webchat import realtime as webchat_realtime
from integrations.webchat.channel import WebchatChannel
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

REALTIME_PATH = "realtime"


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The FastAPI application with Socket.IO mounted at ``/realtime``.

    Args:
        clock: another source of time, for tests.
    """
    services, realtime = build_services(settings, clock or Clock())
    presence = PresenceSweeper(services, realtime)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.hub.start()
        await services.outbox.start()
        await services.inbox.start()
        await presence.start()
        log.info("server.started", mode=settings.mode, database=services.database.engine.dialect.name)
        yield
        await presence.stop()
        await services.inbox.stop()
        await services.hub.stop()
        await services.outbox.stop()
        await services.engine.close()
        await services.database.dispose()
        log.info("server.stopped")

    app = FastAPI(
        title="Guanjia",
        description="管家：住宅小区智能客服。网页聊天、客服工作台与健康检查接口。",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.services = services
    app.state.realtime = realtime
    errors.install(app)
    app.include_router(health.router)
    app.include_router(webchat_api.router)
    app.include_router(webchat_api.public)
    app.include_router(desk_api.router)
    app.include_router(action_webhook.build(settings.action_secret_value))
    if settings.demo:
        app.include_router(plaintext_api.router)
    webchat_realtime.register(realtime, services)
    desk_realtime.register(realtime, services)
    app.mount(f"/{REALTIME_PATH}", socketio.ASGIApp(realtime, socketio_path=""))
    pages.install(app, settings)
    app.add_middleware(BodyLimit, upload_limit=settings.upload_limit_bytes)
    return app


def build_services(settings: Settings, clock: Clock) -> tuple[Services, socketio.AsyncServer]:
    """The shared parts, not started yet."""
    database = Database(settings.database)
    hub = Hub()
    addresses = Addresses(database)
    engine = EngineClient(str(settings.engine_url), settings.engine_limit_seconds)
    worker = workers.new_name()
    router = Router(settings, database, clock, hub, engine, worker)
    manager = socketio.AsyncRedisManager(settings.redis_url) if settings.redis_url else None
    realtime = socketio.AsyncServer(
        async_mode="asgi", client_manager=manager, cors_allowed_origins=None, max_http_buffer_size=100_000
    )
    channels: list[Channel] = [WebchatChannel(realtime), PlainTextChannel()]
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        hub=hub,
        engine=engine,
        addresses=addresses,
        inbox=Inbox(settings, database, clock, hub, router, worker),
        outbox=Outbox(database, clock, hub, addresses, channels),
        sms=sender_for(settings, clock),
        limits=Limits(settings),
    )
    actions.base.bind(database, clock, services.sms.send_code)
    return services, realtime
