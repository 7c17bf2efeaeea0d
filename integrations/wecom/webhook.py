"""The callback ``/wecom/{name}``: it says that there is something to pull, and nothing else.

So nothing has to be stored before the answer: what is lost here, the sweep of the puller finds.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response

from integrations.tencent import xml
from integrations.tencent.allow_list import AllowList
from integrations.tencent.callbacks import Refused, body_of, envelope_of
from integrations.tencent.envelope import EnvelopeRefused
from integrations.wecom.accounts import Account

log = structlog.get_logger()

ANSWER = "success"

Wake = Callable[[str, str], None]
"""Takes an ``open_kfid`` and the callback's token."""


class Callback:
    """One company's callback: address, size, signature, time and decryption hold before anything is looked at.

    Args:
        now: seconds since 1970.
        wake: starts a pull.
    """

    def __init__(self, account: Account, allow_list: AllowList, now: Callable[[], float], wake: Wake) -> None:
        self._account = account
        self._allow_list = allow_list
        self._wake = wake
        self._envelope = envelope_of(account, account.corp_id, now)

    async def echo(self, request: Request) -> bytes:
        """What the platform wants to read back, decrypted, when the callback is entered there.

        Raises:
            Refused: it is not the platform.
        """
        await self._allow_list.check(request)
        return self._opened(request, request.query_params.get("echostr", ""))

    async def notify(self, request: Request) -> None:
        """Take one notification.

        Raises:
            Refused: it is not the platform's, not for this company, too old, too large, or not readable.
        """
        await self._allow_list.check(request)
        body = await body_of(request)
        try:
            encrypted = xml.parse(body).get("Encrypt")
            if not isinstance(encrypted, str):
                raise Refused("not_encrypted")
            fields = xml.parse(self._opened(request, encrypted))
        except xml.XmlRefused as refused:
            raise Refused(f"xml_{refused.reason}") from None
        if fields.get("ToUserName") != self._account.corp_id:
            raise Refused("receiver")
        self._take(fields)

    def _take(self, fields: Mapping[str, Any]) -> None:
        if (fields.get("MsgType"), fields.get("Event")) != ("event", "kf_msg_or_event"):
            return  # other events of the company may be entered with the same address
        open_kfid, token = fields.get("OpenKfId"), fields.get("Token")
        if isinstance(open_kfid, str) and self._account.kf(open_kfid) is not None:
            self._wake(open_kfid, token if isinstance(token, str) else "")
        else:
            log.info("wecom.account_unknown", name=self._account.name)

    def _opened(self, request: Request, encrypted: str) -> bytes:
        query = request.query_params
        try:
            return self._envelope.open(
                signature=query.get("msg_signature", ""),
                timestamp=query.get("timestamp", ""),
                nonce=query.get("nonce", ""),
                encrypted=encrypted,
            ).content
        except EnvelopeRefused as refused:
            raise Refused(refused.reason) from None


def router_for(callbacks: Mapping[str, Callback]) -> APIRouter:
    """The routes of all companies, by the names in their addresses."""
    router = APIRouter(include_in_schema=False)

    @router.get("/wecom/{name}")
    async def echo(name: str, request: Request) -> Response:
        try:
            return Response(await _known(callbacks, name).echo(request), media_type="text/plain; charset=utf-8")
        except Refused as refused:
            return _refusal(name, refused)

    @router.post("/wecom/{name}")
    async def notify(name: str, request: Request) -> Response:
        try:
            await _known(callbacks, name).notify(request)
        except Refused as refused:
            return _refusal(name, refused)
        return Response(ANSWER, media_type="text/plain")

    return router


def _known(callbacks: Mapping[str, Callback], name: str) -> Callback:
    if name not in callbacks:
        raise Refused("unknown", 404)
    return callbacks[name]


def _refusal(name: str, refused: Refused) -> Response:
    log.warning("wecom.refused", name=name if refused.reason != "unknown" else "", reason=refused.reason)
    return Response(status_code=refused.status)
