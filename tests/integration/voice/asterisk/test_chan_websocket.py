"""Calls over Asterisk's WebSocket channel driver, with its side of the protocol on a real socket."""

import asyncio

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from integrations.voice.line import HungUp, Key, Line, LineGone, TransferRefused
from tests.integration.voice.asterisk.conftest import Exchange
from tests.support.asterisk import SECRET, ChanWebsocket, Desk, loud_seconds, tone, until

CALL = {"callid": "1761245643.1", "from": "13800138000", "to": "95001"}


@pytest.mark.parametrize("codec", ["ulaw", "alaw", "slin"])
@pytest.mark.parametrize("spelling", ["plain", "json"])
async def test_sound_goes_both_ways_in_each_coding_and_spelling(exchange: Exchange, codec: str, spelling: str) -> None:
    exchange.desk.script = exchange.desk.echo
    async with ChanWebsocket(exchange.port, codec=codec, spelling=spelling, **CALL) as phone:
        await phone.speak(tone(0.4))
        await until(lambda: loud_seconds(phone.played) >= 0.38)
        assert phone.answered
        assert (phone.odd, phone.dropped) == (0, 0)
    await until(lambda: exchange.desk.ended)
    assert loud_seconds(exchange.desk.heard) == pytest.approx(0.4, abs=0.02)


async def test_the_dialplan_tells_who_calls(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL, **{"X-Estate": "cuihu"}):
        await until(lambda: desk.lines)
    line = desk.lines[0]
    assert (line.transport, line.line_id, line.caller, line.called) == (
        "asterisk",
        "1761245643.1",
        "13800138000",
        "95001",
    )
    assert line.headers == {"x-estate": "cuihu"}
    assert not line.can_transfer


async def test_a_hidden_number_is_none(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **{"from": "anonymous"}):
        await until(lambda: desk.lines)
    assert desk.lines[0].caller is None
    assert desk.lines[0].line_id


