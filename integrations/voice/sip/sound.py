"""The sound of one call: RTP both ways, on aiortp's session, sender, codecs and packets.

What aiortp 0.8.0's own audio session does differently, and why this one is ours: it decodes everything with one codec
whatever a packet says, follows the source of *any* packet that hits its port (somebody could redirect a call's sound),
reports a key when it is let go and not when it is pressed, and cannot drop a queue without a private call.
"""

import asyncio
import contextlib
import logging
import struct
import time
from collections.abc import Callable

from aiortp.base_session import BaseRTPSession
from aiortp.codecs import PcmuCodec
from aiortp.packet import RtcpPacket, RtcpSrPacket, RtpPacket

from integrations.voice.alaw import Alaw
from integrations.voice.line import FRAME_BYTES, SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.sip.pace import Pace
from integrations.voice.sip.ports import NoPorts, Ports
from integrations.voice.sip.reorder import Reorder
from integrations.voice.sip.sdp import PAYLOAD_TYPES, Agreed

logging.getLogger("aiortp").setLevel(logging.ERROR)  # it writes callers' addresses, and a line for each refused packet

FRAME_SAMPLES = FRAME_BYTES // SAMPLE_BYTES
SILENCE = bytes(FRAME_BYTES)
_CODECS: dict[int, Alaw | PcmuCodec] = {PAYLOAD_TYPES["PCMA"]: Alaw(), PAYLOAD_TYPES["PCMU"]: PcmuCodec()}
_COMFORT_NOISE = 13
_TRIES = 3


def encode(payload_type: int, pcm: bytes) -> bytes:
    """PCM as a telephone sends it."""
    return _CODECS[payload_type].encode(pcm)


def decode(payload_type: int, payload: bytes) -> bytes:
    """What :func:`encode` made, as PCM."""
    return _CODECS[payload_type].decode(payload)


_SILENT = {number: encode(number, SILENCE) for number in _CODECS}


