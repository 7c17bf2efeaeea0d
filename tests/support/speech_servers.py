"""Recognition and speech servers that keep to their protocols and understand nothing: each says what a test gives it.

They answer as the real ones do (FunASR's Python and C++ two-pass servers, vosk-server, our own speech service, OpenAI's
audio form) and write down what a real one would choke on. They prove the protocol, not recognition.
"""

import asyncio
import contextlib
import json
import math
from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, File, Form, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as HandshakeResponse
from websockets.typing import Subprotocol

Mood = Literal["well", "refuses", "closes", "dies", "garbage", "wrong_shape", "silent"]
"""How a server takes what it is told: ``closes`` hangs up politely in the middle, ``dies`` without a word."""

GARBAGE = {"garbage": "<html>bad gateway</html>", "wrong_shape": '["text"]'}
PIECE_BYTES = 1920
"""60 ms at 16 kHz."""


def tone(seconds: float, rate: int = 8000, hertz: float = 440.0, level: int = 9000) -> bytes:
    """A tone, 16-bit mono."""
    samples = (round(level * math.sin(2 * math.pi * hertz * n / rate)) for n in range(round(seconds * rate)))
    return array("h", samples).tobytes()


@dataclass
class SocketServer:
    """What the servers with a WebSocket have in common.

    Attributes:
        says: the texts it hears, one for each part of an utterance.
        complaints: what the real server would not have understood.
        sound: all bytes of sound.
        started_at_all: set when an utterance has begun.
        gone: set when a connection has ended.
        may_connect: the handshake waits for it.
    """

    says: list[str] = field(default_factory=lambda: ["水龙头漏水"])
    mood: Mood = "well"
    complaints: list[str] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    headers: list[dict[str, str]] = field(default_factory=list)
    started_at_all: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    may_connect: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    subprotocols: tuple[Subprotocol, ...] = ()

    def __post_init__(self) -> None:
        self.may_connect.set()

    def start(self, said: dict[str, Any]) -> None:
        """Keep how an utterance began."""
        self.started.append(said)
        self.started_at_all.set()

    async def talk(self, socket: ServerConnection) -> None:
        """One connection."""
        raise NotImplementedError

    async def _handle(self, socket: ServerConnection) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):
                await self.talk(socket)
        finally:
            self.gone.set()

    async def _admit(self, socket: ServerConnection, request: Handshake) -> HandshakeResponse | None:
        await self.may_connect.wait()
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        if self.mood == "refuses":
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        return None

    async def _misbehaves(self, socket: ServerConnection) -> bool:
        """Do what the mood asks for in the middle of an utterance; whether it asks for anything."""
        match self.mood:
            case "closes":
                await socket.close()
            case "dies":
                socket.transport.abort()
            case "garbage" | "wrong_shape":
                await socket.send(GARBAGE[self.mood])
                await socket.wait_closed()
            case "silent":
                async for _ in socket:
                    pass
            case _:
                return False
        return True

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["SocketServer"]:
        """Serve in this event loop until the block ends."""
        offered = self.subprotocols or None
        async with serve(
            self._handle,
            "127.0.0.1",
            port,
            subprotocols=offered,
            process_request=self._admit,
            ping_interval=None,
            close_timeout=0.2,  # who does not read what still comes does not see the other side's goodbye either
        ) as server:
            self.url = f"ws://127.0.0.1:{port_of(server)}"
            yield self


def port_of(server: Server) -> int:
    """The port it listens to."""
    return int(next(iter(server.sockets)).getsockname()[1])


