"""Accounts for the tests of binding, menu and codes."""

from typing import Any

from integrations.wechat.accounts import Account


def account(**changes: Any) -> Account:
    """An account of the estate CH."""
    values: dict[str, Any] = {
        "name": "cuihu",
        "estate": "CH",
        "token": "token123",
        "aes_key": "A" * 43,
        "app_id": "wx0123456789abcdef",
        "app_secret": "s" * 32,
        "api_url": "https://api.example",
        "oauth_url": "https://open.example",
        "mp_url": "https://mp.example",
    }
    return Account.model_validate(values | changes)
