"""What both sides agree about sound (SDP offer and answer, RFC 3264). Reading and writing it is aiosipua's."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from aiosipua.message import SipMessage
from aiosipua.sdp import (
    MediaDescription,
    SdpMessage,
    SdpNegotiationError,
    build_sdp,
    negotiate_sdp,
    parse_sdp,
    serialize_sdp,
)

CodecName = Literal["PCMA", "PCMU"]
PAYLOAD_TYPES: dict[CodecName, int] = {"PCMU": 0, "PCMA": 8}
KEYS_PAYLOAD_TYPE = 101
CONTENT_TYPE = "application/sdp"
_HOLDING = frozenset({"sendonly", "inactive"})
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_PART = re.compile(r"content-type:\s*application/sdp.*?\r?\n\r?\n(.*?)(?:\r?\n--|\Z)", re.IGNORECASE | re.DOTALL)
_PORTS = range(1, 65536)


class Unacceptable(Exception):
    """No sound can come of this: no audio, no common codec, or an address that is none."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for a call's sound.

    Attributes:
        remote: where our sound goes; None while the other side wants none (on hold).
        payload_type: the codec we send.
        keys: payload type of key events; None where the other side sends none.
        held: the other side holds the call.
    """

    remote: tuple[str, int] | None
    payload_type: int
    keys: int | None
    held: bool


@dataclass(slots=True)
class Description:
    """Our side's descriptions of one call: every one after the first carries a higher version.

    Attributes:
        address: our address as the other side sees it.
        port: our RTP port.
        codecs: in our order of preference.
        session: the session's id.
    """

    address: str
    port: int
    codecs: tuple[CodecName, ...]
    session: int
    version: int = 0

    def offer(self) -> str:
        """All our codecs, and key events."""
        first, *others = self.codecs
        sdp = build_sdp(self.address, self.port, PAYLOAD_TYPES[first], first, dtmf_payload_type=KEYS_PAYLOAD_TYPE)
        media = sdp.media[0]
        media.formats[1:1] = [str(PAYLOAD_TYPES[name]) for name in others]
        media.attributes["rtpmap"][1:1] = [f"{PAYLOAD_TYPES[name]} {name}/8000" for name in others]
        return self._written(sdp)

    def answer(self, offer: SdpMessage) -> tuple[str, Agreed]:
        """Our answer to an offer, and what it comes to.

        Raises:
            Unacceptable: nothing in it suits.
        """
        audio = _audio(offer)
        keys = _keys(audio)
        try:
            sdp, payload_type = negotiate_sdp(
                offer,
                self.address,
                self.port,
                supported_codecs=[PAYLOAD_TYPES[name] for name in self.codecs],
                dtmf_payload_type=keys or 0,  # the number that the other side knows them by
            )
        except SdpNegotiationError as error:
            raise Unacceptable("codec") from error
        answered = next(media for media in sdp.media if media.port)
        answered.attributes["ptime"] = ["20"]
        agreed = Agreed(self._reachable(_remote(offer, audio)), payload_type, keys, _held(offer, audio))
        return self._written(sdp), agreed

    def agreed(self, answer: SdpMessage) -> Agreed:
        """What the other side's answer to our offer comes to.

        Raises:
            Unacceptable: nothing in it suits.
        """
        audio = _audio(answer)
        ours = {PAYLOAD_TYPES[name] for name in self.codecs}
        for codec in audio.codecs:
            if codec.payload_type in ours:
                remote = self._reachable(_remote(answer, audio))
                return Agreed(remote, codec.payload_type, _keys(audio), _held(answer, audio))
        raise Unacceptable("codec")

    def _reachable(self, remote: tuple[str, int] | None) -> tuple[str, int] | None:
        """One socket does not speak to both kinds of addresses."""
        if remote is not None and (":" in remote[0]) != (":" in self.address):
            raise Unacceptable("address")
        return remote

    def _written(self, sdp: SdpMessage) -> str:
        self.version += 1
        sdp.origin.session_id = str(self.session)
        sdp.origin.session_version = str(self.version)
        return serialize_sdp(sdp)


def described(message: SipMessage) -> SdpMessage | None:
    """The description in a message's body, also as one part of several (SIP-I trunks); None where there is none.

    Raises:
        Unacceptable: it cannot be read.
    """
    kind = (message.content_type or "").lower()
    body = message.text
    if not body.strip():
        return None
    if kind.startswith("multipart/"):
        found = re.search(
            r"content-type:\s*application/sdp.*?\r?\n\r?\n(.*?)(?:\r?\n--|\Z)", body, re.IGNORECASE | re.DOTALL
        )
        if found is None:
            return None
        body = found.group(1)
    elif not kind.startswith(CONTENT_TYPE):
        return None
    try:
        return parse_sdp(body)
    except (ValueError, IndexError) as error:
        raise Unacceptable("sdp") from error


def _audio(sdp: SdpMessage) -> MediaDescription:
    for media in sdp.media:
        if media.media == "audio":
            if media.port not in _PORTS or not media.proto.upper().startswith("RTP/AVP"):
                break  # refused, or encrypted
            return media
    raise Unacceptable("audio")


def _keys(audio: MediaDescription) -> int | None:
    for codec in audio.codecs:
        if codec.encoding_name.lower() == "telephone-event" and codec.clock_rate in (0, 8000):
            return codec.payload_type if 96 <= codec.payload_type <= 127 else None
    return None


def _address(sdp: SdpMessage, audio: MediaDescription) -> str:
    connection = audio.connection or sdp.connection
    return connection.address if connection is not None else ""


def _remote(sdp: SdpMessage, audio: MediaDescription) -> tuple[str, int] | None:
    """Where sound goes. Numbers only: a name would be looked up in the middle of the event loop."""
    address = _address(sdp, audio)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError as error:
        raise Unacceptable("address") from error
    if parsed.is_unspecified:
        return None
    if parsed.is_multicast or str(parsed) == "255.255.255.255":
        raise Unacceptable("address")
    return str(parsed), audio.port


def _held(sdp: SdpMessage, audio: MediaDescription) -> bool:
    direction = next((word for word in _DIRECTIONS if word in audio.attributes), None)
    if direction is None:
        direction = next((word for word in _DIRECTIONS if word in sdp.attributes), "sendrecv")
    return direction in _HOLDING or _remote(sdp, audio) is None