@dataclass
class FunAsrServer(SocketServer):
    """FunASR in two-pass mode: each text comes first in quick parts, then as a whole.

    Attributes:
        flavour: whose habits: Python's ``is_final`` says whether the caller still speaks, and it says nothing where it
            heard nothing; C++ ends with an ``is_final`` of its own, text or none.
        cut_early: its own voice activity has ended the utterance before the client does.
        second_pass: whether it corrects its quick texts at all.
    """

    flavour: Literal["python", "cpp"] = "python"
    cut_early: bool = False
    second_pass: bool = True
    subprotocols: tuple[Subprotocol, ...] = (Subprotocol("binary"),)

    async def talk(self, socket: ServerConnection) -> None:
        """One connection: one utterance."""
        if socket.subprotocol != "binary":
            self.complaints.append("subprotocol")
        self._check_start(json.loads(await socket.recv()))
        pieces = 0
        async for message in socket:
            if isinstance(message, str):
                if json.loads(message) != {"is_speaking": False}:
                    self.complaints.append(f"end {message}")
                break
            pieces += 1
            self.sound += message
            if len(message) != PIECE_BYTES:
                self.complaints.append(f"piece {len(message)}")
            if pieces == 10:
                if await self._misbehaves(socket):
                    return
                await self._quick(socket, self.says[0][:2] if self.says else "")
                if self.cut_early:
                    await self._whole(socket, self.says[0], speaking=True)
        await self._end(socket)
        await socket.wait_closed()

    def _check_start(self, start: dict[str, Any]) -> None:
        self.start(start)
        wanted = {"mode": "2pass", "wav_format": "pcm", "audio_fs": 16000, "chunk_size": [5, 10, 5]}
        self.complaints += [f"start {name}" for name, value in wanted.items() if start.get(name) != value]
        if start.get("is_speaking") is not True or not start.get("wav_name") or not isinstance(start.get("itn"), bool):
            self.complaints.append("start is_speaking, wav_name or itn")
        hotwords = start.get("hotwords", "{}")
        if not isinstance(hotwords, str) or not isinstance(json.loads(hotwords), dict):
            self.complaints.append("start hotwords")

    async def _end(self, socket: ServerConnection) -> None:
        rest = self.says[1:] if self.cut_early else self.says
        for number, text in enumerate(rest, start=1):
            if self.second_pass:
                await self._whole(socket, text, speaking=False, last=number == len(rest))
            else:
                await self._quick(socket, text[2:])
        if not rest and self.flavour == "cpp":
            await socket.send(json.dumps({"text": "", "wav_name": "call", "is_final": True}))

    async def _quick(self, socket: ServerConnection, text: str) -> None:
        if text:
            await self._send(socket, "2pass-online", text, final=self.flavour == "python")

    async def _whole(self, socket: ServerConnection, text: str, *, speaking: bool, last: bool = False) -> None:
        await self._send(socket, "2pass-offline", text, final=speaking if self.flavour == "python" else last)

    async def _send(self, socket: ServerConnection, mode: str, text: str, *, final: bool) -> None:
        answer = {"mode": mode, "text": text, "wav_name": "call", "is_final": final}
        await socket.send(json.dumps(answer, ensure_ascii=False))


@dataclass
class VoskServer(SocketServer):
    """vosk-server: every message but the configuration has one answer, the end mark has the last.

    Attributes:
        says: one text a result; words are separated by blanks, as its Chinese models do.
        confidence: of every word.
    """

    says: list[str] = field(default_factory=lambda: ["水龙头 漏水"])
    confidence: float | None = 0.9

    async def talk(self, socket: ServerConnection) -> None:
        """One connection: one utterance."""
        pieces = 0
        while True:
            message = await socket.recv()
            if isinstance(message, str) and "config" in message:
                self.start(json.loads(message)["config"])
                continue
            if message == '{"eof" : 1}':
                break
            if isinstance(message, str):
                self.complaints.append(f"text as sound: {message}")
                continue
            pieces += 1
            self.sound += message
            if pieces == 2 and await self._misbehaves(socket):
                return
            early = pieces == 3 and len(self.says) > 1
            await socket.send(self._result(self.says[0]) if early else '{"partial" : ""}')
        await socket.send(self._result(self.says[-1] if self.says else ""))

    def _result(self, text: str) -> str:
        words: list[dict[str, object]] = [{"word": word, "start": 0.1, "end": 0.4} for word in text.split()]
        if self.confidence is not None:
            words = [{**word, "conf": self.confidence} for word in words]
        return json.dumps({"result": words, "text": text} if words else {"text": text}, ensure_ascii=False)


