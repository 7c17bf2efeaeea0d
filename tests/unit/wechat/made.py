"""Accounts and answers as the tests of the Official Account need them."""

from datetime import UTC, datetime
from typing import Any

from integrations.gateway.channel import StoredAnswer
from integrations.gateway.views import MessageView
from integrations.wechat.accounts import Account
from property_db.conversations import blocks as b

APP_ID = "wx0123456789abcdef"
OPEN_ID = "oAbC-dEf_0123456789012345678"
ORIGINAL_ID = "gh_0123456789ab"
TOKEN = "platformtoken01"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
PUBLIC_ID = "0123456789abcdef0123456789abcdef"


def account(**changes: Any) -> Account:
    """An account of the estate ``cuihu``."""
    given = {
        "name": "cuihu",
        "estate": "cuihu",
        "token": TOKEN,
        "aes_key": KEY,
        "app_id": APP_ID,
        "app_secret": "s" * 32,
        "original_id": ORIGINAL_ID,
        "api_url": "http://platform.test",
    }
    return Account.model_validate(given | changes)


def answer(
    *blocks: b.Block,
    message_id: int = 1,
    seq: int = 2,
    reply_to_id: int | None = None,
    text: str = "",
    author: str = "bot",
    author_name: str = "智能助手",
) -> StoredAnswer:
    """A stored message on its way."""
    view = MessageView(
        conversation_id=PUBLIC_ID,
        seq=seq,
        direction="out",
        author=author,
        author_name=author_name,
        at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
        client_message_id=None,
        text=text,
        upload_ids=[],
        blocks=[],
    )
    return StoredAnswer(
        message_id=message_id,
        conversation_public_id=PUBLIC_ID,
        external_id=f"{APP_ID}:{OPEN_ID}",
        blocks=list(blocks),
        view=view,
        reply_to_id=reply_to_id,
    )


def choices(*titles: str, prompt: str | None = None) -> b.Choices:
    """Options with ids that no resident should ever see."""
    options = [b.Choice(id=f"option-{n}", title=title, payload="/x") for n, title in enumerate(titles, start=1)]
    return b.Choices(prompt=prompt, options=options)
