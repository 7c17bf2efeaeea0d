"""The hotline's settings: ``hotline.yml`` in the data folder, as ``wechat.yml`` is for WeChat. No file: no telephone.

The call button of the demo page works without it.
"""

from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from integrations.tencent.accounts import load_file
from property_db.calls.numbers import is_abroad

Number = Annotated[str, Field(pattern=r"^\+?[0-9*#]{2,20}$")]
Network = IPv4Network | IPv6Network


def _quoted(value: object) -> object:
    """YAML reads a bare ``20:00`` as the number 1200, which would be twenty minutes past midnight."""
    if isinstance(value, int | float):
        raise ValueError('时间要加引号，如 "20:00"')
    return value


TimeOfDay = Annotated[time, BeforeValidator(_quoted)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SipRegistration(_Section):
    """An extension of an exchange that we register as."""

    registrar: str
    port: int = Field(default=5060, ge=1, le=65535)
    user: str
    password: SecretStr
    domain: str | None = None
    expires: int = Field(default=300, ge=60, le=3600)


class Sip(_Section):
    """The telephone extension of our own.

    Attributes:
        host, port: where SIP is listened to (UDP); port 0 takes a free one.
        rtp_ports: first and last port for sound; two for each call.
        advertised_ip: our address as the exchange sees it, behind NAT.
        registration: registers as an extension; None where the exchange sends calls here by itself.
        allowed: networks that may call without registration; the registrar's address always may.
        agents_via: ``host:port`` that calls to agents and outside go through; None for the registrar.
        session_seconds: session timer (RFC 4028).
        media_timeout: seconds without a packet after which a call counts as lost.
    """

    host: str = "0.0.0.0"  # noqa: S104 - a telephone has to be reachable; calls are taken from allowed networks only
    port: int = Field(default=5060, ge=0, le=65535)
    rtp_ports: tuple[int, int] = (16384, 16483)
    advertised_ip: str | None = None
    registration: SipRegistration | None = None
    allowed: tuple[Network, ...] = ()
    agents_via: str | None = None
    codecs: tuple[Literal["PCMA", "PCMU"], ...] = ("PCMA", "PCMU")
    session_seconds: int = Field(default=1800, ge=90)
    media_timeout: float = Field(default=20.0, ge=2)


class Asterisk(_Section):
    """Asterisk's ``chan_websocket`` connects to ``/voice/asterisk/{secret}`` of our server."""

    secret: SecretStr = Field(min_length=16)
    allowed: tuple[Network, ...] = ()


class AudioSocket(_Section):
    """Asterisk's AudioSocket connects here over TCP; the caller's number comes before, by UUID, over HTTP."""

    host: str = "127.0.0.1"
    port: int = Field(default=9092, ge=0, le=65535)
    allowed: tuple[Network, ...] = ()
    secret: SecretStr = Field(min_length=16)


class RecogniserSettings(_Section):
    """``guanjia`` is our own speech service; the others are servers of the operator's."""

    kind: Literal["guanjia", "openai", "funasr", "vosk", "none"] = "guanjia"
    url: str | None = None
    key: SecretStr | None = None
    model: str = "whisper-1"
    late_after: float = Field(default=6.0, gt=0)


class VoiceSettings(_Section):
    """``espeak`` is the smallest voice; recorded prompts override everything."""

    kind: Literal["guanjia", "openai", "espeak", "none"] = "guanjia"
    url: str | None = None
    key: SecretStr | None = None
    model: str = "tts-1"
    name: str = "female"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    late_after: float = Field(default=6.0, gt=0)


class Outbound(_Section):
    """Calls we place.

    Attributes:
        international: numbers abroad may be dialled, to residents and to agents' telephones (see
            `property_db.calls.numbers.is_abroad`); they are what toll fraud is after.
    """

    enabled: bool = False
    international: bool = False
    quiet_begin: TimeOfDay = time(20, 0)
    quiet_end: TimeOfDay = time(9, 0)
    attempts: int = Field(default=2, ge=1, le=5)
    retry_minutes: int = Field(default=30, ge=1)
    calls_at_once: int = Field(default=2, ge=1)

    def dials(self, number: str) -> bool:
        """Whether this number may be dialled at all."""
        return self.international or not is_abroad(number)


class Hotline(_Section):
    """All of ``hotline.yml``.

    Attributes:
        most_calls: calls at once; one more hears busy.
        trust_caller_number: the exchange checks caller numbers, so a registered one may be confirmed by its room
            number; otherwise only a code by SMS proves who calls.
        record: the caller is recorded (and told so).
        keep_recordings_days: then they are deleted.
        transfer: ``refer`` gives the caller to the agent's phone, ``bridge`` dials the agent and connects both.
    """

    sip: Sip | None = None
    asterisk: Asterisk | None = None
    audiosocket: AudioSocket | None = None
    recogniser: RecogniserSettings = RecogniserSettings()
    voice: VoiceSettings = VoiceSettings()
    most_calls: int = Field(default=20, ge=1, le=500)
    trust_caller_number: bool = False
    record: bool = True
    keep_recordings_days: int = Field(default=90, ge=1)
    transfer: Literal["refer", "bridge"] = "bridge"
    agent_ring_seconds: float = Field(default=25.0, ge=5)
    longest_call_minutes: int = Field(default=30, ge=1)
    longest_voicemail_seconds: int = Field(default=120, ge=10)
    outbound: Outbound = Outbound()


def load(path: Path) -> Hotline | None:
    """Read ``hotline.yml``; None where there is none.

    Raises:
        AccountFileWrong: it is open to others, no YAML, or not what :class:`Hotline` wants.
    """
    return load_file(path, Hotline)
