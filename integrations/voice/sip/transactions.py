"""SIP's transactions over UDP (RFC 3261 17): what is lost is sent again, what comes twice is answered the same.

aiosipua 0.7.1 parses and writes messages well, but its transaction layer neither repeats our requests, nor knows an
INVITE that comes twice (it would be a second call), nor acknowledges a refusal, nor gives the answers to REFER. So
this layer is ours.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import structlog
from aiosipua import SipRequest, SipResponse

from integrations.voice.sip.messages import (
    Address,
    Malformed,
    cancellation,
    looks_like_sip,
    read,
    refusal_acknowledged,
    response,
)
from integrations.voice.sip.repeating import T1, Repeated, Repeater

log = structlog.get_logger()

MOST_REMEMBERED = 4096

Key = tuple[str, str, str]


class NoAnswer(Exception):
    """The other side does not answer a request at all."""


@dataclass(slots=True, eq=False)
class Client:
    """One request of ours on its way."""

    request: SipRequest
    address: Address
    final: asyncio.Future[SipResponse]
    on_provisional: Callable[[SipResponse], None] | None
    on_final: Callable[[SipRequest, SipResponse], None] | None
    repeated: Repeated
    provisional: bool = False
    cancelled: bool = False


@dataclass(slots=True, eq=False)
class Server:
    """One request of the other side, remembered for as long as it may come again."""

    request: SipRequest
    address: Address
    answer: bytes | None = None
    status: int = 0
    repeated: Repeated | None = field(default=None)
    unacknowledged: Callable[[], None] | None = None


class Transactions(asyncio.DatagramProtocol):
    """A UDP socket that speaks SIP.

    Args:
        heed: whether a packet from this host, of so many bytes, is read at all (called before parsing).
        serve: called with each new request, once.
        junk: called with a word for each packet that is no SIP.
        t1: RFC 3261's T1 in seconds; tests make it short.
    """

    def __init__(
        self,
        heed: Callable[[str, int], bool],
        serve: Callable[[Server], None],
        junk: Callable[[str], None],
        t1: float = T1,
    ) -> None:
        self._heed = heed
        self._serve = serve
        self._junk = junk
        self._clock = Repeater(self.send_bytes, t1)
        self._clients: dict[tuple[str, str], Client] = {}
        self._servers: dict[Key, Server] = {}
        self._acks: dict[str, tuple[bytes, Address]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.address: Address = ("", 0)

    @property
    def patience(self) -> float:
        """Seconds after which an unanswered request has failed."""
        return self._clock.patience

    async def open(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the port is taken, or the host is none of ours.
        """
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, port))

    async def close(self) -> None:
        """Stop listening; whoever waits for an answer gets :class:`NoAnswer`."""
        for client in list(self._clients.values()):
            self._fail(client)
        self._clock.close()
        self._servers.clear()
        self._acks.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            await asyncio.sleep(0)  # the loop closes the socket in its next turn

    def asks(self, host: str) -> bool:
        """Whether a request of ours waits for this address."""
        return any(client.address[0] == host for client in self._clients.values())

    def left_over(self) -> int:
        """Transactions and repetitions that are kept."""
        return len(self._clients) + len(self._servers) + self._clock.left_over()

    # --- asyncio's side -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # A cast: the transport of uvloop, which the server runs on, is no instance of asyncio's class.
        self._transport = cast(asyncio.DatagramTransport, transport)
        name = transport.get_extra_info("sockname")
        self.address = (str(name[0]), int(name[1]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP refusal; the repetition or the timeout deals with it."""

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Read one packet; nothing in it may raise out of here."""
        source = (str(addr[0]), int(addr[1]))
        if not self._heed(source[0], len(data)):
            return
        if not looks_like_sip(data):
            if data.strip(b"\r\n\0"):  # empty ones keep a NAT binding alive
                self._junk("junk")
            return
        try:
            self._received(data, source)
        except Exception as error:  # one packet, whatever is in it, never stops the telephone
            log.error("voice.sip_packet_failed", error=type(error).__name__)

    def _received(self, data: bytes, source: Address) -> None:
        try:
            message = read(data, source)
        except Malformed as wrong:
            self._junk("malformed")
            if wrong.request.method != "ACK":
                self._new(Server(wrong.request, source), status=wrong.status)
            return
        if message is None:
            self._junk("junk")
        elif isinstance(message, SipResponse):
            self._answered(message)
        else:
            self._new(Server(message, source))

    # --- requests of the other side -----------------------------------------------------------------------------------

    def _new(self, server: Server, status: int | None = None) -> None:
        request = server.request
        if status is not None:
            self.send(response(request, status), server.address)
            return
        key = _key(request)
        known = self._servers.get(key)
        if known is not None and request.method == "ACK" and known.status >= 300:
            self._stop_server(known)
            return
        if known is not None and request.method not in ("ACK", "CANCEL"):
            if known.answer is not None:
                self.send_bytes(known.answer, known.address)
            return
        self._serve(server)

    def remember(self, server: Server) -> None:
        """Know this request when it comes again; forgotten some time after its final answer.

        Strangers' requests are not remembered: an answer to them leaves nothing behind.
        """
        if len(self._servers) < MOST_REMEMBERED:
            self._servers[_key(server.request)] = server

    def respond(self, server: Server, answer: SipResponse, unacknowledged: Callable[[], None] | None = None) -> None:
        """Answer a request; an INVITE's final answer is repeated until it is acknowledged.

        Args:
            server: the request.
            answer: the answer; a second final one is ignored.
            unacknowledged: called when no ACK came for a success.
        """
        if server.status >= 200:
            return
        server.answer, server.status = bytes(answer), answer.status_code
        self.send_bytes(server.answer, server.address)
        if answer.status_code < 200:
            return
        key = _key(server.request)
        if key not in self._servers:
            return
        if server.request.method == "INVITE":
            server.unacknowledged = unacknowledged
            server.repeated = self._clock.repeat(
                server.answer, server.address, lambda: self._never_acknowledged(server)
            )
        self._clock.later(self.patience, lambda: self._servers.pop(key, None))

    def acknowledged(self, server: Server) -> None:
        """The ACK of a success has come (it is a transaction of its own, which only the dialog knows)."""
        self._stop_server(server)

    def invite_of(self, cancel: SipRequest) -> Server | None:
        """The INVITE that a CANCEL means."""
        return self._servers.get(_key(cancel))

    def _never_acknowledged(self, server: Server) -> None:
        call, server.unacknowledged = server.unacknowledged, None
        if call is not None:
            call()

    def _stop_server(self, server: Server) -> None:
        server.unacknowledged = None
        if server.repeated is not None:
            self._clock.stop(server.repeated)

    # --- our requests -------------------------------------------------------------------------------------------------

    def begin(
        self,
        request: SipRequest,
        address: Address,
        on_provisional: Callable[[SipResponse], None] | None = None,
        on_final: Callable[[SipRequest, SipResponse], None] | None = None,
    ) -> Client:
        """Send a request and repeat it until it is answered; the answer is ``final`` of what is returned.

        Both functions are called at once, before the next packet is read.
        """
        future: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()
        packet = bytes(request)
        client = Client(request, address, future, on_provisional, on_final, Repeated())
        branch = request.via[0].branch or ""
        self._clients[branch, request.method] = client
        future.add_done_callback(_looked_at)
        future.add_done_callback(lambda _: self._ended(branch, client))
        self.send_bytes(packet, address)
        client.repeated = self._clock.repeat(
            packet, address, lambda: self._fail(client), no_cap=request.method == "INVITE"
        )
        return client

    async def request(self, request: SipRequest, address: Address) -> SipResponse:
        """Send a request (no INVITE) and wait for its final answer.

        Raises:
            NoAnswer: none came within :attr:`patience`.
        """
        return await self.begin(request, address).final

    def cancel(self, client: Client) -> None:
        """Give an INVITE up; the final answer comes all the same, or :class:`NoAnswer` if it does not.

        A CANCEL may only follow a provisional answer; until one comes it waits.
        """
        if client.final.done() or client.cancelled:
            return
        client.cancelled = True
        self._clock.stop(client.repeated)
        self._clock.later(self.patience, lambda: self._fail(client))
        if client.provisional:
            self._send_cancel(client)

    def acknowledge(self, invite: SipRequest, ack: SipRequest, address: Address) -> None:
        """Send the ACK of an INVITE's final answer, and again whenever that answer comes again."""
        branch = invite.via[0].branch or ""
        packet = bytes(ack)
        self._acks[branch] = (packet, address)
        self._clock.later(self.patience, lambda: self._acks.pop(branch, None))
        self.send_bytes(packet, address)

    def _send_cancel(self, client: Client) -> None:
        self.begin(cancellation(client.request), client.address)

    def _answered(self, answer: SipResponse) -> None:
        cseq = answer.cseq
        branch = answer.via[0].branch or ""
        assert cseq is not None  # ``read`` wants one
        client = self._clients.get((branch, cseq.method))
        if client is None:
            if cseq.method == "INVITE" and answer.status_code >= 200 and branch in self._acks:
                self.send_bytes(*self._acks[branch])
            return
        if answer.status_code < 200:
            self._provisional(client, answer)
            return
        self._clock.stop(client.repeated)
        if cseq.method == "INVITE" and answer.status_code >= 300:
            self.acknowledge(client.request, refusal_acknowledged(client.request, answer), client.address)
        if not client.final.done():
            if client.on_final is not None:
                client.on_final(client.request, answer)
            client.final.set_result(answer)

    def _provisional(self, client: Client, answer: SipResponse) -> None:
        if client.request.method == "INVITE":
            self._clock.stop(client.repeated)
        if not client.provisional:
            client.provisional = True
            if client.cancelled:
                self._send_cancel(client)
        if client.on_provisional is not None:
            client.on_provisional(answer)

    def _ended(self, branch: str, client: Client) -> None:
        self._clock.stop(client.repeated)
        if self._clients.get((branch, client.request.method)) is client:
            del self._clients[branch, client.request.method]

    def _fail(self, client: Client) -> None:
        if not client.final.done():
            client.final.set_exception(NoAnswer(client.request.method))

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, message: SipRequest | SipResponse, address: Address) -> None:
        """Send a message once."""
        self.send_bytes(bytes(message), address)

    def send_bytes(self, packet: bytes, address: Address) -> None:
        """Send a packet once; nothing happens where the telephone is closed."""
        if self._transport is not None:
            self._transport.sendto(packet, address)


def _key(request: SipRequest) -> Key:
    """What makes two packets the same request; an ACK or a CANCEL has the key of its INVITE."""
    via = request.via[0]
    method = "INVITE" if request.method in ("ACK", "CANCEL") else request.method
    return via.branch or "", f"{via.host}:{via.port}", method


def _looked_at(future: asyncio.Future[SipResponse]) -> None:
    """Not every answer is waited for; asyncio would complain of a failure nobody saw."""
    if not future.cancelled():
        future.exception()
