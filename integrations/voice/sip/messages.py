"""SIP messages: reading them with care, and writing the few forms we send. Parsing itself is aiosipua's."""

import logging
import re
from dataclasses import dataclass

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.dialog import Dialog
from aiosipua.headers import CSeq, Via, parse_via, stringify_cseq, stringify_via
from aiosipua.message import missing_required_headers
from aiosipua.utils import format_addr, generate_branch, generate_tag

from integrations.voice.sip.limits import without_absurd

logging.getLogger("aiosipua").setLevel(logging.ERROR)  # it warns of every odd packet, and anybody can send those

Address = tuple[str, int]

LONGEST = 16 * 1024
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY"
METHODS = frozenset(ALLOW.split(", "))
AGENT = "Guanjia"
SUPPORTED = "timer, norefersub"
_KNOWN_EXTENSIONS = frozenset({"timer", "norefersub"})
_HIGHEST_CSEQ = 2**31
_FIRST_LINE = re.compile(rb"(?:[A-Z]{3,20} \S{1,512} SIP/\d\.\d|SIP/2\.0 \d{3} ?[^\r\n]{0,200})\r?\n")
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
    400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed", 415: "Unsupported Media Type",
    416: "Unsupported URI Scheme", 420: "Bad Extension", 422: "Session Interval Too Small",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 505: "Version Not Supported", 603: "Decline",
}  # fmt: skip


class Malformed(Exception):
    """A request that can be answered, but not served.

    Attributes:
        request: what was understood of it.
        status: the answer's status.
    """

    def __init__(self, request: SipRequest, status: int) -> None:
        self.request = request
        self.status = status
        super().__init__(str(status))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in a request.

    Attributes:
        address: host and port that the other side can reach.
        user: the extension's name.
    """

    address: Address
    user: str

    @property
    def contact(self) -> str:
        """The ``Contact`` header's value."""
        return f"<sip:{self.user}@{format_addr(*self.address)}>"


def looks_like_sip(data: bytes) -> bool:
    """A cheap first look, before anything is parsed."""
    return 20 < len(data) <= LONGEST and _FIRST_LINE.match(data[:800]) is not None


def read(data: bytes, source: Address) -> SipRequest | SipResponse | None:
    """Parse a packet; None where it is nothing that could be answered.

    Raises:
        Malformed: a request with something wrong in it.
    """
    try:
        data, absurd = without_absurd(data)
        message = SipMessage.parse(data)
        vias = message.headers.get("via")
        if not vias or not vias[0].upper().startswith("SIP/2.0/UDP ") or not message.via[0].branch:
            return None
        if isinstance(message, SipResponse):
            sound = not absurd and message.cseq is not None and 100 <= message.status_code <= 699
            return message if sound else None
        stamp(message, source)
    except Exception:  # whatever a parser makes of a stranger's bytes, to us it is no message
        return None
    status = 400 if absurd else _wrong_with(message, data)
    if status is not None:
        raise Malformed(message, status)
    return message


def _wrong_with(request: SipRequest, data: bytes) -> int | None:
    """The status that refuses a request, or None where it is sound."""
    if missing_required_headers(request):
        return 400
    if not data.split(b"\n", 1)[0].rstrip().endswith(b"SIP/2.0"):
        return 505
    try:
        cseq, declared = request.cseq, request.content_length
        sender, target = request.from_addr, request.to_addr
        contacts = request.contact
    except Exception:  # each is a stranger's text
        return 400
    if cseq is None or cseq.method != request.method or not 0 <= cseq.seq < _HIGHEST_CSEQ:
        return 400
    if declared < 0 or declared > len(request.body) or sender is None or target is None:
        return 400
    if any(len(request.headers.get(name)) > 1 for name in ("from", "to", "call-id", "cseq")):
        return 400
    if not sender.tag or (request.method == "INVITE" and not (contacts and _HOST.fullmatch(contacts[0].uri.host))):
        return 400
    if not request.uri.lower().startswith(("sip:", "sips:", "tel:")):
        return 416
    if request.method not in ("ACK", "CANCEL") and unknown_extensions(request):
        return 420
    return None


def unknown_extensions(request: SipRequest) -> list[str]:
    """What the sender demands and we do not have."""
    demanded = ",".join(request.headers.get("require")).lower().split(",")
    return [word.strip() for word in demanded if word.strip() and word.strip() not in _KNOWN_EXTENSIONS]


