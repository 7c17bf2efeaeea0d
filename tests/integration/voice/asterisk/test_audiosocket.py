"""Calls over AudioSocket, with Asterisk's side of the protocol on a real socket."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from integrations.voice.line import HungUp, Key, Line
from tests.integration.voice.asterisk.conftest import Exchange
from tests.support.asterisk import SECRET, AudioSocket, ChanWebsocket, Desk, loud_seconds, tone, until


async def announce(exchange: Exchange, **fields: str) -> int:
    """What the dialplan does first; the status."""
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as dialplan:
        return (await dialplan.post(f"/voice/audiosocket/{SECRET}/calls", data=fields)).status_code


@pytest.mark.parametrize("wide", [False, True], ids=["8 kHz", "16 kHz"])
async def test_sound_goes_both_ways(exchange: Exchange, desk: Desk, wide: bool) -> None:
    desk.script = desk.echo
    async with AudioSocket(exchange.audiosocket, uuid4(), wide=wide) as phone:
        await phone.speak(tone(0.5, rate=16_000 if wide else 8_000))
        rate = 2 if wide else 1
        await until(lambda: loud_seconds(phone.played) / rate >= 0.46)
        await phone.hang_up()
        await until(lambda: desk.ended)
    assert loud_seconds(desk.heard) == pytest.approx(0.5, abs=0.05)


async def test_silence_is_sent_from_the_first_moment_even_while_nobody_answers(exchange: Exchange, desk: Desk) -> None:
    async def hesitate(line: Line) -> None:
        while not isinstance(await line.next_event(), HungUp):
            pass

    desk.script = hesitate
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await until(lambda: len(phone.kinds) >= 50)
        assert set(phone.kinds) == {0x10}
        assert loud_seconds(phone.played) == 0.0


async def test_a_prompt_is_not_sent_faster_than_it_is_spoken(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await until(lambda: desk.lines)
        line = desk.lines[0]
        line.play(tone(10.0))
        await until(lambda: loud_seconds(phone.played) > 0.1)
        assert line.unplayed > 5.0
        line.flush()
        assert line.unplayed <= 0.04
        await line.drained()


async def test_an_announced_caller_is_known(exchange: Exchange, desk: Desk) -> None:
    uuid = uuid4()
    assert await announce(exchange, uuid=str(uuid), **{"from": "+8613800138000", "to": "95001", "next": "1"}) == 204
    async with AudioSocket(exchange.audiosocket, uuid):
        await until(lambda: desk.lines)
    line = desk.lines[0]
    assert (line.transport, line.line_id, line.caller, line.called, line.can_transfer) == (
        "audiosocket",
        str(uuid),
        "+8613800138000",
        "95001",
        True,
    )


async def test_an_announcement_may_be_json_and_nonsense_is_refused(exchange: Exchange, desk: Desk) -> None:
    uuid = uuid4()
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as dialplan:
        address = f"/voice/audiosocket/{SECRET}/calls"
        assert (await dialplan.post(address, json={"uuid": str(uuid), "from": "8001"})).status_code == 204
        for body in (b"", b"[]", b"{", b"\xff", b"uuid=5"):
            assert (await dialplan.post(address, content=body)).status_code == 422
            json_type = {"Content-Type": "application/json"}
            assert (await dialplan.post(address, content=body, headers=json_type)).status_code == 422
        assert (await dialplan.post(address, content=b"x" * 5_000)).status_code == 413
        assert (await dialplan.post("/voice/audiosocket/a-guess/calls", data={"uuid": str(uuid)})).status_code == 404
    async with AudioSocket(exchange.audiosocket, uuid):
        await until(lambda: desk.lines)
    assert desk.lines[0].caller == "8001"


async def test_an_unknown_id_is_a_call_from_a_hidden_number(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()):
        await until(lambda: desk.lines)
    assert desk.lines[0].caller is None
    assert not desk.lines[0].can_transfer


async def test_keys_arrive_and_what_is_no_key_does_not(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        for digit in ("1", "", "é", "3", "#"):
            await phone.press(digit)
        await until(lambda: len(desk.happened(Key)) == 3)
        await phone.hang_up()
        await until(lambda: desk.ended)
    assert desk.happened(Key) == [Key("1"), Key("3"), Key("#")]
    assert desk.events[-1] == HungUp("caller")


async def test_hanging_up_tells_the_exchange(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await until(lambda: desk.lines)
        await desk.lines[0].hang_up()
        await asyncio.wait_for(phone.ended.wait(), 10)
        assert phone.kinds[-1] == 0x00


async def test_a_connection_that_is_torn_down_is_a_hang_up(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await until(lambda: phone.played)
        phone.reset()
        await until(lambda: desk.ended)
    assert desk.events[-1] == HungUp("caller")
    await until(lambda: exchange.transports.audiosocket is not None and exchange.transports.audiosocket.calls == 0)


async def test_an_error_of_the_exchange_ends_the_call(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await phone.send(0xFF, b"\x04")
        await until(lambda: desk.ended)
    assert desk.events[-1] == HungUp("error")


async def test_a_connection_without_an_id_is_no_call(exchange: Exchange, desk: Desk) -> None:
    reader, writer = await asyncio.open_connection(*exchange.audiosocket)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await writer.wait_closed()
    assert desk.lines == []


@pytest.mark.parametrize("allowed", ["192.0.2.0/24"])
async def test_another_network_is_not_let_in(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await asyncio.wait_for(phone.ended.wait(), 10)
    assert desk.lines == []


async def test_a_transfer_hangs_up_and_the_dialplan_learns_where_to_go_on(exchange: Exchange, desk: Desk) -> None:
    uuid = uuid4()
    await announce(exchange, uuid=str(uuid), next="1")
    async with AudioSocket(exchange.audiosocket, uuid) as phone:
        await until(lambda: desk.lines)
        transfer = asyncio.create_task(desk.lines[0].transfer("8001", {}))
        await asyncio.wait_for(phone.ended.wait(), 10)
        async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as dialplan:
            answer = await dialplan.get(f"/voice/audiosocket/{SECRET}/next", params={"callid": str(uuid)})
        await transfer
    assert answer.text == "target=8001"


async def test_stopping_ends_the_calls_that_go_on(exchange: Exchange, desk: Desk) -> None:
    async with AudioSocket(exchange.audiosocket, uuid4()) as phone:
        await until(lambda: desk.lines)
        await exchange.transports.stop()
        await asyncio.wait_for(phone.ended.wait(), 10)
    await until(lambda: desk.ended)


async def test_each_connection_tells_how_it_is(exchange: Exchange, desk: Desk) -> None:
    states = exchange.transports.states()
    async with AudioSocket(exchange.audiosocket, uuid4()), ChanWebsocket(exchange.port):
        await until(lambda: len(desk.lines) == 2)
        assert {name: (state().listening, state().calls) for name, state in states.items()} == {
            "asterisk": (True, 1),
            "audiosocket": (True, 1),
        }
    await until(lambda: desk.ended == 2)
    await exchange.transports.stop()
    assert not states["audiosocket"]().listening
