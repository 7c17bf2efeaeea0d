"""Real telephones for tests: ``sipp`` scenarios, ``baresip`` with sound files, and a bare socket for the odd cases."""

import asyncio
import contextlib
import itertools
import json
import shutil
import socket
import struct
import subprocess
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import parse_auth

Address = tuple[str, int]

needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs Debian's sip-tester")
needs_baresip = pytest.mark.skipif(shutil.which("baresip") is None, reason="needs Debian's baresip-core")
needs_sox = pytest.mark.skipif(shutil.which("sox") is None, reason="needs Debian's sox")

PATIENCE = 30.0
"""Seconds a test waits for something that should happen; much longer than it takes."""
_numbers = itertools.count(1)


def free_port(host: str = "127.0.0.1") -> int:
    """A UDP port nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


# --- sipp -------------------------------------------------------------------------------------------------------------


def sdp(port: str = "[media_port]", codecs: str = "8 101", extra: str = "", address: str = "[media_ip]") -> str:
    """A description; the defaults are words that sipp fills in."""
    names = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000", "18": "G729/8000", "101": "telephone-event/8000"}
    lines = [
        "v=0", f"o=peer 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0",
        f"m=audio {port} RTP/AVP {codecs}",
        *(f"a=rtpmap:{number} {names[number]}" for number in codecs.split()),
        *([extra] if extra else []),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def sipp_request(method: str, cseq: int, body: str = "", headers: str = "", *, tag: bool = True) -> str:
    """A ``<send>`` block of the caller's side."""
    to_tag = "[peer_tag_param]" if tag else ""
    content = (
        f"Content-Type: application/sdp\n{headers}Content-Length: [len]\n\n{body}"
        if body
        else f"{headers}Content-Length: 0\n\n"
    )
    retransmit = "" if method == "ACK" else ' retrans="500"'
    cseq_method = method
    return f"""<send{retransmit}><![CDATA[
{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:13800001111@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {cseq_method}
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
{content}]]></send>
"""


def sipp_expect(*statuses: int, optional: tuple[int, ...] = (100, 180)) -> str:
    """``<recv>`` blocks: the optional ones first."""
    blocks = [f'<recv response="{status}" optional="true"></recv>' for status in optional]
    return "\n".join([*blocks, *(f'<recv response="{status}" rrs="true"></recv>' for status in statuses)]) + "\n"


def sipp_reply(status: str, body: str = "", headers: str = "") -> str:
    """Answer the request that came last."""
    content = (
        f"Content-Type: application/sdp\n{headers}Content-Length: [len]\n\n{body}"
        if body
        else f"{headers}Content-Length: 0\n\n"
    )
    return f"""<send><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]u[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port]>
{content}]]></send>
"""


def sipp_ok() -> str:
    """Answer a request within the call with 200."""
    return """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


async def sipp(
    folder: Path, scenario: str, target: Address | None, *, host: str = "127.0.0.1", port: int = 0
) -> "Sipp":
    """Start one scenario for one call.

    Args:
        folder: where its files go.
        scenario: the blocks.
        target: whom it calls; None where it waits for a call.
        host: its own address.
        port: its own port; 0 for a free one.
    """
    name = f"s{next(_numbers)}"
    file = folder / f"{name}.xml"
    file.write_text(f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="{name}">\n{scenario}</scenario>\n')
    port = port or free_port(host)
    media = str(free_port(host) & ~1)
    arguments = [f"{target[0]}:{target[1]}"] if target else []
    arguments += ["-sf", str(file), "-m", "1", "-i", host, "-p", str(port), "-mp", media, "-nostdin", "-s", "4008"]
    arguments += [
        "-timeout",
        f"{PATIENCE:.0f}s",
        "-timeout_error",
        "-trace_err",
        "-error_file",
        str(folder / f"{name}.err"),
    ]
    process = await asyncio.create_subprocess_exec(
        "sipp", *arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return Sipp(process, (host, port), folder / f"{name}.err")


@dataclass
class Sipp:
    """A scenario that runs."""

    process: asyncio.subprocess.Process
    address: Address
    errors: Path

    async def passed(self) -> None:
        """Wait for its end; fails where anything but the scenario happened."""
        try:
            async with asyncio.timeout(PATIENCE + 10):
                code = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise
        assert code == 0, self.errors.read_text()[-3000:] if self.errors.exists() else f"sipp ended with {code}"

    async def listens(self) -> None:
        """Wait until its port is open."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    try:
                        probe.bind(self.address)
                    except OSError:
                        return
                await asyncio.sleep(0.02)


