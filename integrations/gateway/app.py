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
from integrations.gateway.forgetting import Forgetting
from integrations.gateway.housekeeping import Housekeeping
from integrations.gateway.hub import Hub
from integrations.gateway.inbox import Inbox
from integrations.gateway.media import MediaDesk
from integrations.gateway.messengers import Messengers
from integrations.gateway.messengers import build as build_messengers
from integrations.gateway.outbox import Outbox
from integrations.gateway.push_outbox import PushOutbox
from integrations.gateway.router import Router
from integrations.gateway.services import Limits, Services
from integrations.gateway.settings import Settings
from integrations.gateway.sms import sender_for
from integrations.plaintext import api as plaintext_api
from integrations.plaintext.channel import PlainTextChannel
from integrations.voice import configuration as hotline_file
from integrations.voice import install as voice
from integrations.voice.channel import VoiceChannel
from integrations.voice.listener import listener_of
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
    services, realtime, messengers, telephony = build_services(settings, clock or Clock())
    presence = PresenceSweeper(services, realtime)
    pushes = PushOutbox(services.database, services.clock, services.channels, services.worker)
    housekeeping = Housekeeping(services.database, services.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.hub.start()
        await services.outbox.start()
        await services.inbox.start()
        await presence.start()
        await pushes.start()
        await services.forgetting.start()
        await housekeeping.start()
        await messengers.start()
        await telephony.start()
        log.info("server.started", mode=settings.mode, database=services.database.engine.dialect.name)
        yield
        await telephony.stop()
        await messengers.stop()
        await housekeeping.stop()
        await services.forgetting.stop()
        await pushes.stop()
        await presence.stop()
        await services.inbox.stop()
        await services.hub.stop()
        await services.outbox.stop()
        await messengers.close()
        await telephony.close()
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
    messengers.install(app, services)
    telephony.install(app, services)
    webchat_realtime.register(realtime, services)
    desk_realtime.register(realtime, services)
    app.mount(f"/{REALTIME_PATH}", socketio.ASGIApp(realtime, socketio_path=""))
    pages.install(app, settings)
    app.add_middleware(BodyLimit, upload_limit=settings.upload_limit_bytes)
    return app


def build_services(
    settings: Settings, clock: Clock
) -> tuple[Services, socketio.AsyncServer, Messengers, voice.Telephony]:
    """The shared parts, not started yet."""
    database = Database(settings.database)
    hub = Hub()
    addresses = Addresses(database)
    engine = EngineClient(str(settings.engine_url), settings.engine_limit_seconds)
    worker = workers.new_name()
    manager = socketio.AsyncRedisManager(settings.redis_url) if settings.redis_url else None
    realtime = socketio.AsyncServer(
        async_mode="asgi", client_manager=manager, cors_allowed_origins=None, max_http_buffer_size=100_000
    )
    messengers = build_messengers(settings, database, clock, worker)
    calls = VoiceChannel(clock)
    own: list[Channel] = [WebchatChannel(realtime), PlainTextChannel(), calls]
    channels = {channel.name: channel for channel in (*own, *messengers.channels)}
    router = Router(settings, database, clock, hub, engine, channels, worker)
    media = MediaDesk(database, clock, hub, addresses, channels, settings.upload_dir, listener_of(settings), worker)
    inbox = Inbox(settings, database, clock, hub, router, channels, media, worker)
    outbox = Outbox(database, clock, hub, addresses, channels, worker)
    hotline = hotline_file.load(settings.hotline_settings_file)
    telephony = voice.build(settings, hotline, database, clock, hub, inbox, calls)
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        hub=hub,
        engine=engine,
        addresses=addresses,
        inbox=inbox,
        outbox=outbox,
        channels=channels,
        forgetting=Forgetting(
            database,
            clock,
            engine,
            settings.upload_dir,
            on_forgotten=lambda forgotten: addresses.forget(forgotten.conversation_ids),
        ),
        worker=worker,
        sms=sender_for(settings, clock),
        limits=Limits(settings),
        hotline=telephony.switchboard,
    )
    actions.base.bind(database, clock, services.sms.send_code)
    return services, realtime, messengers, telephony
