"""Steps that are finished once begun, although whoever waits for them is cancelled.

Calls end at any moment, and what is done for them is cancelled then; a transaction cut in the middle of beginning
keeps the embedded database locked for everybody.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any


async def completed[Result](work: Coroutine[Any, Any, Result]) -> Result:
    """Do it to its end; a cancellation that comes meanwhile takes effect afterwards."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
        raise


def completes[**Arguments, Result](
    work: Callable[Arguments, Coroutine[Any, Any, Result]],
) -> Callable[Arguments, Coroutine[Any, Any, Result]]:
    """Make every call of an asynchronous function one that is :func:`completed`."""

    @wraps(work)
    async def whole(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return await completed(work(*args, **kwargs))

    return whole
