"""Whether packets leave on time: twenty callers in a process of their own, who hear a prompt and note when each came.

The other side is the server as it is started by `guanjia up`, which listens to all of them meanwhile.
"""

import asyncio
import math
import multiprocessing
import selectors
import socket
import struct
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

import psutil
import yaml

from integrations.voice.line import SAMPLE_RATE
from integrations.voice.prompts import Prompts, as_wav
from property_db import migrate
from tests.support.server_process import ServerProcess
from tests.support.sip_peers import free_port
from tests.support.stack import free_port as free_tcp_port

PACKET_SECONDS = 0.02
SILENCE = b"\xd5" * 160
SKIPPED = 100
"""Packets of each call, until all are there."""
SPARE_SECONDS = 6.0


async def on_time(calls: int, seconds: float) -> dict[str, Any]:
    """Gaps between packets in milliseconds, over all calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite+aiosqlite:///{folder / 'guanjia.db'}"
        await migrate.upgrade(url)
        sip = free_port()
        settings = {
            "sip": {"host": "127.0.0.1", "port": sip, "rtp_ports": [27000, 27399], "allowed": ["127.0.0.0/8"]},
            "voice": {"kind": "none"},
            "recogniser": {"kind": "none"},
            "most_calls": calls + 5,
        }
        (folder / "hotline.yml").write_text(yaml.safe_dump(settings))
        (folder / "hotline.yml").chmod(0o600)
        Prompts(folder).set_recording("recording_notice", as_wav(_tone(seconds + SPARE_SECONDS)))
        server = ServerProcess(folder, free_tcp_port(), "http://127.0.0.1:9", GUANJIA_DATABASE_URL=url)
        await server.start()
        assert server.process is not None
        watched = psutil.Process(server.process.pid)
        try:
            context = multiprocessing.get_context("spawn")
            theirs, ours = context.Pipe()
            callers = context.Process(target=_callers, args=(sip, calls, seconds, ours))
            before = watched.cpu_times()
            callers.start()
            gaps: list[float] = await asyncio.to_thread(theirs.recv)
            after = watched.cpu_times()
            callers.join()
        finally:
            server.kill()
    used = after.user + after.system - before.user - before.system
    at = {f"p{share:g}": round(_share(gaps, share / 100) * 1000, 1) for share in (50, 95, 99, 99.9)}
    worst = round(max(gaps, default=math.nan) * 1000, 1)
    return {"calls": calls, "seconds": seconds, "gaps": len(gaps), **at, "worst": worst, "server_cpu_s": round(used, 1)}


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else math.nan


def _tone(seconds: float) -> bytes:
    step = 2 * math.pi * 440 / SAMPLE_RATE
    return array("h", (round(6000 * math.sin(step * n)) for n in range(round(seconds * SAMPLE_RATE)))).tobytes()


class _Caller:
    """One call, as little of it as is needed."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.port = port
        self.signals = _socket()
        self.media = _socket()
        self.remote: tuple[str, int] | None = None
        self.tag = ""
        self.came: list[float] = []

    def send(self, method: str, body: str = "") -> None:
        """Send a request of the call."""
        host, port = self.signals.getsockname()
        content = "Content-Type: application/sdp\r\n" if body else ""
        request = (
            f"{method} sip:4008@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{self.number};rport\r\n"
            f"From: <sip:135{self.number:08}@x>;tag=t{self.number}\r\nTo: <sip:4008@x>{self.tag}\r\n"
            f"Call-ID: c{self.number}\r\nCSeq: {2 if method == 'BYE' else 1} {method}\r\n"
            f"Contact: <sip:a@{host}:{port}>\r\nMax-Forwards: 70\r\n{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.signals.sendto(request.encode(), ("127.0.0.1", self.port))

    def invite(self) -> None:
        """Call."""
        self.send(
            "INVITE",
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.media.getsockname()[1]} RTP/AVP 8\r\n",
        )

    def signalled(self, packet: bytes) -> None:
        """An answer came."""
        text = packet.decode()
        if text.startswith("SIP/2.0 200") and "INVITE" in text and "m=audio " in text:
            self.remote = ("127.0.0.1", int(text.split("m=audio ")[1].split()[0]))
            self.tag = ";tag=" + text.split("To: ")[1].split("\r\n")[0].split(";tag=")[1]
            self.send("ACK")


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def _callers(port: int, count: int, seconds: float, pipe: Any) -> None:
    """The callers' process."""
    selector = selectors.DefaultSelector()
    callers = [_Caller(number, port) for number in range(count)]
    for caller in callers:
        selector.register(caller.signals, selectors.EVENT_READ, (caller, False))
        selector.register(caller.media, selectors.EVENT_READ, (caller, True))
        caller.invite()
    end, next_at, sequence = time.monotonic() + seconds + SPARE_SECONDS / 2, time.monotonic(), 0
    while (now := time.monotonic()) < end:
        if now >= next_at:
            sequence, next_at = sequence + 1, next_at + PACKET_SECONDS
            for caller in callers:
                if caller.remote is not None:
                    header = struct.pack("!BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160, caller.number + 1)
                    caller.media.sendto(header + SILENCE, caller.remote)
        for key, _ in selector.select(max(0.0, next_at - time.monotonic())):
            caller, is_sound = key.data
            packet = key.fileobj.recv(4000)  # type: ignore[union-attr]
            if is_sound:
                caller.came.append(time.monotonic())
            else:
                caller.signalled(packet)
    for caller in callers:
        caller.send("BYE")
    pipe.send([
        after - before
        for caller in callers
        for before, after in zip(caller.came[SKIPPED:], caller.came[SKIPPED + 1 :], strict=False)
    ])  # fmt: skip
