"""The error codes that the platforms answer with, and their words (protocol text, as the platforms write it)."""

from typing import Any

MESSAGES = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40029: "invalid code",
    40037: "invalid template_id",
    40058: "invalid request parameter",
    40096: "invalid external userid",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    41001: "access_token missing",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    43104: "this appid does not have permission",
    44002: "empty post data",
    44004: "empty text message content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid typing command",
    45080: "no message in the last 30 seconds",
    45081: "already in typing state",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    85060: "invalid scene",
    95000: "invalid open_kfid",
    95001: "send msg count limit",
    95002: "send msg time limit",
    95007: "invalid msg token",
    95008: "menu item count limit",
    95013: "session closed",
    95016: "not allow such state change",
    95018: "send msg session status invalid",
}


class PlatformError(Exception):
    """A call that the platform refuses with a code."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(f"{errcode} {detail}".strip())
        self.errcode = errcode
        self.detail = detail

    def as_json(self) -> dict[str, Any]:
        """The platform's answer."""
        words = MESSAGES.get(self.errcode, "error")
        return {"errcode": self.errcode, "errmsg": f"{words} {self.detail}".strip()}


OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
