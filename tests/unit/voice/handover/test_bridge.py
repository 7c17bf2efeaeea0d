"""Two lines connected."""

import asyncio
from array import array

from integrations.voice.handover.bridge import MOST_BEHIND_SECONDS, Bridge
from integrations.voice.line import FRAME_BYTES, Audio, Held, Key
from tests.support.telephone import MemoryLine
from tests.unit.voice.call.conftest import Call, Ring

SOUND = array("h", [700]).tobytes() * (FRAME_BYTES // 2)


async def connected(call: Call) -> tuple[MemoryLine, "asyncio.Task[str]"]:
    """The call and a second line."""
    agent = MemoryLine()
    bridge = asyncio.create_task(_run(Bridge(call.session, agent)))
    await call.caller.settles()
    return agent, bridge


async def _run(bridge: Bridge) -> str:
    return await bridge.run()


async def end(bridge: "asyncio.Task[str]") -> None:
    """Disconnect."""
    bridge.cancel()
    await asyncio.gather(bridge, return_exceptions=True)


async def test_sound_goes_both_ways(ring: Ring) -> None:
    call = await ring()
    agent, bridge = await connected(call)
    call.caller.line.put(Audio(SOUND))
    agent.put(Audio(SOUND * 2))
    await call.caller.settles()
    assert (agent.unplayed, call.caller.line.unplayed) == (0.02, 0.04)
    await end(bridge)


async def test_who_cannot_keep_up_hears_less_and_not_later(ring: Ring) -> None:
    call = await ring()
    agent, bridge = await connected(call)
    for _ in range(100):
        call.caller.line.put(Audio(SOUND))
    await asyncio.sleep(0.01)
    assert agent.unplayed <= MOST_BEHIND_SECONDS + 0.02
    await end(bridge)


async def test_the_bot_says_and_hears_nothing_meanwhile(ring: Ring) -> None:
    call = await ring()
    _, bridge = await connected(call)
    call.caller.forgets()
    await call.caller.says("我要报修")
    await call.caller.passes(20.0)
    assert call.office.sent == []
    assert call.caller.heard_since() == ""
    await end(bridge)


async def test_the_call_goes_on_here_when_the_other_side_hangs_up(ring: Ring) -> None:
    call = await ring()
    agent, bridge = await connected(call)
    agent.caller_hangs_up()
    await call.caller.settles()
    assert bridge.result() == "agent"
    await call.caller.says("我要报修")
    assert call.office.sent == ["我要报修"]


async def test_holding_is_no_sound(ring: Ring) -> None:
    call = await ring()
    agent, bridge = await connected(call)
    agent.put(Held(True))
    await call.caller.settles()
    assert call.caller.line.unplayed == 0
    await end(bridge)


async def test_a_key_is_heard_as_tones(ring: Ring) -> None:
    call = await ring()
    agent, bridge = await connected(call)
    call.caller.line.put(Key("7"))
    await call.caller.settles()
    assert agent.unplayed > 0.1
    assert call.office.sent == []
    await end(bridge)