async def test_keys_come_one_by_one_and_the_hang_up_comes_last(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        for digit in "5A0*#":
            await phone.press(digit)
        await until(lambda: len(desk.happened(Key)) == 4)
    await until(lambda: desk.ended)
    assert desk.happened(Key) == [Key("5"), Key("0"), Key("*"), Key("#")]
    assert desk.events[-1] == HungUp("caller")
    assert await desk.lines[0].next_event() == HungUp("caller")


async def test_the_exchange_is_fed_silence_while_nothing_is_said(exchange: Exchange) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await until(lambda: len(phone.played) > 320 * 40)
        assert loud_seconds(phone.played) == 0.0


async def test_a_long_prompt_never_fills_the_queue_of_the_exchange_and_arrives_whole(
    exchange: Exchange, desk: Desk
) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await until(lambda: desk.lines)
        line = desk.lines[0]
        line.play(tone(1.5))
        await line.drained()
        assert loud_seconds(phone.played) == pytest.approx(1.5, abs=0.03)
        assert phone.longest < 50
        assert "MARK_MEDIA" in phone.commands


async def test_a_flush_stops_what_the_exchange_has_queued(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await until(lambda: desk.lines)
        line = desk.lines[0]
        line.play(tone(20.0))
        await until(lambda: loud_seconds(phone.played) > 0.2)
        dropped = line.flush()
        await until(lambda: "FLUSH_MEDIA" in phone.commands)
        heard = loud_seconds(phone.played)
        assert dropped + heard == pytest.approx(20.0, abs=2.0)
        assert line.unplayed == 0.0
        line.play(tone(0.1))
        await line.drained()
        assert loud_seconds(phone.played) < heard + 0.2


async def test_nobody_waits_for_a_mark_that_a_flush_took_away(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await until(lambda: desk.lines)
        line = desk.lines[0]
        line.play(tone(0.1))
        waiting = asyncio.create_task(line.drained())
        await until(lambda: phone.played)
        line.flush()
        await asyncio.wait_for(waiting, 10)


async def test_an_exchange_that_takes_nothing_is_not_flooded(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, xoff=5, xon=3, **CALL) as phone:
        await until(lambda: desk.lines)
        phone.frozen = True
        line = desk.lines[0]
        line.play(tone(1.0))
        await until(lambda: phone.queued >= 5)
        phone.frozen = False
        await line.drained()
        assert phone.dropped == 0
        assert loud_seconds(phone.played) == pytest.approx(1.0, abs=0.05)


async def test_hanging_up_tells_the_exchange(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await until(lambda: desk.lines)
        await desk.lines[0].hang_up()
        await desk.lines[0].hang_up()
        await phone.gone()
        assert phone.hung_up
    await until(lambda: desk.ended)
    assert desk.events[-1] == HungUp("us")


async def test_a_refused_call_is_never_answered(exchange: Exchange, desk: Desk) -> None:
    async def refuse(line: Line) -> None:
        await line.reject("busy")
        with pytest.raises(LineGone):
            await line.answer()

    desk.script = refuse
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await phone.gone()
        assert (phone.answered, phone.hung_up) == (False, True)


async def test_a_call_that_fails_hangs_up(exchange: Exchange, desk: Desk) -> None:
    async def fail(line: Line) -> None:
        await line.answer()
        raise ValueError

    desk.script = fail
    async with ChanWebsocket(exchange.port, **CALL) as phone:
        await phone.gone()
        assert phone.hung_up


async def test_a_transfer_hangs_up_and_the_dialplan_learns_where_to_go_on(exchange: Exchange, desk: Desk) -> None:
    async with (
        ChanWebsocket(exchange.port, **CALL, next="1") as phone,
        httpx.AsyncClient(base_url=exchange.url, trust_env=False) as dialplan,
    ):
        await until(lambda: desk.lines)
        line = desk.lines[0]
        assert line.can_transfer
        transfer = asyncio.create_task(line.transfer("8001", {"X-Guanjia-Call": "C1"}))
        await phone.gone()
        address = f"/voice/asterisk/{SECRET}/next"
        answer = await dialplan.get(address, params={"callid": CALL["callid"]})
        await transfer
        assert answer.text == "target=8001&X-Guanjia-Call=C1"
        assert (await dialplan.get(address, params={"callid": CALL["callid"]})).text == ""
    assert await line.next_event() in desk.events
    assert desk.events[-1] == HungUp("transferred")


async def test_a_dialplan_that_ends_with_our_leg_cannot_transfer(exchange: Exchange, desk: Desk) -> None:
    async with ChanWebsocket(exchange.port, **CALL):
        await until(lambda: desk.lines)
        with pytest.raises(TransferRefused):
            await desk.lines[0].transfer("8001", {})
        assert desk.events == [] or not isinstance(desk.events[-1], HungUp)


@pytest.mark.parametrize("codec", ["slin16", "opus"])
async def test_a_format_that_no_telephone_has_is_no_call(exchange: Exchange, desk: Desk, codec: str) -> None:
    async with ChanWebsocket(exchange.port, codec=codec, **CALL) as phone:
        await phone.gone()
    assert desk.lines == []


async def test_the_wrong_secret_is_not_let_in(exchange: Exchange, desk: Desk) -> None:
    with pytest.raises(InvalidStatus):
        async with ChanWebsocket(exchange.port, secret="a-guess-at-the-secret", **CALL):
            pass
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as stranger:
        assert (await stranger.get("/voice/asterisk/a-guess/next?callid=1")).status_code == 404
    assert desk.lines == []


@pytest.mark.parametrize("allowed", ["192.0.2.0/24"])
async def test_another_network_is_not_let_in_even_with_the_secret(exchange: Exchange, desk: Desk) -> None:
    with pytest.raises(InvalidStatus):
        async with ChanWebsocket(exchange.port, **CALL):
            pass
    assert desk.lines == []