class Sound(BaseRTPSession):
    """One call's stream.

    From the answer on a packet leaves every 20 ms, silence where nothing is queued: a stream that pauses lets NAT
    bindings fall, makes exchanges count the call as dead (``rtptimeout``) and recordings shift. Only a call on hold
    gets nothing.

    Attributes:
        on_sound: called with what was heard, 16-bit PCM.
        on_key: called with the payload and the timestamp of each packet of a key event.
        heard_at: ``time.monotonic`` of the last packet.
    """

    def __init__(self, pace: Pace, ports: Ports, port: int, may_send: Callable[[str], bool]) -> None:
        super().__init__(payload_type=PAYLOAD_TYPES["PCMA"])
        self._pace = pace
        self._ports = ports
        self.port = port
        self._may_send = may_send
        self._agreed: Agreed | None = None
        self._source: tuple[str, int] | None = None
        self._reorder = Reorder()
        self._queue = bytearray()
        self._empty = asyncio.Event()
        self._empty.set()
        self._timestamp = int(time.monotonic() * SAMPLE_RATE) & 0xFFFFFFFF
        self.on_sound: Callable[[bytes], None] = lambda pcm: None
        self.on_key: Callable[[bytes, int], None] = lambda payload, timestamp: None
        self.on_turn: Callable[[], None] = lambda: None
        self.heard_at = time.monotonic()

    @classmethod
    async def open(cls, pace: Pace, ports: Ports, host: str, may_send: Callable[[str], bool]) -> "Sound":
        """Bind a pair of ports; nothing is sent before :meth:`begin`.

        Args:
            pace: the clock.
            ports: where the ports come from.
            host: the address to bind.
            may_send: whether sound is taken from an address that nobody announced.

        Raises:
            NoPorts: all are in use.
        """
        for _ in range(_TRIES):
            port = ports.take()
            sound = cls(pace, ports, port, may_send)
            try:
                await sound._bind_transports((host, port), (host, 0))
            except OSError:
                await sound.close()
                continue
            except BaseException:
                await sound.close()
                raise
            sound._remote_addr = sound._remote_rtcp_addr = None  # nobody yet
            return sound
        raise NoPorts

    def begin(self) -> None:
        """The call is answered: a packet every 20 ms from here."""
        self.heard_at = time.monotonic()
        if not self._closed:
            self._pace.add(self)

    def agree(self, agreed: Agreed) -> None:
        """What was negotiated, first or anew."""
        if self._agreed is None or self._agreed.remote != agreed.remote:
            self._source = None
        self._agreed = agreed
        self.heard_at = time.monotonic()
        if agreed.remote is not None:
            self.update_remote(agreed.remote)

    def play(self, pcm: bytes) -> None:
        """Queue sound."""
        if pcm and not self._closed:
            self._queue += pcm
            self._empty.clear()

    def flush(self) -> float:
        """Drop what is queued; the next packet is silent. Returns the seconds dropped."""
        dropped = self.unplayed
        self._queue.clear()
        self._empty.set()
        return dropped

    @property
    def unplayed(self) -> float:
        """Seconds that are queued."""
        return len(self._queue) / (SAMPLE_RATE * SAMPLE_BYTES)

    async def drained(self) -> None:
        """Wait until nothing is queued."""
        await self._empty.wait()

    def turn(self) -> None:
        """Send one frame; :class:`Pace` calls it."""
        self.on_turn()
        agreed = self._agreed
        if self._closed or self._sender is None or agreed is None:
            return
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        if agreed.held or self._remote_addr is None or self._remote_addr[1] == 0:
            return
        kind = agreed.payload_type
        self._sender.send_raw(kind, self._frame(kind), self._timestamp, addr=self._remote_addr)

    def _frame(self, payload_type: int) -> bytes:
        if not self._queue:
            return _SILENT[payload_type]
        frame = bytes(self._queue[:FRAME_BYTES])
        del self._queue[:FRAME_BYTES]
        if not self._queue:
            self._empty.set()
        return encode(payload_type, frame.ljust(FRAME_BYTES, b"\0"))

    async def close(self) -> None:
        """End the stream and give the ports back; once is enough."""
        if self._closed:
            return
        self._pace.remove(self)
        self.flush()
        try:
            await super().close()
        finally:
            self._ports.give_back(self.port)

    # --- what comes in ------------------------------------------------------------------------------------------------

    def _handle_rtp(self, data: bytes, addr: tuple[str, int]) -> None:
        agreed = self._agreed
        if self._closed or agreed is None or not self._expected(agreed, addr):
            return
        try:
            packet = RtpPacket.parse(data)
        except ValueError:
            return
        is_sound = packet.payload_type in _CODECS
        if not is_sound and packet.payload_type not in (agreed.keys, _COMFORT_NOISE):
            return
        self._follow(packet, addr)
        if not is_sound:
            if packet.payload_type == agreed.keys:
                self.on_key(packet.payload, packet.timestamp)
            self._deliver(packet, b"")
        elif packet.payload:
            self._deliver(packet, decode(packet.payload_type, packet.payload))

    def _expected(self, agreed: Agreed, addr: tuple[str, int]) -> bool:
        """Sound is taken from the announced address, from the signalling peer and from allowed networks only."""
        if addr == self._source:
            return True
        return (agreed.remote is not None and addr[0] == agreed.remote[0]) or self._may_send(addr[0])

    def _follow(self, packet: RtpPacket, addr: tuple[str, int]) -> None:
        """Send to where sound really comes from: behind a NAT that is not what was announced (RFC 4961)."""
        self.heard_at = time.monotonic()
        if addr != self._source:
            self._source = addr
            self.update_remote((addr[0], addr[1]))
        if packet.ssrc != self._remote_ssrc:
            self._remote_ssrc_changed(packet.ssrc)
            self._reorder.reset()
        if self._stream_stats is not None:
            self._stream_stats.add(packet)

    def _deliver(self, packet: RtpPacket, pcm: bytes) -> None:
        for piece in self._reorder.put(packet.sequence_number, pcm):
            self.on_sound(SILENCE if piece is None else piece)

    def _send_rtcp_report(self) -> None:
        with contextlib.suppress(struct.error):  # a peer's wild timestamps do not fit into a report
            super()._send_rtcp_report()

    def _handle_rtcp(self, data: bytes, addr: tuple[str, int]) -> None:
        agreed = self._agreed
        if agreed is None or not self._expected(agreed, addr):
            return
        try:
            packets = RtcpPacket.parse(data)
        except ValueError:
            return
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                self._record_incoming_sr(packet.sender_info.ntp_timestamp)
