"""One dialog: requests within it, both ways. State and numbers are aiosipua's ``Dialog``."""

from collections.abc import Mapping

from aiosipua import SipRequest, SipResponse
from aiosipua.dialog import Dialog, dialog_matches, remote_cseq_valid
from aiosipua.headers import stringify_uri

from integrations.voice.sip.credentials import Credentials
from integrations.voice.sip.messages import AGENT, ALLOW, Address, Identity, success_acknowledged
from integrations.voice.sip.sdp import CONTENT_TYPE
from integrations.voice.sip.transactions import Transactions


class Leg:
    """The signalling of one call.

    Everything goes to the address that the call came from, or was placed to, not to what ``Contact`` says: that is
    right behind NAT and with an exchange in between, and nobody can make us write to an address of his choice.

    Args:
        transactions: the socket.
        dialog: tags, numbers, route.
        peer: where requests go.
        us: who we are there.
        credentials: for a registrar that asks; None where we have none, and for a call that came in: who called us
            has no reason to ask.
    """

    def __init__(
        self, transactions: Transactions, dialog: Dialog, peer: Address, us: Identity, credentials: Credentials | None
    ) -> None:
        self.dialog = dialog
        self.peer = peer
        self.us = us
        self._transactions = transactions
        self._credentials = credentials

    def belongs(self, request: SipRequest) -> bool:
        """Whether both tags are those of this dialog."""
        return dialog_matches(self.dialog, request)

    def in_order(self, request: SipRequest) -> bool:
        """Whether its number is higher than the last one's; takes it in."""
        return remote_cseq_valid(self.dialog, request)

    def retarget(self, message: SipRequest | SipResponse) -> None:
        """Take over the other side's ``Contact``."""
        contacts = message.contact
        if contacts and contacts[0].uri.host:
            self.dialog.remote_target = stringify_uri(contacts[0].uri)

    async def request(
        self, method: str, headers: Mapping[str, str] | None = None, sdp: str | None = None
    ) -> SipResponse:
        """Send a request within the dialog and wait for its final answer; the registrar's challenge is answered once.

        Raises:
            NoAnswer: the other side is silent.
        """
        request = self._built(method, headers or {}, sdp)
        answer = await self._sent(request)
        proof = (
            None if self._credentials is None else self._credentials.for_call(answer, method, request.uri, self.peer)
        )
        if proof is None:
            return answer
        return await self._sent(self._built(method, {**(headers or {}), **proof}, sdp))

    async def _sent(self, request: SipRequest) -> SipResponse:
        answer = await self._transactions.request(request, self.peer)
        if request.method == "INVITE" and answer.status_code < 300:
            self.acknowledge(request)
        return answer

    def acknowledge(self, invite: SipRequest) -> None:
        """Acknowledge the success of an INVITE of ours."""
        self._transactions.acknowledge(invite, success_acknowledged(invite, self.dialog, self.us), self.peer)

    def _built(self, method: str, headers: Mapping[str, str], sdp: str | None) -> SipRequest:
        request = self.dialog.create_request(method, via_host=self.us.address[0], via_port=self.us.address[1])
        request.headers.set_single("User-Agent", AGENT)
        if method != "BYE":
            request.headers.set_single("Contact", self.us.contact)
            request.headers.set_single("Allow", ALLOW)
        for name, value in headers.items():
            request.headers.set_single(name, value)
        if sdp is not None:
            request.headers.set_single("Content-Type", CONTENT_TYPE)
            request.text = sdp
        return request
