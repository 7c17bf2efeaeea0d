"""What every part of the server shares, made once at start and handed out through FastAPI's dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from integrations.gateway.addresses import Addresses
from integrations.gateway.channel import Channel
from integrations.gateway.engine_client import EngineClient
from integrations.gateway.forgetting import Forgetting
from integrations.gateway.hub import Hub
from integrations.gateway.inbox import Inbox
from integrations.gateway.outbox import Outbox
from integrations.gateway.rate_limit import RateLimit
from integrations.gateway.settings import Settings
from integrations.gateway.sms import SmsSender
from property_db.clock import Clock
from property_db.database import Database

if TYPE_CHECKING:
    from integrations.voice.hotline import Switchboard


class Limits:
    """How often one address, or one identity, may do what costs something."""

    def __init__(self, settings: Settings) -> None:
        self.sessions = RateLimit(count=300, seconds=60)
        self.codes = RateLimit(count=60, seconds=60)
        self.uploads = RateLimit(count=60, seconds=60)
        self.messages = RateLimit(count=settings.messages_per_minute, seconds=60)


@dataclass(frozen=True)
class Services:
    """The parts of one server process.

    Attributes:
        inbox: takes residents' messages and answers them in order.
        outbox: stores what goes to residents and hands it to the channels.
        hub: tells listeners what was committed.
        channels: the adapters by their names.
        forgetting: removes what belongs to a resident who leaves.
        worker: names this process in claimed rows.
        hotline: the telephone's switchboard; None where a server is put together without one.
    """

    settings: Settings
    clock: Clock
    database: Database
    hub: Hub
    engine: EngineClient
    addresses: Addresses
    inbox: Inbox
    outbox: Outbox
    channels: Mapping[str, Channel]
    forgetting: Forgetting
    worker: str
    sms: SmsSender
    limits: Limits
    hotline: "Switchboard | None" = None


def services_of(request: Request) -> Services:
    """FastAPI dependency: the services of this process."""
    services: Services = request.app.state.services
    return services
