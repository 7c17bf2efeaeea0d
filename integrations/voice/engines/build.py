"""The engines that ``hotline.yml`` names, each with its time limit and its second choice."""

import shutil

import structlog

from integrations.voice.configuration import Hotline, RecogniserSettings, VoiceSettings
from integrations.voice.engines.espeak import PROGRAM, EspeakVoice
from integrations.voice.engines.fallback import FallbackVoice, GuardedRecogniser
from integrations.voice.engines.funasr import FunAsrRecogniser
from integrations.voice.engines.http_voice import HttpVoice
from integrations.voice.engines.openai import OpenAiRecogniser
from integrations.voice.engines.own import OwnRecogniser, OwnVoice
from integrations.voice.engines.vosk import VoskRecogniser
from integrations.voice.speech import Recogniser, Voice

log = structlog.get_logger()


def recogniser_of(settings: Hotline | None, speech_url: str | None) -> Recogniser | None:
    """The recogniser that is configured; None where there is none, so that the call goes on by keys.

    Args:
        settings: ``hotline.yml``; None for its defaults, as the demo's call button has them.
        speech_url: where our own speech service listens; None where it does not run.
    """
    wanted = (settings or Hotline()).recogniser
    inner = _recogniser(wanted, speech_url)
    return None if inner is None else GuardedRecogniser(inner, wanted.kind, wanted.late_after)


def voice_of(settings: Hotline | None, speech_url: str | None, *, espeak: str = PROGRAM) -> Voice | None:
    """The voice that is configured, with espeak-ng behind it where that is installed; None where there is none.

    Args:
        settings: ``hotline.yml``; None for its defaults, as the demo's call button has them.
        speech_url: where our own speech service listens; None where it does not run.
        espeak: the smallest voice's binary.
    """
    wanted = (settings or Hotline()).voice
    if wanted.kind == "none":
        return None
    voices: list[tuple[str, Voice]] = []
    if (first := _voice(wanted, speech_url)) is not None:
        voices.append((wanted.kind, first))
    if shutil.which(espeak) is not None:
        voices.append(("espeak", EspeakVoice(wanted.name, wanted.speed, espeak)))
    return FallbackVoice(voices, wanted.late_after) if voices else None


def _recogniser(wanted: RecogniserSettings, speech_url: str | None) -> Recogniser | None:
    url = _address("recogniser", wanted, speech_url)
    if url is None:
        return None
    match wanted.kind:
        case "guanjia":
            return OwnRecogniser(url, wanted.key)
        case "openai":
            return OpenAiRecogniser(url, wanted.key, wanted.model)
        case "funasr":
            return FunAsrRecogniser(url, wanted.key)
        case "vosk":
            return VoskRecogniser(url, wanted.key)
        case "none":
            return None


def _voice(wanted: VoiceSettings, speech_url: str | None) -> Voice | None:
    url = _address("voice", wanted, speech_url)
    if url is None:
        return None
    match wanted.kind:
        case "guanjia":
            return OwnVoice(url, wanted.key, wanted.model, wanted.name, wanted.speed)
        case "openai":
            return HttpVoice(url, wanted.key, wanted.model, wanted.name, wanted.speed)
        case "espeak" | "none":
            return None


def _address(part: str, wanted: RecogniserSettings | VoiceSettings, speech_url: str | None) -> str | None:
    """Where the engine listens, if it is one that listens somewhere."""
    if wanted.kind == "guanjia":
        return wanted.url or speech_url
    if wanted.url is None and wanted.kind not in ("none", "espeak"):
        log.error("voice.engine_without_address", part=part, engine=wanted.kind)
    return wanted.url