def stamp(request: SipRequest, source: Address) -> None:
    """Write into the topmost ``Via`` where the request really came from (RFC 3261 18.2.1, RFC 3581)."""
    first, *others = request.headers.get("via")
    via = parse_via(first)
    via.params["received"] = source[0]
    if "rport" in via.params:
        via.params["rport"] = str(source[1])
    request.headers.remove("Via")
    for value in (stringify_via(via), *others):
        request.headers.append("Via", value)


def response(
    request: SipRequest, status: int, tag: str | None = None, headers: dict[str, str] | None = None
) -> SipResponse:
    """An answer to a request.

    Args:
        request: what is answered.
        status: the status code.
        tag: our side's tag; None for one of its own.
        headers: further headers.
    """
    answer = SipResponse(status_code=status, reason_phrase=_REASONS.get(status, "Refused"))
    for via in request.headers.get("via"):
        answer.headers.append("Via", via)
    for record in request.headers.get("record-route"):
        answer.headers.append("Record-Route", record)
    for name in ("From", "To", "Call-ID", "CSeq"):
        value = request.get_header(name)
        if value:
            answer.headers.set_single(name, value)
    target = answer.get_header("To")
    if status > 100 and target and ";tag=" not in target.lower():
        answer.headers.set_single("To", f"{target};tag={tag or generate_tag()}")
    if status == 420:
        answer.headers.set_single("Unsupported", ", ".join(unknown_extensions(request)))
    if status in (200, 405):
        answer.headers.set_single("Allow", ALLOW)
    answer.headers.set_single("Server", AGENT)
    for name, value in (headers or {}).items():
        answer.headers.set_single(name, value)
    return answer


def outside_dialog(method: str, uri: str, us: Identity, addresses: tuple[str, str], ids: tuple[str, int]) -> SipRequest:
    """A request that belongs to no dialog yet.

    Args:
        method: ``REGISTER`` or ``INVITE``.
        uri: the request line's.
        us: our side.
        addresses: the values of ``From`` (with its tag) and ``To``.
        ids: ``Call-ID`` and the sequence number.
    """
    request = SipRequest(method=method, uri=uri)
    via = Via(transport="UDP", host=us.address[0], port=us.address[1], params={"branch": generate_branch()})
    via.params["rport"] = None
    request.headers.append("Via", stringify_via(via))
    request.headers.set_single("From", addresses[0])
    request.headers.set_single("To", addresses[1])
    request.headers.set_single("Call-ID", ids[0])
    request.headers.set_single("CSeq", stringify_cseq(CSeq(seq=ids[1], method=method)))
    request.headers.set_single("Contact", us.contact)
    request.headers.set_single("Max-Forwards", "70")
    request.headers.set_single("User-Agent", AGENT)
    request.headers.set_single("Allow", ALLOW)
    return request


def success_acknowledged(invite: SipRequest, dialog: Dialog, us: Identity) -> SipRequest:
    """The ``ACK`` of a success: a transaction of its own, with the number of its INVITE."""
    cseq = invite.cseq
    assert cseq is not None  # we wrote it
    ack = dialog.create_request("ACK", via_host=us.address[0], via_port=us.address[1])
    dialog.local_cseq -= 1  # an ACK takes no number
    ack.headers.set_single("CSeq", stringify_cseq(CSeq(seq=cseq.seq, method="ACK")))
    return ack


def refusal_acknowledged(invite: SipRequest, answer: SipResponse) -> SipRequest:
    """The ``ACK`` of a refusal: part of the INVITE's own transaction."""
    ack = _of_the_same_transaction(invite, "ACK")
    ack.headers.set_single("To", answer.get_header("to") or invite.get_header("to") or "")
    return ack


def cancellation(invite: SipRequest) -> SipRequest:
    """The ``CANCEL`` of a request that has no final answer yet."""
    return _of_the_same_transaction(invite, "CANCEL")


def _of_the_same_transaction(invite: SipRequest, method: str) -> SipRequest:
    cseq = invite.cseq
    assert cseq is not None  # we wrote it
    request = SipRequest(method=method, uri=invite.uri)
    request.headers.append("Via", invite.headers.get("via")[0])
    for name in ("From", "To", "Call-ID", "Max-Forwards"):
        request.headers.set_single(name, invite.get_header(name) or "")
    request.headers.set_single("CSeq", stringify_cseq(CSeq(seq=cseq.seq, method=method)))
    for route in invite.headers.get("route"):
        request.headers.append("Route", route)
    return request
