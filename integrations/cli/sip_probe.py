"""One question to a SIP exchange over UDP, as `guanjia doctor` asks it: no password leaves, nothing is registered."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Literal

PATIENCE_SECONDS = 2.0
REPEAT_AFTER = (0.0, 0.5, 1.5)
"""UDP loses packets."""
_STATUS = re.compile(r"SIP/2\.0 ([2-6]\d\d)")
_SERVER = re.compile(r"^(?:server|user-agent)[ \t]*:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """A final answer: its status, and who gave it as it says itself (empty where it does not)."""

    status: int
    server: str


async def ask(
    method: Literal["OPTIONS", "REGISTER"],
    host: str,
    port: int,
    user: str,
    domain: str,
    seconds: float = PATIENCE_SECONDS,
) -> Reply | None:
    """Ask and wait for the final answer; None where none comes in time.

    A REGISTER without a ``Contact`` only asks what is registered, so even a registrar that wants no password changes
    nothing.

    Args:
        host, port: an address, looked up already.
        user, domain: whose extension it is about.

    Raises:
        OSError: nobody listens there, or there is no way there.
    """
    loop = asyncio.get_running_loop()
    transport, probe = await loop.create_datagram_endpoint(_Probe, remote_addr=(host, port))
    try:
        packet = _request(method, user, domain, transport.get_extra_info("sockname"), probe.call_id)
        repeats = [loop.call_later(after, transport.sendto, packet) for after in REPEAT_AFTER if after < seconds]
        try:
            async with asyncio.timeout(seconds):
                return await probe.reply
        except TimeoutError:
            return None
        finally:
            for repeat in repeats:
                repeat.cancel()
    finally:
        transport.close()


class _Probe(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.call_id = secrets.token_hex(12)
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Take the final answer to our question, and no other packet."""
        text = data[:8192].decode("latin-1")
        status = _STATUS.match(text)
        if status is None or self.call_id not in text or self.reply.done():
            return
        server = _SERVER.search(text)
        self.reply.set_result(Reply(int(status[1]), server[1].strip() if server else ""))

    def error_received(self, exc: Exception) -> None:
        """The machine says that nobody listens there."""
        if not self.reply.done():
            self.reply.set_exception(exc)


def _request(method: str, user: str, domain: str, local: tuple[str, int], call_id: str) -> bytes:
    host = f"[{local[0]}]" if ":" in local[0] else local[0]
    who = f"<sip:{user}@{domain}>"
    target = f"sip:{domain}" if method == "REGISTER" else f"sip:{user}@{domain}"
    lines = (
        f"{method} {target} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{local[1]};branch=z9hG4bK{secrets.token_hex(8)};rport",
        f"From: {who};tag={secrets.token_hex(4)}",
        f"To: {who}",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {method}",
        "Max-Forwards: 70",
        "User-Agent: Guanjia doctor",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
