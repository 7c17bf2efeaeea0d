"""The text messages of Asterisk's ``chan_websocket``, in both of its spellings.

Plain text (``DTMF_END digit:5``) is what 20.16, 21.11 and 22.6 speak; since 20.18, 22.8 and 23.2 the operator may
choose JSON. Which one it is shows in the first message.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from aiortp.codecs import PcmuCodec

from integrations.voice.alaw import Alaw
from integrations.voice.line import FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Event:
    """What Asterisk tells; ``is_json`` is how it wants to be answered."""

    name: str
    values: Mapping[str, str]
    is_json: bool


def read(text: str) -> Event | None:
    """An event, or None for what is none."""
    text = text.strip()
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return None
        name = fields.get("event") if isinstance(fields, dict) else None
        if not isinstance(name, str):
            return None
        return Event(name, {key: str(value) for key, value in fields.items()}, is_json=True)
    name, *words = text.split()
    pairs = (word.partition(":") for word in words)
    # MEDIA_MARK_PROCESSED and MEDIA_BUFFERING_COMPLETED name an id without a key.
    values = {key: value for key, colon, value in pairs if colon}
    if words and not values:
        values["correlation_id"] = words[0]
    return Event(name, values, is_json=False)


def write(command: str, correlation_id: str | None = None, *, is_json: bool) -> str:
    """A command as Asterisk wants it."""
    if is_json:
        return json.dumps({"command": command} | ({"correlation_id": correlation_id} if correlation_id else {}))
    return command if correlation_id is None else f"{command} {correlation_id}"


def flat_json(body: bytes) -> dict[str, str]:
    """The values of a JSON object as text; empty for anything else."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in fields.items()}


class Coding(Protocol):
    """Between the exchange's samples and 16-bit ones."""

    def encode(self, pcm: bytes, /) -> bytes:
        """16-bit samples as the exchange takes them."""
        ...

    def decode(self, data: bytes, /) -> bytes:
        """The exchange's samples as 16-bit ones."""
        ...


class _Linear:
    """``slin``: 16-bit little-endian samples of 8 kHz, as they are here."""

    def encode(self, pcm: bytes, /) -> bytes:
        return pcm

    def decode(self, data: bytes, /) -> bytes:
        return data[: len(data) // 2 * 2]


CODINGS: Mapping[str, Coding] = {"ulaw": PcmuCodec(), "alaw": Alaw(), "slin": _Linear()}
_FRAME = {"ulaw": FRAME_BYTES // 2, "alaw": FRAME_BYTES // 2, "slin": FRAME_BYTES}
_LARGEST_FRAME = 65_500
"""Asterisk closes a connection on which a longer message arrives."""


@dataclass(frozen=True, slots=True)
class Format:
    """How sound goes over one connection: the coding, and the size of which every message has to be a multiple."""

    coding: Coding
    size: int


def format_of(start: Event) -> Format | None:
    """The format that MEDIA_START names; None for one that no telephone uses (wide band, video)."""
    name = start.values.get("format", "")
    if name not in CODINGS:
        return None
    size = start.values.get("optimal_frame_size", "")
    known = size.isascii() and size.isdigit() and 0 < int(size) <= _LARGEST_FRAME
    return Format(CODINGS[name], int(size) if known else _FRAME[name])
