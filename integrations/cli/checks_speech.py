"""What `guanjia doctor` looks at for hearing and speaking: the extra with its weights, its process, other servers."""

import asyncio
import base64
import csv
import hashlib
import shutil
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import httpx
from pydantic import SecretStr

from integrations.cli import ports
from integrations.cli.findings import Finding, found
from integrations.cli.texts import catalogue, say
from integrations.gateway.settings import Settings
from integrations.speech.weights import SUMS, WEIGHT_PACKAGES, missing_packages
from integrations.voice.configuration import Hotline, RecogniserSettings, VoiceSettings
from integrations.voice.engines.build import recogniser_of
from integrations.voice.engines.espeak import PROGRAM
from integrations.voice.engines.http_voice import HttpVoice
from integrations.voice.prompts import standard
from integrations.voice.recogniser import bearer

HEALTH_SECONDS = 2.0
HASHING_SECONDS = 10.0
"""240 MB take .2 s where the processor helps; on a machine that needs much longer the sizes have to do."""
_BLOCK = 1 << 20


def section(settings: Settings, hotline: Hotline | None, runs: bool, *, espeak: str = PROGRAM) -> Iterator[Finding]:
    """Everything about speech; nothing where there is neither a hotline nor the extra.

    Args:
        runs: the server runs now.
        espeak: the smallest voice's program.
    """
    wanted = hotline or Hotline()
    if hotline is None and settings.speech_url is None and missing_packages(settings.speech_weights):
        return
    yield from _prompts(settings.data_dir)
    speaks = wanted.voice.kind in ("openai", "espeak")
    parts: list[tuple[str, RecogniserSettings | VoiceSettings]] = [
        ("recogniser", wanted.recogniser),
        ("voice", wanted.voice),
    ]
    own = [(name, part) for name, part in parts if part.kind == "guanjia"]
    local = [name for name, part in own if part.url is None and settings.speech_url is None]
    if local:
        missing = missing_packages(settings.speech_weights)
        if missing:
            packages = "、".join(name.replace("_", "-") for name in missing)
            yield found("speech_missing", parts=_named(local), packages=packages)
        else:
            yield _weights(settings.speech_weights)
            if runs:
                yield from _running(local, settings)
        speaks = speaks or ("voice" in local and not missing)
    for name, part in own:
        url = part.url or (str(settings.speech_url) if settings.speech_url is not None else None)
        if url is not None:
            speaks = speaks or name == "voice"
            yield from _process([name], url, part.key, settings)
    yield from _servers(wanted)
    yield _smallest_voice(wanted.voice, speaks, espeak)


# Our own service


def _weights(folder: Path | None) -> Finding:
    broken, complete = wrong_files_of_folder(folder) if folder is not None else wrong_files(WEIGHT_PACKAGES)
    if broken:
        return found("speech_weights_wrong", files="、".join(broken[:5]))
    return found("speech_weights_good" if complete else "speech_weights_sizes")


def wrong_files(packages: tuple[str, ...], seconds: float = HASHING_SECONDS) -> tuple[list[str], bool]:
    """Files that are not as their package's own list says; whether all were read through, or only measured.

    Args:
        seconds: afterwards nothing more is read.
    """
    broken: list[str] = []
    files: list[tuple[Path, str]] = []
    for package in packages:
        try:
            installed = distribution(package.replace("_", "-"))
        except PackageNotFoundError:
            broken.append(package)
            continue
        # Not `installed.files`, which leaves out files that are gone.
        for name, listed, size in csv.reader((installed.read_text("RECORD") or "").splitlines()):
            method, _, digest = listed.partition("=")
            if method != "sha256":  # the list itself, and what Python compiled
                continue
            path = Path(str(installed.locate_file(name)))
            if not path.is_file() or path.stat().st_size != int(size):
                broken.append(path.name)
            else:
                files.append((path, digest))
    complete = True
    until = time.monotonic() + seconds
    for path, digest in files:
        if time.monotonic() > until:
            complete = False
            break
        if base64.urlsafe_b64encode(_sha256(path)).decode().rstrip("=") != digest:
            broken.append(path.name)
    return broken, complete


