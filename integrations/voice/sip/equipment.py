"""What all calls of one telephone share."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog
from aiosipua import SipRequest

from integrations.voice.configuration import Sip
from integrations.voice.sip.access import Access
from integrations.voice.sip.credentials import Credentials
from integrations.voice.sip.messages import Address, Identity
from integrations.voice.sip.pace import Pace
from integrations.voice.sip.ports import Ports
from integrations.voice.sip.transactions import Transactions

if TYPE_CHECKING:
    from integrations.voice.sip.line import SipLine

log = structlog.get_logger()

DEFAULT_USER = "guanjia"


class Equipment:
    """The socket, the clock, the ports and the list of calls.

    Attributes:
        settings: the section ``sip`` of ``hotline.yml``.
        access: who may call.
        transactions: the SIP socket.
        pace: the clock of all sound.
        ports: the RTP ports.
        credentials: the extension's name and password; None where we are none.
    """

    def __init__(self, settings: Sip, access: Access, transactions: Transactions) -> None:
        self.settings = settings
        self.access = access
        self.transactions = transactions
        self.pace = Pace()
        self.ports = Ports(settings.rtp_ports[0], settings.rtp_ports[1], settings.host)
        self.credentials = None if settings.registration is None else Credentials(settings.registration, access)
        self._lines: dict[tuple[str, str], SipLine] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def user(self) -> str:
        """Our extension's name."""
        registration = self.settings.registration
        return registration.user if registration is not None else DEFAULT_USER

    @property
    def domain(self) -> str | None:
        """The exchange's domain."""
        registration = self.settings.registration
        return None if registration is None else registration.domain or registration.registrar

    def identity(self, peer: Address) -> Identity:
        """We, as that peer can reach us."""
        port = self.transactions.address[1]
        if self.settings.advertised_ip is not None:
            return Identity((self.settings.advertised_ip, port), self.user)
        return Identity((local_address(self.transactions.address[0], peer), port), self.user)

    # --- calls --------------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list["SipLine"]:
        """The calls that are not over."""
        return [line for line in self._lines.values() if not line.over]

    def add(self, line: "SipLine") -> None:
        """Requests of this dialog belong to this line from now on."""
        self._lines[line.leg.dialog.call_id, line.leg.dialog.local_tag] = line

    def forget(self, line: "SipLine") -> None:
        """Its dialog is over; once is enough."""
        self._lines.pop((line.leg.dialog.call_id, line.leg.dialog.local_tag), None)

    def line_of(self, request: SipRequest) -> "SipLine | None":
        """The line whose dialog a request belongs to."""
        target = request.to_addr
        return self._lines.get((request.call_id or "", (target.tag if target else None) or ""))

    def line_called(self, call_id: str) -> "SipLine | None":
        """The line with this ``Call-ID``, whatever its tags."""
        return next((line for (known, _), line in self._lines.items() if known == call_id), None)

    def talks_to(self, host: str) -> bool:
        """Whether a call goes on with this address."""
        return any(line.leg.peer[0] == host for line in self._lines.values())

    # --- tasks --------------------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside; what fails is written to the log."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self, seconds: float) -> None:
        """Wait for what runs beside, then cut it off."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def left_over(self) -> int:
        """Dialogs that are not forgotten, and tasks that run."""
        return len(self._lines) + len(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("voice.sip_task_failed", error=type(task.exception()).__name__, exc_info=task.exception())


def local_address(bound: str, peer: Address) -> str:
    """The address of ours that a peer sees; asks the routing table, sends nothing."""
    if bound not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return bound
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer[0], peer[1] or 5060))
        except OSError:
            return bound
        return str(probe.getsockname()[0])


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name, in order of preference.

    Raises:
        OSError: the name is unknown, or no name server answers.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    return [(str(entry[4][0]), int(entry[4][1])) for entry in found]
