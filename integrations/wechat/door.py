"""The way into an account's callback: size, address, signature, time, decryption, form. Nothing else is looked at
before all of it holds, and whoever is refused learns nothing from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from integrations.tencent import xml
from integrations.tencent.allow_list import AllowList
from integrations.tencent.callbacks import Refused, body_of, envelope_of
from integrations.tencent.envelope import EnvelopeRefused
from integrations.wechat import messages
from integrations.wechat.accounts import Account

LONGEST_ECHO = 512


@dataclass(frozen=True)
class Call:
    """One delivery of the platform, found good.

    Attributes:
        fields: the message.
        content: the XML that they were read from.
        reply: the body of a response that says a text to the sender.
    """

    fields: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)
    reply: Callable[[str], str] = field(repr=False)


class Door:
    """One account's door.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, account: Account, allow_list: AllowList, now: Callable[[], float]) -> None:
        self.account = account
        self._allow_list = allow_list
        self._now = now
        self._envelope = envelope_of(account, account.app_id, now)

    async def echo(self, request: Request) -> str:
        """What the platform wants to read back when the callback is entered there.

        Raises:
            Refused: it is not the platform.
        """
        await self._allow_list.check(request)
        self._check_signature(request)
        echo = request.query_params.get("echostr", "")
        if not echo or len(echo) > LONGEST_ECHO:
            raise Refused("echo")
        return echo

    async def open(self, request: Request) -> Call:
        """Read one delivery.

        Raises:
            Refused: it is not the platform's, not for this account, too old, too large, or not readable.
        """
        await self._allow_list.check(request)
        body = await body_of(request)
        try:
            outer = xml.parse(body)
            if self._is_sealed(request):
                return self._sealed(request, outer)
            self._check_signature(request)
            return self._call(outer, body, lambda content: content)
        except xml.XmlRefused as refused:
            raise Refused(f"xml_{refused.reason}") from None
        except EnvelopeRefused as refused:
            raise Refused(refused.reason) from None
        except messages.MessageRefused as refused:
            raise Refused(refused.reason) from None

    def _is_sealed(self, request: Request) -> bool:
        """Whether the body is encrypted; where it must be and is not, the request ends here.

        The signature of a plain request does not cover its body.
        """
        sealed = request.query_params.get("encrypt_type") == "aes"
        if not sealed and self.account.encryption != "plain":
            raise Refused("not_encrypted")
        return sealed

    def _sealed(self, request: Request, outer: Mapping[str, Any]) -> Call:
        query = request.query_params
        encrypted = outer.get("Encrypt")
        if not isinstance(encrypted, str):
            raise Refused("not_encrypted")
        nonce = query.get("nonce", "")
        opened = self._envelope.open(
            signature=query.get("msg_signature", ""),
            timestamp=query.get("timestamp", ""),
            nonce=nonce,
            encrypted=encrypted,
        )
        fields = xml.parse(opened.content)
        return self._call(
            fields, opened.content, lambda content: self._envelope.seal(content, key=opened.key, nonce=nonce)
        )

    def _call(self, fields: Mapping[str, Any], content: bytes, sealed: Callable[[str], str]) -> Call:
        open_id, original_id = messages.sender_of(self.account, fields)

        def reply(text: str) -> str:
            return sealed(
                xml.build(
                    {
                        "ToUserName": open_id,
                        "FromUserName": original_id,
                        "CreateTime": int(self._now()),
                        "MsgType": "text",
                        "Content": text,
                    }
                )
            )

        return Call(fields, content, reply)

    def _check_signature(self, request: Request) -> None:
        query = request.query_params
        try:
            self._envelope.check_signature(
                query.get("signature", ""), query.get("timestamp", ""), query.get("nonce", "")
            )
        except EnvelopeRefused as refused:
            raise Refused(refused.reason) from None
