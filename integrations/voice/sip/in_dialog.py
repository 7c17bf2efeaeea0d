"""Requests within a call: acknowledgement, hanging up, hold, keys, reports of a transfer."""

from collections.abc import Callable

from integrations.voice.sip import session_timer
from integrations.voice.sip.equipment import Equipment
from integrations.voice.sip.line import SipLine
from integrations.voice.sip.messages import response
from integrations.voice.sip.sdp import Unacceptable, described
from integrations.voice.sip.session_timer import SHORTEST, TooShort
from integrations.voice.sip.transactions import Server


def serve(equipment: Equipment, line: SipLine, server: Server) -> None:
    """Serve one request of a dialog that is known by its ``Call-ID`` and our tag."""
    request = server.request
    if not line.leg.belongs(request):
        if request.method != "ACK":
            _answer(equipment, line, server, 481)
        return
    if request.method == "ACK":
        line.acknowledged(request)
        return
    equipment.transactions.remember(server)
    if not line.leg.in_order(request):
        _answer(equipment, line, server, 500)
        return
    handler = _HANDLERS.get(request.method)
    if handler is None:
        _answer(equipment, line, server, 405)
        return
    handler(equipment, line, server)


def _answer(equipment: Equipment, line: SipLine, server: Server, status: int) -> None:
    headers = {"Min-SE": str(SHORTEST)} if status == 422 else None
    equipment.transactions.respond(server, response(server.request, status, line.leg.dialog.local_tag, headers))


def _bye(equipment: Equipment, line: SipLine, server: Server) -> None:
    _answer(equipment, line, server, 200)
    if line.ringing:
        line.refuse(487)
    line.settle()  # who hangs up has heard that we answered
    line.finish("caller", tell=False)


def _offer(equipment: Equipment, line: SipLine, server: Server) -> None:
    """A new description (re-INVITE, UPDATE), or a confirmation without one."""
    request = server.request
    if line.over or line.ringing:
        _answer(equipment, line, server, 481 if line.over else 491)
        return
    if line.pending is not None and (request.method == "INVITE" or line.expects_answer):
        _answer(equipment, line, server, 491)
        return
    try:
        interval = session_timer.of_invite(request, equipment.settings.session_seconds)
        offer = described(request)
        text, agreed = (None, None) if offer is None else line.description.answer(offer)
    except TooShort:
        _answer(equipment, line, server, 422)
        return
    except Unacceptable:
        _answer(equipment, line, server, 488)  # the call goes on as it was
        return
    if text is None and request.method == "INVITE":
        text = line.description.offer()
        line.expects_answer = True
    line.leg.retarget(request)
    if interval is not None:
        line.timer.start(interval)
    line.accept(server, text)
    if agreed is not None:
        line.agree(agreed)


def _info(equipment: Equipment, line: SipLine, server: Server) -> None:
    _answer(equipment, line, server, 200)
    line.key_by_info(server.request.content_type or "", server.request.text)


def _notify(equipment: Equipment, line: SipLine, server: Server) -> None:
    event = (server.request.get_header("event") or "").split(";")[0].strip().lower()
    if event != "refer":
        _answer(equipment, line, server, 489)
        return
    _answer(equipment, line, server, 200)
    if line.transfer_progress is not None:
        line.transfer_progress.report(server.request)


def _options(equipment: Equipment, line: SipLine, server: Server) -> None:
    _answer(equipment, line, server, 200)


_HANDLERS: dict[str, Callable[[Equipment, SipLine, Server], None]] = {
    "BYE": _bye,
    "INVITE": _offer,
    "UPDATE": _offer,
    "INFO": _info,
    "NOTIFY": _notify,
    "OPTIONS": _options,
}
