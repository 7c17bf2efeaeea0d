"""What stands before several server processes: a connection goes to one that is alive, in turn."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence


class Balancer:
    """Forwards TCP connections; a process that refuses is passed over, as a health check would have it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = list(ports)
        self._turns = itertools.count()
        self._pipes: set[asyncio.Task[None]] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        turn = next(self._turns)
        for number in range(len(self._ports)):
            port = self._ports[(turn + number) % len(self._ports)]
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                break
        else:
            writer.close()
            return
        pipes = [asyncio.create_task(_pipe(a, b)) for a, b in ((reader, far_writer), (far_reader, writer))]
        self._pipes.update(pipes)
        for pipe in pipes:
            pipe.add_done_callback(self._pipes.discard)
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, far_writer):
            with contextlib.suppress(OSError):
                end.close()

    async def close(self) -> None:
        """Cut what is open."""
        for pipe in list(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def balanced(port: int, ports: Sequence[int]) -> AsyncIterator[str]:
    """Listen on ``port`` until the block ends; the address."""
    balancer = Balancer(ports)
    server = await asyncio.start_server(balancer.take, "127.0.0.1", port, backlog=1000)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await balancer.close()
