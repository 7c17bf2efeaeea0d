"""A real Asterisk on loopback, set up with the very samples of ``docs/voice.md``, and its callers' and agents' lines.

Debian's stable release has none: ``GUANJIA_TEST_ASTERISK`` names the program (22.6 or newer for ``chan_websocket``).
"""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.live import WANG

PROGRAM = os.environ.get("GUANJIA_TEST_ASTERISK") or shutil.which("asterisk")
PASSWORD, SECRET = "ext-8000-secret", "a-secret-of-the-exchange"
AGENT = "8001"
BY_SIP, BY_WEBSOCKET, BY_AUDIOSOCKET = "95000", "95001", "95002"
READY_SECONDS = 60.0

_DOCS = Path(__file__).resolve().parents[2] / "docs" / "voice.md"
_TRANSPORT = """[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:{port}

"""
_LINE = """
[{name}]
type = endpoint
context = callers
disallow = all
allow = alaw
auth = {name}
aors = {name}
callerid = <{name}>
direct_media = no

[{name}]
type = auth
auth_type = userpass
username = {name}
password = {password}

[{name}]
type = aor
max_contacts = 1
remove_existing = yes
"""
_DIALPLAN = """
[callers]
exten => {sip},1,Dial(PJSIP/8000)
exten => {websocket},1,Goto(hotline,95000,1)
exten => {audiosocket},1,Goto(hotline-tcp,95000,1)

[internal]
exten => _8XXX,1,Dial(PJSIP/${{EXTEN}},25)
"""


@dataclass(frozen=True)
class RealAsterisk:
    """The running exchange.

    Attributes:
        port: of its SIP.
    """

    port: int
    folder: Path

    def account(self, name: str, *more: str) -> str:
        """A line of a telephone that registers here."""
        return ";".join([f"<sip:{name}@127.0.0.1:{self.port}>", f"auth_pass={PASSWORD}", "audio_codecs=PCMA", *more])

    async def console(self, command: str) -> str:
        """What its console says to a command."""
        assert PROGRAM is not None
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "-C",
            str(self.folder / "asterisk.conf"),
            "-rx",
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return output.decode(errors="replace")

    async def has(self, command: str, wanted: str) -> None:
        """Wait until the console shows it."""
        found = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while wanted not in (found := await self.console(command)):
                    await asyncio.sleep(0.5)
                return
        raise AssertionError(f"{command} does not show {wanted}: {found}\n{self.log()[-4000:]}")

    def log(self) -> str:
        """Everything it wrote."""
        return (self.folder / "output").read_text(errors="replace")


@contextlib.asynccontextmanager
async def real_asterisk(folder: Path, server_url: str, audiosocket_port: int, port: int) -> AsyncIterator[RealAsterisk]:
    """Start it; its media connections go to this server."""
    assert PROGRAM is not None
    await asyncio.to_thread(_write_files, folder, server_url, audiosocket_port, port)
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "-f",
            "-vvv",
            "-C",
            str(folder / "asterisk.conf"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    exchange = RealAsterisk(port, folder)
    try:
        await exchange.has("core show uptime", "System uptime")
        await exchange.console("core waitfullybooted")
        yield exchange
    finally:
        await exchange.console("core stop now")
        await process.wait()


def samples() -> list[str]:
    """The samples of an exchange's files in the operator's page, in order."""
    page = _DOCS.read_text(encoding="utf-8")
    return re.findall(r"```ini\n(.*?)```", page, re.DOTALL)


def _write_files(folder: Path, server_url: str, audiosocket_port: int, port: int) -> None:
    pjsip, websocket, dialplan, audiosocket = samples()
    host = urlsplit(server_url).netloc
    changed = {
        "分机的密码": PASSWORD,
        "192.168.1.20:8080": host,
        "192.168.1.20:9092": f"127.0.0.1:{audiosocket_port}",
        "密钥": SECRET,
    }

    def ours(text: str) -> str:
        for sample, value in changed.items():
            text = text.replace(sample, value)
        return text

    goes_on = dialplan[dialplan.index(" same => n,GotoIf") : dialplan.index("[guanjia-headers]")]
    lines = "".join(_LINE.format(name=name, password=PASSWORD) for name in (WANG, AGENT))
    plan = _DIALPLAN.format(sip=BY_SIP, websocket=BY_WEBSOCKET, audiosocket=BY_AUDIOSOCKET)
    where = {"astetcdir": folder, "astdbdir": folder, "astrundir": folder, "astlogdir": folder, "astspooldir": folder}
    files = {
        "asterisk.conf": "[directories]\n" + "".join(f"{name} => {path}\n" for name, path in where.items()),
        "modules.conf": "[modules]\nautoload=yes\n",
        "logger.conf": "[logfiles]\nconsole => notice,warning,error,verbose\n",
        "rtp.conf": "[general]\nrtpstart=27000\nrtpend=27199\n",
        "pjsip.conf": _TRANSPORT.format(port=port) + ours(pjsip) + lines,
        "websocket_client.conf": ours(websocket),
        "extensions.conf": ours(dialplan) + "\n[hotline-tcp]\n" + ours(audiosocket) + goes_on + plan,
    }
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
