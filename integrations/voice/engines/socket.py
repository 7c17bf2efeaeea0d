"""One utterance over one WebSocket: what own, FunASR and vosk-server have in common.

Sound fed before the connection is up waits here. The connection belongs to one task that nobody waits for on the way
out: the text is given as soon as it is there, the closing handshake follows.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.recogniser import bearer
from integrations.voice.speech import Heard, SpeechUnavailable

BUSY = "busy"
"""The reason of a server that has too much to do: it is not down."""
CONNECT_SECONDS = 3.0
CLOSE_SECONDS = 1.0
READY_SECONDS = 1.0
LONGEST_SECONDS = 60
"""More sound than this is no utterance; the rest is dropped."""
MOST_BYTES = LONGEST_SECONDS * SAMPLE_RATE * SAMPLE_BYTES
LARGEST_ANSWER = 1024 * 1024

# The library's own logger writes headers, and so the key, as soon as somebody turns on its debugging.
_quiet = logging.getLogger("guanjia.voice.socket")
_quiet.setLevel(logging.WARNING)

_SCHEMES = {"http": "ws", "https": "wss"}
_PORTS = {"ws": 80, "wss": 443}


class Garbled(ValueError):
    """The server says something that its protocol does not know."""


class Talk(Protocol):
    """What one protocol says and understands, without its connection."""

    @property
    def patience(self) -> float | None:
        """Seconds that a further answer is waited for once the end was said; None for as long as it takes."""
        ...

    def opening(self) -> str:
        """The first message."""
        ...

    def pieces(self, pcm: bytes) -> list[bytes]:
        """What is sent of this sound; it may keep some back."""
        ...

    def closing(self) -> list[bytes | str]:
        """What is sent at the end."""
        ...

    def take(self, answer: dict[str, Any], ended: bool) -> Heard | None:
        """Understand an answer; the result where it was the last one.

        Args:
            ended: the end was already said when it came.

        Raises:
            Garbled: it is none of the protocol's answers.
            SpeechUnavailable: it says that it cannot.
        """
        ...

    def leftover(self, closed: bool) -> Heard | None:
        """The result when no answer comes any more; None where that is a failure.

        Args:
            closed: the server closed the connection, rather than keeping silent for longer than ``patience``.
        """
        ...


class SocketUtterance:
    """An utterance of a :class:`SocketRecogniser`."""

    def __init__(self, talk: Talk, connection: connect, keep: Callable[[asyncio.Task[None]], None]) -> None:
        self._talk = talk
        self._connection = connection
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = MOST_BYTES
        self._fed = False
        self._ended = False
        self._news = asyncio.Event()
        self._heard: Heard | None = None
        self._result: asyncio.Future[Heard | str] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda _: self._conclude("failed"))
        keep(self._task)

    def feed(self, pcm: bytes) -> None:
        """Add sound; never blocks."""
        if pcm and len(pcm) <= self._room:
            self._room -= len(pcm)
            self._fed = True
            self._sound.put_nowait(pcm)

    async def finish(self) -> Heard:
        """The caller has ended: what was said."""
        if not self._fed:
            await self.cancel()
            return Heard("", 0.0, "no_sound")
        self._sound.put_nowait(None)
        try:
            result = await asyncio.shield(self._result)
        except asyncio.CancelledError:
            await self.cancel()
            raise
        if isinstance(result, str):
            raise SpeechUnavailable(result)
        return result

    async def cancel(self) -> None:
        """Drop the connection."""
        self._task.cancel()
        self._conclude("cancelled")

    def _conclude(self, result: Heard | str) -> None:
        if not self._result.done():
            self._result.set_result(result)

    async def _run(self) -> None:
        try:
            socket = await self._connection
            try:
                self._conclude(await self._conversation(socket))
                await socket.close()
            finally:
                # A closing handshake that is broken off would leave the connection open.
                socket.transport.abort()
        except SpeechUnavailable as reason:
            self._conclude(str(reason))
        except (OSError, WebSocketException, ValueError) as error:
            # Its name only: the texts of some carry addresses and headers.
            self._conclude(type(error).__name__)

    async def _conversation(self, socket: ClientConnection) -> Heard:
        reading = asyncio.create_task(self._read(socket))
        reading.add_done_callback(lambda _: self._news.set())
        try:
            # A connection that is gone is noticed by the reader, which knows whether the text came before.
            with contextlib.suppress(ConnectionClosed):
                await self._say(socket)
            return await self._last_answer(reading)
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _say(self, socket: ClientConnection) -> None:
        await socket.send(self._talk.opening())
        while (pcm := await self._sound.get()) is not None:
            for piece in self._talk.pieces(pcm):
                await socket.send(piece)
        closing = self._talk.closing()
        self._ended = True
        for message in closing:
            await socket.send(message)

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            heard = self._talk.take(_json(message), self._ended)
            self._heard = heard or self._heard
            self._news.set()

    async def _last_answer(self, reading: asyncio.Task[None]) -> Heard:
        while self._heard is None:
            self._news.clear()
            if reading.done():
                reading.result()
                return self._left_over(closed=True)
            try:
                async with asyncio.timeout(self._talk.patience):
                    await self._news.wait()
            except TimeoutError:
                return self._left_over(closed=False)
        return self._heard

    def _left_over(self, *, closed: bool) -> Heard:
        """What is there, unless sound was still to be sent: then its text is missing."""
        heard = self._talk.leftover(closed) if self._ended else None
        if heard is None:
            raise SpeechUnavailable("closed" if closed else "late")
        return heard


class SocketRecogniser:
    """A recogniser behind a WebSocket; a protocol each gives it a :class:`Talk`.

    Args:
        url: ``ws://`` or ``wss://``; ``http`` and ``https`` mean the same.
        key: sent as a bearer token, for a proxy in front of it; None where none is wanted.
        subprotocols: offered at the handshake.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr | None,
        talk: Callable[[Sequence[str]], Talk],
        subprotocols: Sequence[Subprotocol] = (),
    ) -> None:
        self._url = socket_url(url)
        self._key = key
        self._talk = talk
        self._subprotocols = subprotocols
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, hints: Sequence[str] = ()) -> SocketUtterance:
        """Open an utterance; the connection is made meanwhile."""
        return SocketUtterance(self._talk(hints), self._connect(), self._keep)

    async def ready(self) -> bool:
        """Whether somebody listens there.

        No handshake is made: FunASR's Python server drops the caller it has when another connects.
        """
        parts = urlsplit(self._url)
        try:
            async with asyncio.timeout(READY_SECONDS):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port or _PORTS[parts.scheme])
        except (OSError, ValueError, KeyError):
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def close(self) -> None:
        """End the utterances that are still open and wait until all connections are closed."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _connect(self) -> connect:
        return connect(
            self._url,
            additional_headers=bearer(self._key),
            subprotocols=self._subprotocols or None,
            compression=None,
            proxy=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            max_size=LARGEST_ANSWER,
            logger=_quiet,
        )

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def socket_url(url: str, path: str = "") -> str:
    """The WebSocket's address of a server, whose path ``path`` follows."""
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    return urlunsplit(parts._replace(scheme=scheme, path=parts.path.rstrip("/") + path))


def confidence_of(value: object, unknown: float) -> float:
    """A server's figure as 0 to 1; ``unknown`` where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return unknown
    return min(1.0, max(0.0, float(value)))


def _json(message: str | bytes) -> dict[str, Any]:
    try:
        answer = json.loads(message)
    except ValueError as error:
        raise Garbled("no_json") from error
    if not isinstance(answer, dict):
        raise Garbled("no_object")
    return answer