# --- baresip ----------------------------------------------------------------------------------------------------------

_CONFIG = """sip_listen 127.0.0.1:{port}
audio_source aufile,{wav}
audio_player none,nil
audio_alert none,nil
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {first}-{last}
module_path {modules}
module stdio.so
module g711.so
module aufile.so
module sndfile.so
snd_path {folder}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    """One telephone. It sends a WAV file as its microphone and keeps what it hears."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, address: Address) -> None:
        self.process = process
        self.address = address
        self.events: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._folder = folder
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, port: int) -> None:
        """Open its control connection."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        self._reading = asyncio.create_task(self._read(reader))

    async def command(self, name: str, parameters: str = "") -> None:
        """Press something."""
        assert self._writer is not None
        text = json.dumps({"command": name, "params": parameters, "token": "t"}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))
        await self._writer.drain()

    async def press(self, digit: str) -> None:
        """Press one key and let it go."""
        await self.command("sndcode", digit)

    async def speak(self, wav: Path) -> None:
        """Take another sound file for a microphone, from its beginning; at its end the telephone hangs up."""
        await self.command("ausrc", f"aufile,{wav}")

    async def event(self, kind: str) -> dict[str, object]:
        """Wait for an event, such as ``CALL_ESTABLISHED``."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.events.get()
                if event.get("type") == kind:
                    return event

    def received(self, header: str) -> list[str]:
        """The values of a header in all that came over SIP, and was sent."""
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        return [line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{header.lower()}:")]

    def heard(self) -> bytes:
        """The sound that it heard, after the end of the call."""
        files = sorted(self._folder.glob("dump-*-dec.wav"))
        assert files, "it kept nothing"
        with wave.open(str(files[-1])) as file:
            return bytes(file.readframes(file.getnframes()))

    async def close(self) -> None:
        """Switch it off."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                await self.command("quit")
            try:
                async with asyncio.timeout(10):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.process.wait()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                text = await reader.readexactly(length)
                await reader.readexactly(1)
                self.events.put_nowait(json.loads(text))


@contextlib.asynccontextmanager
async def baresip(folder: Path, wav: Path, account: str, port: int = 0, *options: str) -> AsyncIterator[Baresip]:
    """Switch a telephone on.

    Args:
        folder: its settings, and what it heard.
        wav: its microphone, 8 kHz mono.
        account: a line of its ``accounts`` file.
        port: where it is reached; 0 for a free one.
        options: more of its command line; ``-s`` writes all SIP into its log.
    """
    folder.mkdir(exist_ok=True)
    port, control, media = port or free_port(), free_tcp_port(), 30000 + (next(_numbers) * 20) % 8000
    modules = next(path for path in _module_folders() if path.is_dir())
    (folder / "config").write_text(
        _CONFIG.format(
            port=port, wav=wav, first=media, last=media + 18, modules=modules, folder=folder, control=control
        )
    )
    (folder / "accounts").write_text(account + "\n")
    with (folder / "log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(folder), *options, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    telephone = Baresip(process, folder, ("127.0.0.1", port))
    try:
        await telephone.connect(control)
        yield telephone
    finally:
        if telephone._writer is None:
            process.kill()
        await telephone.close()


def free_tcp_port() -> int:
    """A TCP port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _module_folders() -> list[Path]:
    return [
        Path("/usr/lib/baresip/modules"),
        *Path("/usr/lib").glob("*/baresip/modules"),
        Path("/usr/local/lib/baresip"),
    ]


def tone(path: Path, hertz: int, seconds: float) -> Path:
    """A WAV file with a tone, made by sox."""
    subprocess.run(
        [
            "sox",
            "-n",
            "-r",
            "8000",
            "-c",
            "1",
            "-b",
            "16",
            str(path),
            "synth",
            str(seconds),
            "sine",
            str(hertz),
            "vol",
            "0.4",
        ],
        check=True,
    )
    return path


# --- a socket that speaks SIP -----------------------------------------------------------------------------------------


class Socket(asyncio.DatagramProtocol):
    """A peer whose every packet the test writes itself."""

    def __init__(self) -> None:
        self.packets: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        self.seen: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.seen.append(data)
        self.packets.put_nowait((data, addr))

    @property
    def address(self) -> Address:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def send(self, data: bytes | str, target: Address) -> None:
        assert self._transport is not None
        self._transport.sendto(data.encode() if isinstance(data, str) else data, target)

    async def message(
        self, wanted: Callable[[SipRequest | SipResponse], bool] = lambda _: True
    ) -> SipRequest | SipResponse:
        """The next message that is wanted; others are left out."""
        async with asyncio.timeout(PATIENCE):
            while True:
                data, _ = await self.packets.get()
                message = SipMessage.parse(data)
                if wanted(message):
                    return message

    async def response(self, status: int, method: str = "") -> SipResponse:
        """The next answer with this status."""
        found = await self.message(
            lambda message: (
                isinstance(message, SipResponse)
                and message.status_code == status
                and (message.get_header("cseq") or "").endswith(method)
            )
        )
        assert isinstance(found, SipResponse)
        return found

    async def request(self, method: str) -> SipRequest:
        """The next request of this method."""
        found = await self.message(lambda message: isinstance(message, SipRequest) and message.method == method)
        assert isinstance(found, SipRequest)
        return found

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


@contextlib.asynccontextmanager
async def open_socket(host: str = "127.0.0.1") -> AsyncIterator[Socket]:
    """A socket on a free port."""
    _, peer = await asyncio.get_running_loop().create_datagram_endpoint(Socket, local_addr=(host, 0))
    try:
        yield peer
    finally:
        peer.close()
        await asyncio.sleep(0)


@dataclass
class Caller:
    """The caller's side of one call, packet by packet.

    Attributes:
        peer: signalling.
        media: sound.
        target: the telephone.
    """

    peer: Socket
    media: Socket
    target: Address
    call_id: str = field(default_factory=lambda: f"call-{next(_numbers)}")
    tag: str = field(default_factory=lambda: f"tag{next(_numbers)}")
    to_tag: str = ""
    number: int = 0
    branch: str = ""
    remote_media: Address | None = None
    sequence: int = 0

    def request(self, method: str, body: str = "", headers: str = "", kind: str = "application/sdp") -> str:
        """Write the next request of the call; ACK and CANCEL keep the INVITE's number, CANCEL its branch too."""
        if method not in ("ACK", "CANCEL"):
            self.number += 1
        if method != "CANCEL":
            self.branch = f"z9hG4bK{next(_numbers)}x{self.call_id}"
        host, port = self.peer.address
        to_tag = f";tag={self.to_tag}" if self.to_tag and method != "CANCEL" else ""
        content = f"Content-Type: {kind}\r\n" if body else ""
        text = body.replace("\r\n", "\n").replace("\n", "\r\n")
        extra = "".join(f"{line}\r\n" for line in headers.splitlines() if line)
        return (
            f"{method} sip:4008@{self.target[0]}:{self.target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch={self.branch};rport\r\n"
            f"From: <sip:13800001111@example.com>;tag={self.tag}\r\nTo: <sip:4008@example.com>{to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.number} {method}\r\nContact: <sip:peer@{host}:{port}>\r\n"
            f"Max-Forwards: 70\r\n{extra}{content}Content-Length: {len(text.encode())}\r\n\r\n{text}"
        )

    def send(self, text: str) -> None:
        """Send what was written."""
        self.peer.send(text, self.target)

    def offer(self, codecs: str = "8 101", extra: str = "", address: str = "") -> str:
        """A description of our sound."""
        host, port = self.media.address
        return sdp(str(port), codecs, extra, address or host)

    async def answered(self, body: str | None = None, headers: str = "") -> SipResponse:
        """Call, and acknowledge the answer."""
        self.send(self.request("INVITE", self.offer() if body is None else body, headers))
        answer = await self.peer.response(200, "INVITE")
        self.learn(answer)
        self.send(self.request("ACK"))
        return answer

    def learn(self, answer: SipResponse) -> None:
        """Take over the tag and the media address."""
        assert answer.to_addr is not None
        self.to_tag = answer.to_addr.tag or ""
        for line in answer.text.splitlines():
            if line.startswith("m=audio"):
                self.remote_media = (self.target[0], int(line.split()[1]))

    def sound(self, payload: bytes, kind: int = 8, stamp: int | None = None, marker: bool = False) -> None:
        """Send one RTP packet."""
        assert self.remote_media is not None
        self.sequence += 1
        stamp = self.sequence * 160 if stamp is None else stamp
        header = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence, stamp, 0x1234)
        self.media.send(header + payload, self.remote_media)

    def key(self, event: int, stamp: int) -> None:
        """Press a key as telephones do: many packets, the end three times."""
        for step in range(1, 6):
            self.sound(struct.pack("!BBH", event, 10, step * 160), 101, stamp, marker=step == 1)
        for _ in range(3):
            self.sound(struct.pack("!BBH", event, 0x8A, 960), 101, stamp)


