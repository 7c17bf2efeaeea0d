"""WeCom's API for customer service, below the path `/qyapi`."""

import re
from collections.abc import Callable
from typing import Any

from fastapi.responses import Response

from tests.local_wechat.dispatch import Context, Endpoint
from tests.local_wechat.errcodes import OK, PlatformError
from tests.local_wechat.reply import TEXT_BYTES
from tests.local_wechat.wecom import (
    ASSISTANT,
    CALLBACK_TOKEN_LASTS,
    ENDED,
    HISTORY_LASTS,
    NEW,
    QUEUE,
    SERVED,
    Company,
    Customer,
    KfWorld,
)

PREFIX = "/qyapi"
MOST_ENTRIES, ENTRY_BYTES, PAGE = 10, 128, 1000
_MSGID = re.compile(r"[0-9A-Za-z_-]{1,32}")
_CURSOR = re.compile(r"k([0-9]+)(?:\.[0-9]+)?")
_CHANGES = {NEW: {ASSISTANT, QUEUE, SERVED, ENDED}, ASSISTANT: {QUEUE, SERVED, ENDED}, QUEUE: {SERVED, ENDED}}


class KfApi:
    """What the server calls."""

    def __init__(self, kf: KfWorld) -> None:
        self._kf = kf
        self._world = kf.world
        self._sent_ids: set[tuple[str, str]] = set()

    def endpoints(self) -> dict[str, Endpoint]:
        """All calls by their path."""
        calls = {
            "gettoken": Endpoint(self._token, token=False, post=False),
            "getcallbackip": Endpoint(lambda context: {**OK, "ip_list": ["127.0.0.1"]}, post=False),
            "media/get": Endpoint(self._media, post=False),
            "kf/account/list": Endpoint(self._accounts),
            "kf/sync_msg": Endpoint(self._sync),
            "kf/send_msg": Endpoint(self._send),
            "kf/send_msg_on_event": Endpoint(self._send_on_event),
            "kf/service_state/get": Endpoint(self._state),
            "kf/service_state/trans": Endpoint(self._change_state),
        }
        return {f"{PREFIX}/cgi-bin/{path}": endpoint for path, endpoint in calls.items()}

    def _token(self, context: Context) -> dict[str, Any]:
        company = self._kf.companies.get(context.query.get("corpid", ""))
        if company is None:
            raise PlatformError(40013)
        if company.settings.secret.get_secret_value() != context.query.get("corpsecret"):
            raise PlatformError(40001)
        token, seconds = self._world.tokens.issue(company.corp_id)
        return {**OK, "access_token": token, "expires_in": seconds}

    def _company(self, context: Context) -> Company:
        return self._kf.companies[context.owner]

    def _customer(self, context: Context, user_field: str) -> Customer:
        company = self._company(context)
        open_kfid = company.checked_kf(context.text("open_kfid"))
        return self._kf.customer(company, open_kfid, context.text(user_field))

    def _media(self, context: Context) -> Response:
        media = self._world.fetch(context.owner, context.query.get("media_id", ""))
        return Response(media.content, media_type=media.content_type)

    def _accounts(self, context: Context) -> dict[str, Any]:
        found = [{"open_kfid": kf.id, "name": kf.id, "avatar": ""} for kf in self._company(context).settings.open_kfids]
        return {**OK, "account_list": found}

    def _sync(self, context: Context) -> dict[str, Any]:
        company = self._company(context)
        log = company.logs[company.checked_kf(context.text("open_kfid"))]
        now = self._world.clock.now()
        token = context.text("token")
        if token and now - company.tokens.get(token, float("-inf")) > CALLBACK_TOKEN_LASTS:
            raise PlatformError(95007)
        cursor = context.text("cursor")
        match = _CURSOR.fullmatch(cursor) if cursor else None
        if cursor and match is None:
            raise PlatformError(40058)
        start = int(match[1]) if match else 0
        while start < len(log) and log[start].at < now - HISTORY_LASTS:
            start += 1
        if company.gaps:
            company.gaps -= 1
            return {**OK, "next_cursor": f"k{start}.{company.gaps + 1}", "has_more": 1, "msg_list": []}
        wanted = context.body.get("limit")
        limit = min(wanted, PAGE) if isinstance(wanted, int) and wanted > 0 else PAGE
        page = log[start : start + limit]
        end = start + len(page)
        messages = [item.content for item in page]
        return {**OK, "next_cursor": f"k{end}", "has_more": int(end < len(log)), "msg_list": messages}

    def _send(self, context: Context) -> dict[str, Any]:
        customer = self._customer(context, "touser")
        kind, words, details = content_of(context)
        now = self._world.clock.now()
        if customer.state == ENDED:
            raise PlatformError(95013)
        if customer.state not in (NEW, ASSISTANT):
            raise PlatformError(95018)
        best = customer.ledger.best(now)
        if best is None:
            raise PlatformError(95002)
        if best.left == 0:
            raise PlatformError(95001)
        msgid = self._own_id(context)
        customer.ledger.spend(now)
        customer.show("account", "custom", kind, words, now, details={**details, "msgid": msgid})
        return {**OK, "msgid": msgid}

    def _send_on_event(self, context: Context) -> dict[str, Any]:
        kind, words, details = content_of(context)
        msgid = self._own_id(context)
        customer = self._kf.redeem(self._company(context), context.text("code"))
        now = self._world.clock.now()
        customer.welcomed_at = now
        customer.show("account", "passive", kind, words, now, details={**details, "msgid": msgid})
        return {**OK, "msgid": msgid}

    def _own_id(self, context: Context) -> str:
        own = context.text("msgid")
        if not own:
            return str(self._world.message_id())
        if not _MSGID.fullmatch(own) or (context.owner, own) in self._sent_ids:
            raise PlatformError(40058, "msgid")
        self._sent_ids.add((context.owner, own))
        return own

    def _state(self, context: Context) -> dict[str, Any]:
        return {**OK, "service_state": self._customer(context, "external_userid").state}

    def _change_state(self, context: Context) -> dict[str, Any]:
        customer = self._customer(context, "external_userid")
        wanted = context.body.get("service_state")
        if wanted not in _CHANGES.get(customer.state, set()):
            raise PlatformError(95016)
        assert isinstance(wanted, int)
        customer.state = wanted
        return {**OK, "msg_code": self._kf.code_for(customer)} if wanted != ASSISTANT else dict(OK)


