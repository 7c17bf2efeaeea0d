"""A platform without sockets: answers as a test tells it to, and remembers what it was asked."""

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx

from integrations.gateway.channel import StoredAnswer
from integrations.gateway.views import MessageView
from integrations.tencent.api import Api
from integrations.tencent.tokens import Tokens
from integrations.wecom.accounts import Account
from property_db.conversations import blocks as b
from tests.conftest import SATURDAY_TEN

CORP = "ww0123456789abcdef"
KF = "wkAAAA0001"
USER = "wmUSER0001"
EXTERNAL = f"{CORP}:{KF}:{USER}"
CONVERSATION = "0123456789abcdef0123456789abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

Answer = Mapping[str, Any] | httpx.Response | Exception


def account(**changes: Any) -> Account:
    """A company with one customer-service account."""
    fields: dict[str, Any] = {
        "name": "cuihu",
        "token": "callbackToken",
        "aes_key": AES_KEY,
        "corp_id": CORP,
        "secret": "not-a-real-secret",
        "open_kfids": [KF],
        "estate": "CH",
    }
    return Account.model_validate(fields | changes)


class _Tokens(Tokens):
    def __init__(self) -> None:
        pass

    async def get(self, account_key: str) -> str:
        return f"token-of-{account_key}"

    async def renew(self, account_key: str, failed: str) -> str:
        return f"another-than-{failed}"


class Platform:
    """The far side. ``answers[path]`` are given one after the other; then, or without any, ``errcode`` 0."""

    def __init__(self) -> None:
        self.answers: dict[str, deque[Answer]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def will_answer(self, path: str, *answers: Answer) -> None:
        """Say these next at this path."""
        self.answers.setdefault(path, deque()).extend(answers)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What it was asked at this path."""
        return [body for called, body in self.calls if called == path]

    def api(self, of: Account | None = None) -> Api:
        """A way to call it."""
        of = of or account()
        return Api(of.api_base, of.key, _Tokens(), httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/cgi-bin/")
        self.calls.append((path, json.loads(request.content) if request.content else dict(request.url.params)))
        queue = self.answers.get(path)
        answer: Answer = queue.popleft() if queue else {"errcode": 0, "errmsg": "ok"}
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=dict(answer))


def stored(*blocks: b.Block, message_id: int = 7, seq: int = 3, text: str = "", agent: str = "") -> StoredAnswer:
    """An answer as the outbox hands it over."""
    view = MessageView(
        conversation_id=CONVERSATION,
        seq=seq,
        direction="out",
        author="agent" if agent else "bot",
        author_name=agent,
        at=SATURDAY_TEN,
        client_message_id=None,
        text=text,
        upload_ids=[],
        blocks=[],
    )
    return StoredAnswer(message_id, CONVERSATION, EXTERNAL, list(blocks), view)


def choices(*titles: str, prompt: str | None = None) -> b.Choices:
    """Something offered."""
    options = [b.Choice(id=str(n), title=title, payload="/x") for n, title in enumerate(titles, start=1)]
    return b.Choices(prompt=prompt, options=options)
