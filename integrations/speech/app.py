"""The speech service's HTTP: OpenAI's audio form, and a WebSocket that listens while the caller speaks.

For this machine only. It asks for no key, so it answers nobody who comes through a browser or under another name.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal

from fastapi import FastAPI, File, Form, HTTPException, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from integrations.speech.errors import NotLoaded, Unspeakable
from integrations.speech.hearing import RATE, Verdict
from integrations.speech.listening import Listening
from integrations.speech.service import Load, Service, memory_mb
from integrations.speech.sound import NoSound, Samples, at_rate, read_wav, wav_header
from integrations.speech.turns import Busy
from integrations.speech.weights import VOICES, VoiceName

LONGEST_UPLOAD_SECONDS = 300
LARGEST_UPLOAD = 32 << 20
LARGEST_PIECE = 1 << 20
DEFAULT_VOICE: VoiceName = "female"
_SPEEDS = Field(default=1.0, ge=0.5, le=2.0)


class Speech(BaseModel):
    """What to say."""

    input: Annotated[str, Field(min_length=1, max_length=2000)]
    model: str = ""
    voice: str = DEFAULT_VOICE
    response_format: Literal["wav", "pcm"] = "wav"
    speed: Annotated[float, _SPEEDS] = 1.0
    sample_rate: Literal[8000, 16000, 24000] = 24000


class Prompts(BaseModel):
    """What to render ahead."""

    lines: Annotated[list[str], Field(max_length=2000)]
    voice: VoiceName = DEFAULT_VOICE
    speed: Annotated[float, _SPEEDS] = 1.0
    sample_rate: Literal[8000, 16000, 24000] = 8000


class Opening(BaseModel):
    """The first message of `/v1/listen`."""

    rate: Annotated[int, Field(ge=8000, le=48000)] = 8000
    prompt: str = ""


def named(voice: str) -> VoiceName:
    """Our voice of that name; the default for any other, as OpenAI's clients send the names of theirs."""
    return next((name for name in VOICES if name == voice), DEFAULT_VOICE)


def create_app(service: Service, load: Load) -> FastAPI:
    """The application; it loads the engines when it starts."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start(load)
        yield
        await service.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.middleware("http")(_no_browsers)
    _add_errors(app)
    _add_routes(app, service)
    return app


async def _no_browsers(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    return Response(status_code=403) if "origin" in request.headers else await go_on(request)


def _add_errors(app: FastAPI) -> None:
    statuses: dict[type[Exception], tuple[int, str]] = {
        Busy: (503, "busy"),
        NotLoaded: (503, "not_loaded"),
        NoSound: (400, "no_sound"),
        Unspeakable: (400, "unspeakable"),
    }

    async def answer(_: Request, error: Exception) -> JSONResponse:
        status, code = statuses[type(error)]
        return JSONResponse({"error": {"code": code}}, status, {"Retry-After": "1"} if status == 503 else None)

    for kind in statuses:
        app.add_exception_handler(kind, answer)


def _add_routes(app: FastAPI, service: Service) -> None:
    @app.get("/health")
    async def health() -> dict[str, object]:
        return {
            "recogniser": service.states.recogniser,
            "voice": service.states.voice,
            "memory_mb": memory_mb(),
            "waiting": service.ears.turns.waiting + service.speaker.turns.waiting,
            "prompts_left": service.speaker.prompts_left,
        }

    @app.post("/v1/audio/transcriptions")
    async def transcribe(
        file: Annotated[UploadFile, File()],
        prompt: Annotated[str, Form()] = "",
        response_format: Annotated[Literal["json", "verbose_json"], Form()] = "json",
    ) -> dict[str, object]:
        data = await file.read(LARGEST_UPLOAD + 1)
        if len(data) > LARGEST_UPLOAD:
            raise HTTPException(413)
        sound = await asyncio.to_thread(_uploaded, data)
        verdict = await service.ears.utterance(sound, prompt)
        return _verbose(verdict, len(sound) / RATE) if response_format == "verbose_json" else _brief(verdict)

    @app.post("/v1/audio/speech")
    async def speak(wanted: Speech) -> StreamingResponse:
        pieces = service.speaker.say(wanted.input, named(wanted.voice), wanted.speed, wanted.sample_rate)
        # The first clause decides on the status.
        first = await anext(pieces)
        wav = wanted.response_format == "wav"
        return StreamingResponse(
            _stream(wav_header(wanted.sample_rate) if wav else b"", first, pieces),
            media_type="audio/wav" if wav else f"audio/L16;rate={wanted.sample_rate};endian=little",
        )

    @app.post("/v1/prompts", status_code=202)
    async def prepare(wanted: Prompts) -> dict[str, int]:
        return {"clauses": service.speaker.prepare(wanted.lines, wanted.voice, wanted.speed, wanted.sample_rate)}

    @app.websocket("/v1/listen")
    async def listen(socket: WebSocket) -> None:
        if "origin" in socket.headers:
            await socket.close(1008)
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _listen(socket, service)


async def _listen(socket: WebSocket, service: Service) -> None:
    """One utterance after another on one connection, each opened by its own JSON message."""
    while True:
        try:
            opening = Opening.model_validate_json(await socket.receive_text())
        except (ValidationError, KeyError):
            await socket.close(1003)
            return

        async def tell(text: str) -> None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json({"partial": text})

        listening = Listening(service.ears, opening.rate, opening.prompt, tell)
        try:
            while (piece := await _piece(socket)) is not None:
                listening.feed(piece)
            answer: dict[str, object] = _brief(await listening.finish())
        except Busy:
            answer = {"error": "busy"}
        except NotLoaded:
            answer = {"error": "not_loaded"}
        finally:
            await listening.close()
        await socket.send_json(answer)


async def _piece(socket: WebSocket) -> bytes | None:
    """The next sound; None at the end.

    Raises:
        WebSocketDisconnect: the other side has gone.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    sound: bytes | None = message.get("bytes")
    return None if sound is None else sound[:LARGEST_PIECE]


async def _stream(head: bytes, first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head + first
    async for piece in rest:
        yield piece


def _uploaded(data: bytes) -> Samples:
    samples, rate = read_wav(data)
    if len(samples) > LONGEST_UPLOAD_SECONDS * rate:
        raise HTTPException(413)
    return at_rate(samples, rate, RATE)


def _brief(verdict: Verdict) -> dict[str, object]:
    return {"text": verdict.text, "confidence": verdict.confidence, "refused": verdict.refused}


def _verbose(verdict: Verdict, seconds: float) -> dict[str, object]:
    segments = [
        {"id": number, "text": piece.text, "avg_logprob": piece.logprob, "no_speech_prob": piece.silence}
        for number, piece in enumerate(verdict.pieces)
    ]
    return {**_brief(verdict), "language": "zh", "duration": round(seconds, 3), "segments": segments}
