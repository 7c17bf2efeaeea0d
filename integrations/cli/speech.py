"""The speech service from the operator's side: is it installed, how is it started, how is it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.cli import configuration, console, ports
from integrations.cli.errors import CliError
from integrations.cli.places import ROOT
from integrations.cli.supervisor import Service
from integrations.cli.texts import catalogue, say
from integrations.gateway.settings import Settings
from integrations.speech.weights import missing_packages

ENGINES = ("recogniser", "voice")
PROBE_EVERY = 0.5


@dataclass(frozen=True)
class OwnSpeech:
    """The speech service of one run of the product.

    Attributes:
        service: what is kept running.
        server_settings: settings of the server that come with it.
    """

    service: Service
    port: int
    server_settings: Mapping[str, str]

    async def loaded(self) -> str | None:
        """Wait until its engines are loaded or known to be missing; the names of those that are, None for none."""
        while True:
            health = await asyncio.to_thread(ports.get_json, ports.LOOPBACK, self.port, "/health")
            states = {engine: (health or {}).get(engine, "loading") for engine in ENGINES}
            if "loading" not in states.values():
                missing = [say(f"speech_{engine}") for engine, state in states.items() if state != "ok"]
                return say("speech_and").join(missing) or None
            await asyncio.sleep(PROBE_EVERY)


def of(settings: Settings, logs: Path) -> OwnSpeech | None:
    """The service to start beside the product; None where it is not installed, or one elsewhere is set."""
    if settings.speech_url is not None or missing_packages(settings.speech_weights):
        return None
    port = ports.free_port()
    url = f"http://{ports.LOOPBACK}:{port}"
    environment = {
        "PYTHONUNBUFFERED": "1",
        "GUANJIA_DATA_DIR": str(settings.data_dir.resolve()),
        # One thread each for numpy and its like: the engines are told their threads themselves.
        "OMP_NUM_THREADS": "1",
    }
    service = Service(
        name="speech",
        command=(sys.executable, "-m", "integrations.speech", "--port", str(port)),
        environment=os.environ | environment,
        folder=ROOT,
        log=logs / "speech.log",
        vital=False,
    )
    return OwnSpeech(service, port, {"GUANJIA_SPEECH_URL": url})


def install() -> None:
    """Say that it is installed; the script `guanjia` did it.

    Raises:
        CliError: it is not, so the script was not there to do it.
    """
    if missing := missing_packages(configuration.load().speech_weights):
        raise CliError("speech_not_installed", packages=_named(missing), where=sys.prefix)
    console.out.print(say("speech_installed"))


def remove() -> None:
    """Say that it is gone; the script `guanjia` did it.

    Raises:
        CliError: the script was not there to do it.
    """
    if (ROOT / ".guanjia" / "speech").exists():
        raise CliError("speech_needs_script", where=sys.prefix)
    console.out.print(say("speech_removed"))


def status() -> None:
    """Say whether it is installed and whether the running product can hear and speak."""
    settings = configuration.load()
    port: int | None
    if settings.speech_url is not None:
        console.out.print(say("speech_status_elsewhere", url=settings.speech_url))
        host, port = settings.speech_url.host or ports.LOOPBACK, settings.speech_url.port or 80
    elif missing := missing_packages(settings.speech_weights):
        console.out.print(say("speech_status_missing", packages=_named(missing)))
        return
    else:
        console.out.print(say("speech_status_installed"))
        host, port = ports.LOOPBACK, _running_port(settings)
    health = ports.get_json(host, port, "/health") if port else None
    if health is None:
        console.out.print(say("speech_status_stopped"))
        return
    states = catalogue("texts.yml")["speech_states"]
    shown = {engine: states.get(health.get(engine), health.get(engine)) for engine in ENGINES}
    console.out.print(say("speech_status_running", **shown, memory_mb=health.get("memory_mb")))


def _running_port(settings: Settings) -> int | None:
    try:
        return int((settings.data_dir / "speech" / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _named(packages: list[str]) -> str:
    return "、".join(name.replace("_", "-") for name in packages)
