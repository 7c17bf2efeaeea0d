"""Runs the speech service: ``python -m integrations.speech --port N``, on this machine's loopback address only."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

import structlog
import uvicorn

from integrations.gateway import log_setup
from integrations.gateway.settings import Settings
from integrations.speech import prompts
from integrations.speech.app import create_app, named
from integrations.speech.service import LoadEngines, Service, watch_memory
from integrations.speech.store import Store
from integrations.speech.weights import Weights

LOOPBACK = "127.0.0.1"
PROMPT_RATE = 8_000

log = structlog.get_logger()


def main() -> int:
    """Serve until told to stop; the exit status, 1 when it stopped because of its memory."""
    parser = argparse.ArgumentParser(prog="integrations.speech", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prompts", type=Path, help="texts to render ahead, one a line; else the hotline's prompts")
    given = parser.parse_args()
    settings = Settings()
    log_setup.configure(settings.log_format)
    (settings.data_dir / "speech").mkdir(parents=True, exist_ok=True, mode=0o700)
    voice = prompts.voice_of(settings.hotline_settings_file)
    if given.prompts is not None:
        texts = prompts.of_file(given.prompts)
    else:
        texts = [*prompts.of_hotline(settings.data_dir, settings.company_name), *prompts.of_dialogue()]
    # `guanjia speech status` looks for it here.
    (settings.data_dir / "speech" / "port").write_text(str(given.port), encoding="ascii")
    return asyncio.run(_serve(settings, given.port, texts, voice.name, voice.speed))


async def _serve(settings: Settings, port: int, texts: list[str], voice: str, speed: float) -> int:
    folder = settings.data_dir / "speech"
    service = Service(Store(folder / "spoken", settings.speech_cache_mb << 20))
    count = service.speaker.prepare(texts, named(voice), speed, PROMPT_RATE)
    log.info("speech.starting", port=port, prompts=count)
    app = create_app(service, LoadEngines(Weights(folder, settings.speech_weights), folder))
    config = uvicorn.Config(
        app, host=LOOPBACK, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=3
    )
    server = uvicorn.Server(config)
    full = False

    def too_big() -> None:
        nonlocal full
        full = True
        server.should_exit = True

    watching = asyncio.create_task(watch_memory(settings.speech_memory_mb, too_big))
    try:
        await server.serve()
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    return 1 if full or not server.started else 0


if __name__ == "__main__":
    sys.exit(main())
