"""Work that is done again and again."""

import asyncio

from structlog.testing import capture_logs

from integrations.gateway.every import Every


async def test_what_fails_is_logged_and_done_again() -> None:
    times, twice = 0, asyncio.Event()

    async def work() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise ValueError("of a resident")
        twice.set()

    every = Every(0.0, work, "work.failed")
    with capture_logs() as logs:
        every.start()
        await twice.wait()
    await every.stop()
    assert logs == [{"event": "work.failed", "error": "ValueError", "log_level": "error"}]


async def test_it_ends_in_the_middle_of_the_work_and_need_not_have_begun() -> None:
    begun, cancelled = asyncio.Event(), False

    async def work() -> None:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    every = Every(0.0, work, "work.failed")
    await every.stop()
    every.start()
    await begun.wait()
    await every.stop()
    assert cancelled