def wrong_files_of_folder(folder: Path) -> tuple[list[str], bool]:
    """Files of the operator's own weights that are not as ``SHA256SUMS`` says."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return [SUMS], True
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    sums = {pair[1].lstrip("*").removeprefix("./"): pair[0] for pair in pairs if len(pair) == 2}
    broken = [
        name
        for name, digest in sums.items()
        if not (folder / name).is_file() or _sha256(folder / name).hex() != digest.lower()
    ]
    return broken, True


def _sha256(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()


def _running(parts: list[str], settings: Settings) -> Iterator[Finding]:
    """The service that belongs to the running product; it writes down where it listens."""
    try:
        port = int((settings.data_dir / "speech" / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        yield found("speech_not_started")
        return
    yield from _process(parts, f"http://{ports.LOOPBACK}:{port}", None, settings)


def _process(parts: list[str], url: str, key: SecretStr | None, settings: Settings) -> Iterator[Finding]:
    """What a service of our own says of itself."""
    log = (settings.data_dir / "logs" / "speech.log").absolute()
    health = _health(url, key)
    if health is None:
        yield found("speech_silent", parts=_named(parts), url=url, path=log)
        return
    states = catalogue("texts.yml")["speech_states"]
    for part in parts:
        state = str(health.get(part))
        code = {"ok": "speech_good", "loading": "speech_loading"}.get(state, "speech_down")
        memory = health.get("memory_mb", "–")
        yield found(code, part=_named([part]), state=states.get(state, state), memory=memory, path=log)


def _health(url: str, key: SecretStr | None) -> dict[str, object] | None:
    address = f"{url.rstrip('/')}/health"
    try:
        answer = httpx.get(address, timeout=HEALTH_SECONDS, trust_env=False, headers=bearer(key))
        loaded = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return loaded if answer.is_success and isinstance(loaded, dict) else None


# Servers of the operator's, and the smallest voice


def _servers(hotline: Hotline) -> Iterator[Finding]:
    """Recognisers and voices of other kinds: whether somebody answers there, asked as a call does."""
    for name, part in (("recogniser", hotline.recogniser), ("voice", hotline.voice)):
        if part.kind in ("guanjia", "espeak"):
            continue
        if part.kind == "none":
            yield found(f"speech_{name}_off")
        elif part.url is None:
            yield found("speech_server_without_url", part=_named([name]), name=name, kind=part.kind)
        else:
            good = asyncio.run(_answers(hotline, name))
            code = "speech_server_good" if good else "speech_server_silent"
            yield found(code, part=_named([name]), kind=part.kind, url=part.url)


async def _answers(hotline: Hotline, name: str) -> bool:
    engine = recogniser_of(hotline, None) if name == "recogniser" else _voice(hotline.voice)
    if engine is None:
        return False
    try:
        return await engine.ready()
    finally:
        await engine.close()


def _voice(voice: VoiceSettings) -> HttpVoice:
    return HttpVoice(voice.url or "", voice.key, voice.model, voice.name, voice.speed)


def _smallest_voice(voice: VoiceSettings, speaks: bool, espeak: str) -> Finding:
    if shutil.which(espeak) is not None:
        return found("espeak_good")
    if voice.kind == "none":
        return found("espeak_not_wanted")
    return found("espeak_missing" if speaks and voice.kind != "espeak" else "espeak_needed")


def _prompts(data_dir: Path) -> Iterator[Finding]:
    """Recordings that are never played: of no prompt, or of one that says something else each time."""
    fixed = {name for name, text in standard().items() if "{" not in text}
    names = sorted(file.stem for file in (data_dir / "prompts").glob("*.wav"))
    if strange := [name for name in names if name not in fixed]:
        yield found("voice_prompts_unused", files="、".join(f"{name}.wav" for name in strange[:5]))


def _named(parts: list[str]) -> str:
    return say("speech_and").join(say(f"speech_{part}") for part in parts)