def content_of(context: Context) -> tuple[str, str, dict[str, Any]]:
    """Kind, words and details of what shall be sent.

    Raises:
        PlatformError: 40008 kind, 44004 empty, 45002 too long, 95008 a menu that is too large.
    """
    kind = context.text("msgtype")
    inner = context.body.get(kind) if kind else None
    reader: Callable[[dict[str, Any]], str] | None = {"text": _text, "msgmenu": _menu}.get(kind)
    if not isinstance(inner, dict) or reader is None:
        raise PlatformError(40008)
    words = reader(inner)
    if not words:
        raise PlatformError(44004)
    if len(words.encode("utf-8", "surrogatepass")) > TEXT_BYTES:
        raise PlatformError(45002)
    return kind, words, {} if kind == "text" else inner


def _text(inner: dict[str, Any]) -> str:
    content = inner.get("content")
    return content if isinstance(content, str) else ""


def _menu(inner: dict[str, Any]) -> str:
    entries = inner.get("list", [])
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise PlatformError(95008)
    titles = []
    for entry in entries:
        part = entry.get(entry.get("type")) if isinstance(entry, dict) else None
        title = part.get("content") if isinstance(part, dict) else None
        if not isinstance(title, str) or not 1 <= len(title.encode()) <= ENTRY_BYTES:
            raise PlatformError(40058, "menu")
        titles.append(title)
    parts = [str(inner.get("head_content", "")), *titles, str(inner.get("tail_content", ""))]
    return "\n".join(part for part in parts if part)