@dataclass
class SpeechServer:
    """Our own speech service and, on other paths, any server in OpenAI's audio form.

    Attributes:
        heard: the answer to an utterance or an uploaded file.
        knows_verbose: whether it knows ``verbose_json``.
        status: of its answers over HTTP.
        sound: what it speaks, in pieces.
        content_type: of what it speaks.
        breaks_off: the connection is lost behind the sound.
        speak_when: speech waits for it.
    """

    heard: dict[str, Any] = field(default_factory=lambda: {"text": "水龙头漏水", "confidence": 0.7, "refused": None})
    mood: Mood = "well"
    health: dict[str, Any] = field(default_factory=lambda: {"recogniser": "ok", "voice": "ok", "memory_mb": 700})
    knows_verbose: bool = True
    status: int = 200
    sound: list[bytes] = field(default_factory=lambda: [tone(0.2), tone(0.2)])
    content_type: str = "audio/pcm"
    breaks_off: bool = False
    speak_when: asyncio.Event = field(default_factory=asyncio.Event)
    listened: bytearray = field(default_factory=bytearray)
    started: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    spoken: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def __post_init__(self) -> None:
        self.speak_when.set()

    def app(self) -> FastAPI:
        """Its addresses."""
        app = FastAPI()
        app.add_api_route("/health", self._health)
        app.add_api_route("/v1/models", self._models)
        app.add_api_route("/v1/audio/transcriptions", self._transcribe, methods=["POST"])
        app.add_api_route("/v1/audio/speech", self._speak, methods=["POST"])
        app.add_api_websocket_route("/v1/listen", self._listen)
        return app

    async def _health(self) -> JSONResponse:
        return JSONResponse(self.health, self.status)

    async def _models(self, request: Request) -> JSONResponse:
        self.keys.append(request.headers.get("authorization"))
        return JSONResponse({"data": []}, self.status)

    async def _transcribe(
        self,
        request: Request,
        file: Annotated[UploadFile, File()],
        model: Annotated[str, Form()],
        language: Annotated[str, Form()],
        response_format: Annotated[str, Form()],
        prompt: Annotated[str, Form()] = "",
    ) -> Response:
        self.keys.append(request.headers.get("authorization"))
        form = {"model": model, "language": language, "response_format": response_format, "prompt": prompt}
        self.uploads.append((await file.read(), form))
        if self.mood == "silent":
            await self.gone.wait()
        if response_format == "verbose_json" and not self.knows_verbose:
            return JSONResponse({"error": {"message": "unknown response_format"}}, 400)
        if self.mood in GARBAGE:
            return Response(GARBAGE[self.mood])
        return JSONResponse(self.heard, self.status)

    async def _speak(self, request: Request) -> Response:
        self.keys.append(request.headers.get("authorization"))
        self.spoken.append(await request.json())
        if self.status != HTTPStatus.OK:
            return JSONResponse({"error": {"message": "no"}}, self.status)
        await self.speak_when.wait()
        headers = {"Content-Length": str(sum(map(len, self.sound)) + 1)} if self.breaks_off else None
        return StreamingResponse(self._pieces(request), 200, headers, self.content_type)

    async def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        try:
            for piece in self.sound:
                yield piece
            if self.mood == "silent":
                while not await request.is_disconnected():
                    await asyncio.sleep(0.01)
            if self.breaks_off:
                request.scope["lost"]()
        finally:
            self.gone.set()

    async def _listen(self, socket: WebSocket) -> None:
        self.keys.append(socket.headers.get("authorization"))
        if self.mood == "refuses":
            await socket.close()
            return
        await socket.accept()
        try:
            self.started.append(await socket.receive_json())
            while "text" not in (message := await socket.receive()) or message["text"] is None:
                if message["type"] == "websocket.disconnect":
                    return
                self.listened += message["bytes"]
                await socket.send_json({"partial": "水"})
            assert json.loads(message["text"]) == {"end": True}
            if self.mood == "closes":
                await socket.close()
            elif self.mood in GARBAGE:
                await socket.send_text(GARBAGE[self.mood])
            elif self.mood == "silent":
                await socket.receive()
            else:
                await socket.send_json(self.heard)
        except WebSocketDisconnect:
            pass
        finally:
            self.gone.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["SpeechServer"]:
        """Serve in this event loop until the block ends."""
        app = _Droppable(self.app())
        config = uvicorn.Config(
            app, "127.0.0.1", 0, log_config=None, access_log=False, lifespan="off", ws="websockets-sansio"
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
            assert not task.done(), task.exception()
        app.server = server
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self.gone.set()
            self.speak_when.set()
            server.should_exit = True
            await task


class _Droppable:
    """An app whose requests can lose their connection: ``scope["lost"]()``."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.server: uvicorn.Server | None = None

    async def __call__(self, scope: Any, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        scope["lost"] = self._drop_all
        await self._app(scope, receive, send)

    def _drop_all(self) -> None:
        assert self.server is not None
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()
