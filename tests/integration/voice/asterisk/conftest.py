"""A server with both of Asterisk's media connections, and a desk that takes their calls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from integrations.gateway import errors
from integrations.voice.asterisk.install import AsteriskTransports, install_asterisk
from integrations.voice.configuration import Asterisk, AudioSocket, Hotline
from tests.support.asterisk import SECRET, Desk, serving


@dataclass
class Exchange:
    """Where the exchange connects."""

    port: int
    transports: AsteriskTransports
    desk: Desk

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def audiosocket(self) -> tuple[str, int]:
        assert self.transports.audiosocket is not None
        assert self.transports.audiosocket.address is not None
        return self.transports.audiosocket.address


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def allowed() -> str:
    """The network that the exchange is in."""
    return "127.0.0.0/8"


@pytest.fixture
async def exchange(desk: Desk, allowed: str) -> AsyncIterator[Exchange]:
    app = FastAPI()
    errors.install(app)
    networks = (ip_network(allowed),)
    hotline = Hotline(
        asterisk=Asterisk(secret=SecretStr(SECRET), allowed=networks),
        audiosocket=AudioSocket(port=0, secret=SecretStr(SECRET), allowed=networks),
    )
    transports = install_asterisk(app, desk, hotline)
    await transports.start()
    async with serving(app) as port:
        yield Exchange(port, transports, desk)
    await transports.stop()
