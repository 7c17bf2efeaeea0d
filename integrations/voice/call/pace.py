"""The time of a call. A real call lives in real time; a simulated one moves as fast as its caller."""

import asyncio
from typing import Protocol


class Pace(Protocol):
    """Seconds that only go forward."""

    def now(self) -> float:
        """This moment, in seconds from anywhere."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class RealPace:
    """The event loop's own time."""

    def now(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait as long as the wall says."""
        await asyncio.sleep(max(0.0, seconds))
