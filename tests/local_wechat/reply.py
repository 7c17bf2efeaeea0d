"""Judging what the server answers to a push, as the platform does."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.local_wechat.crypto import CryptoWrong, Seal
from tests.local_wechat.pushxml import NotXml, read
from tests.local_wechat.world import PeerAccount

TEXT_BYTES = 2048


class Verdict(StrEnum):
    """How one delivery ended."""

    SILENT = "silent"
    REPLY = "reply"
    LATE = "late"
    STATUS = "status"
    MALFORMED = "malformed"
    UNREACHABLE = "unreachable"


CONTENT = (Verdict.SILENT, Verdict.REPLY)
"""After these the platform delivers no further time."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, why, and for a reply what the phone shows."""

    verdict: Verdict
    reason: str = ""
    kind: str = ""
    text: str = ""
    details: dict[str, Any] | None = None


def judge(account: PeerAccount, seal: Seal, open_id: str, status: int, body: bytes) -> Judgement:
    """Say what an answer is worth.

    Args:
        seal: the key with which the push was encrypted; the answer must come back with it.
    """
    if status != 200:
        return Judgement(Verdict.STATUS, str(status))
    if body in (b"", b"success"):
        return Judgement(Verdict.SILENT)
    try:
        return _reply(account, open_id, read(_opened(seal, body) if account.secure else body))
    except CryptoWrong as wrong:
        return Judgement(Verdict.MALFORMED, wrong.reason)
    except NotXml as wrong:
        return Judgement(Verdict.MALFORMED, str(wrong))


def _opened(seal: Seal, body: bytes) -> bytes:
    outer = read(body)
    wanted = [outer.get(name) for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")]
    if not all(isinstance(value, str) and value for value in wanted):
        raise NotXml("envelope")
    encrypted, claimed, timestamp, nonce = (str(value) for value in wanted)
    return seal.open(encrypted, claimed, timestamp, nonce)


def _reply(account: PeerAccount, open_id: str, fields: dict[str, Any]) -> Judgement:
    if fields.get("ToUserName") != open_id:
        return Judgement(Verdict.MALFORMED, "to")
    if fields.get("FromUserName") != account.original_id:
        return Judgement(Verdict.MALFORMED, "from")
    if not str(fields.get("CreateTime", "")).isdigit():
        return Judgement(Verdict.MALFORMED, "time")
    kind = fields.get("MsgType")
    if kind == "text":
        content = fields.get("Content")
        if not isinstance(content, str) or not content:
            return Judgement(Verdict.MALFORMED, "content")
        if len(content.encode()) > TEXT_BYTES:
            return Judgement(Verdict.MALFORMED, "too_long")
        return Judgement(Verdict.REPLY, kind="text", text=content)
    if kind == "news" and isinstance(fields.get("Articles"), dict):
        return Judgement(Verdict.REPLY, kind="news", details=fields["Articles"])
    if kind == "image" and isinstance(fields.get("Image"), dict):
        return Judgement(Verdict.REPLY, kind="image", details=fields["Image"])
    return Judgement(Verdict.MALFORMED, "type")
