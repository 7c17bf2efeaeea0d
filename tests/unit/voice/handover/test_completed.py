"""What is begun is finished."""

import asyncio

import pytest

from integrations.voice.handover.completed import completed, completes


async def test_a_cancelled_step_is_finished_before_the_cancellation_takes_effect() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    @completes
    async def step() -> None:
        begun.set()
        await go_on.wait()
        done.append("all of it")

    waiting = asyncio.create_task(step())
    await begun.wait()
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == ["all of it"]


async def test_its_result_and_its_errors_are_those_of_the_step() -> None:
    async def divided(by: int) -> float:
        return 6 / by

    assert await completed(divided(3)) == 2
    with pytest.raises(ZeroDivisionError):
        await completed(divided(0))
