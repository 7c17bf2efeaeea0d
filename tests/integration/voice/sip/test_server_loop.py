"""The telephone works on the event loop that the server runs on, which is not the one of the other tests."""

import asyncio

import uvloop

from integrations.cli import sip_probe
from integrations.voice.configuration import Sip
from integrations.voice.line import Line
from integrations.voice.sip.telephone import SipTelephone


async def answered() -> sip_probe.Reply | None:
    async def take(line: Line) -> None:
        await line.reject("busy")

    telephone = SipTelephone(Sip(host="127.0.0.1", port=0), take, 1)
    await telephone.start()
    try:
        return await sip_probe.ask("OPTIONS", *telephone.address, "8000", "localhost", seconds=10)
    finally:
        await telephone.stop()


def test_it_listens_and_answers_on_the_servers_own_loop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reply = runner.run(answered())
    assert reply is not None
    assert reply.server == "Guanjia"