def reply(
    request: SipRequest, status: int, headers: dict[str, str] | None = None, body: str = "", tag: str = "peer"
) -> str:
    """An answer of the other side's."""
    answer = SipResponse(status_code=status, reason_phrase="Reply")
    for via in request.headers.get("via"):
        answer.headers.append("Via", via)
    for name in ("From", "To", "Call-ID", "CSeq"):
        answer.headers.set_single(name, request.get_header(name) or "")
    if status > 100 and ";tag=" not in (answer.get_header("To") or ""):
        answer.headers.set_single("To", f"{answer.get_header('To')};tag={tag}")
    for name, value in (headers or {}).items():
        answer.headers.set_single(name, value)
    if body:
        answer.headers.set_single("Content-Type", "application/sdp")
        answer.text = body.replace("\n", "\r\n")
    return bytes(answer).decode()


@dataclass
class Registrar:
    """A small registrar that wants a password.

    Attributes:
        peer: its socket.
        password: what it believes.
        least: the shortest interval it takes; shorter ones get 423.
        contacts: who is registered, with the seconds granted.
        refuse: answers everything with this status.
    """

    peer: Socket
    password: str = "secret"
    least: int = 60
    contacts: dict[str, int] = field(default_factory=dict)
    refuse: int | None = None
    silent: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            data, source = await self.peer.packets.get()
            request = SipMessage.parse(data)
            if isinstance(request, SipRequest) and request.method == "REGISTER" and not self.silent:
                self.peer.send(self._answer(request), source)
                self.changed.set()

    def _answer(self, request: SipRequest) -> str:
        if self.refuse is not None:
            return reply(request, self.refuse)
        given = request.get_header("authorization")
        if given is None or not self._right(request, given):
            challenge = 'Digest realm="test", nonce="n1", algorithm=MD5, qop="auth"'
            return reply(request, 401, {"WWW-Authenticate": challenge})
        seconds = int(request.get_header("expires") or "0")
        if 0 < seconds < self.least:
            return reply(request, 423, {"Min-Expires": str(self.least)})
        contact = request.get_header("contact") or ""
        if seconds:
            self.contacts[contact] = seconds
        else:
            self.contacts.pop(contact, None)
        return reply(request, 200, {"Contact": f"{contact};expires={seconds}"})

    def _right(self, request: SipRequest, given: str) -> bool:
        credentials = parse_auth(given, credentials=True).params
        challenge = parse_auth('Digest realm="test", nonce="n1", algorithm=MD5, qop="auth"')
        expected = build_credentials(
            SipDigestAuth(credentials["username"], self.password),
            challenge,
            request.method,
            request.uri,
            nonce_count=int(credentials.get("nc", "1"), 16),
            cnonce=credentials.get("cnonce"),
        )
        return expected is not None and expected.params["response"] == credentials["response"]
