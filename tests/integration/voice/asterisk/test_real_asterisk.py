"""Calls through a real Asterisk, set up as the operator's page says: by SIP, by its WebSocket and by AudioSocket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integrations.speech.weights import missing_packages
from integrations.voice.wav import as_wav
from property_db.calls.models import CallOutcome
from tests.integration.voice.test_real_calls import (
    AGENT_HERTZ,
    MENU_PERSON,
    ROOM,
    has_tone,
    owed_fen,
    sine,
    waiting_item,
)
from tests.support import engine_process
from tests.support.live import WANG
from tests.support.real_asterisk import (
    AGENT,
    BY_AUDIOSOCKET,
    BY_SIP,
    BY_WEBSOCKET,
    PASSWORD,
    PROGRAM,
    SECRET,
    RealAsterisk,
    real_asterisk,
)
from tests.support.sip_peers import baresip, free_port, needs_baresip
from tests.support.speech_process import until_seen
from tests.support.stack import free_port as free_tcp_port
from tests.support.voice_stack import Caller, House, open_house

pytestmark = [
    pytest.mark.engine,
    pytest.mark.may_skip,
    needs_baresip,
    pytest.mark.skipif(PROGRAM is None, reason="no Asterisk: GUANJIA_TEST_ASTERISK names none"),
    pytest.mark.skipif(bool(missing_packages()), reason="needs the extra speech: ./guanjia speech install"),
    pytest.mark.skipif(not engine_process.available(), reason="no engine environment: run ./guanjia once"),
]
WAYS = {"sip": BY_SIP, "websocket": BY_WEBSOCKET, "audiosocket": BY_AUDIOSOCKET}
QUESTION = "我想查一下我家欠了多少物业费"


@dataclass
class Estate:
    """The product and the exchange before it."""

    house: House
    exchange: RealAsterisk


class CallerBehind(Caller):
    """Somebody whose telephone is a line of the exchange."""

    number = BY_SIP

    @property
    def dialled(self) -> str:
        """The hotline's number at the exchange."""
        return self.number


@pytest.fixture(scope="module")
async def estate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Estate]:
    """The house as an extension of the exchange, which knows its other doors too."""
    port, tcp = free_port(), free_tcp_port()
    sip = {
        "host": "127.0.0.1",
        "port": free_port(),
        "rtp_ports": [25000, 25199],
        "registration": {
            "registrar": "127.0.0.1",
            "port": port,
            "user": "8000",
            "password": PASSWORD,
            "expires": 60,
        },
    }
    audiosocket = {"host": "127.0.0.1", "port": tcp, "secret": SECRET, "allowed": ["127.0.0.1/32"]}
    asterisk = {"secret": SECRET, "allowed": ["127.0.0.1/32"]}
    folder = tmp_path_factory.mktemp("asterisk")
    settings = {"sip": sip, "asterisk": asterisk, "audiosocket": audiosocket}
    async with (
        open_house(tmp_path_factory.mktemp("house"), **settings) as house,
        real_asterisk(folder, house.server.url, tcp, port) as exchange,
    ):
        await exchange.has("pjsip show contacts", "8000/sip:")
        yield Estate(house, exchange)


@pytest.fixture(params=list(WAYS))
async def wang(estate: Estate, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[CallerBehind]:
    """王建国 with a telephone at the exchange, which vouches for his number."""
    house, exchange = estate.house, estate.exchange
    house.speech.start()
    await house.speech.loaded()
    silence = await house.words("")
    async with baresip(tmp_path / "phone", silence, exchange.account(WANG, "regint=60")) as phone:
        await exchange.has("pjsip show contacts", f"{WANG}/sip:")
        caller = CallerBehind(house, phone)
        caller.number = WAYS[request.param]
        yield caller
    await house.idle()


async def test_arrears_are_asked_for_in_words_and_told(wang: CallerBehind, estate: Estate) -> None:
    await wang.dials()
    assert (await wang.row()).number == WANG
    await wang.presses(f"{ROOM}#")
    answer = await wang.says(QUESTION, interrupting=True)
    assert answer.card("bill_card")["total_fen"] == await owed_fen(estate.house, WANG) > 0
    await wang.hangs_up()
    assert (await wang.ended()).outcome is CallOutcome.SELF_SERVED


async def test_the_house_hangs_up_and_the_exchange_follows(wang: CallerBehind) -> None:
    await wang.dials()
    assert wang.call is not None
    wang.call.session.dismiss()
    await wang.phone.event("CALL_CLOSED")
    await wang.ended()


@pytest.mark.parametrize("transfer", ["bridge", "refer"])
async def test_who_asks_for_a_person_reaches_the_agents_line(
    wang: CallerBehind, estate: Estate, tmp_path: Path, transfer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, exchange = estate.house, estate.exchange
    settings = house.switchboard.settings.model_copy(update={"transfer": transfer})
    monkeypatch.setattr(house.switchboard, "settings", settings)
    microphone = tmp_path / "agent.wav"
    microphone.write_bytes(as_wav(sine(AGENT_HERTZ, 150)))
    account = exchange.account(AGENT, "regint=60", "answermode=manual")
    async with house.on_duty(AGENT) as agent, baresip(tmp_path / "agent", microphone, account, 0, "-s") as phone:
        await exchange.has("pjsip show contacts", f"{AGENT}/sip:")
        await wang.dials()
        await wang.presses("*")
        await wang.presses(MENU_PERSON)
        item = await until_seen("the desk shows them", lambda: waiting_item(agent, wang))
        await agent.post(f"/queue/{item}/take")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await asyncio.sleep(3.0)  # they talk
        await wang.hangs_up()
        await phone.event("CALL_CLOSED")
    assert has_tone(wang.phone.heard(), AGENT_HERTZ), "the caller hears the agent"
    assert (await wang.ended()).outcome is CallOutcome.AGENT
    if transfer == "refer" and wang.number != BY_SIP:
        assert phone.received("X-Guanjia-Call") == [wang.public_id]
