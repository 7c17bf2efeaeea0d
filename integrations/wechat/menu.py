"""The account's menu: from the account file to the platform's form, and there and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from integrations.wechat.accounts import Account, MenuEntry

# 自定义菜单 (menu/create): bytes of a title on the first and the second level, of a key, of an address.
TITLE_BYTES = 16
ENTRY_TITLE_BYTES = 60
KEY_BYTES = 128
ADDRESS_BYTES = 1024
ENTRIES = 5

NO_MENU = 46003
"""The platform's error code where an account has no menu."""


class Platform(Protocol):
    """What is needed of ``integrations.tencent.api.Api``."""

    async def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call one function of the platform; raises what ``Api.call`` raises."""
        ...


class MenuWrong(Exception):
    """A menu that the platform would refuse or cut.

    Attributes:
        title: of the entry.
        reason: ``title_long``, ``says_long``, ``address_long``, ``too_many``, ``too_deep``, ``no_public_url``.
        limit: the number that was exceeded; 0 where there is none.
    """

    def __init__(self, title: str, reason: str, limit: int = 0) -> None:
        super().__init__(reason)
        self.title = title
        self.reason = reason
        self.limit = limit


def built(account: Account, bind_address: str | None) -> dict[str, Any]:
    """The body of menu/create.

    Args:
        bind_address: our page for binding; None where the server does not know its own name.

    Raises:
        MenuWrong: it would be refused, or an entry needs an address that we do not have.
    """
    return {"button": [_button(entry, bind_address, first_level=True) for entry in account.menu]}


def _button(entry: MenuEntry, bind_address: str | None, *, first_level: bool) -> dict[str, Any]:
    _within(entry, entry.title, TITLE_BYTES if first_level else ENTRY_TITLE_BYTES, "title_long")
    if entry.entries:
        if not first_level:
            raise MenuWrong(entry.title, "too_deep")
        if len(entry.entries) > ENTRIES:
            raise MenuWrong(entry.title, "too_many", ENTRIES)
        below = [_button(inner, bind_address, first_level=False) for inner in entry.entries]
        return {"name": entry.title, "sub_button": below}
    if entry.says is not None:
        _within(entry, entry.says, KEY_BYTES, "says_long")
        return {"type": "click", "name": entry.title, "key": entry.says}
    address = bind_address if entry.binds else str(entry.opens)
    if address is None:
        raise MenuWrong(entry.title, "no_public_url")
    _within(entry, address, ADDRESS_BYTES, "address_long")
    return {"type": "view", "name": entry.title, "url": address}


def _within(entry: MenuEntry, text: str, limit: int, reason: str) -> None:
    if len(text.encode()) > limit:
        raise MenuWrong(entry.title, reason, limit)


async def apply(platform: Platform, menu: dict[str, Any]) -> None:
    """Make it the account's menu; residents see it within a day, who follows anew at once."""
    await platform.call("/cgi-bin/menu/create", menu)


async def current(platform: Platform) -> list[tuple[int, str, str]]:
    """The account's menu as level (0, 1), title, and what it does (key or address), from top to bottom."""
    answer = await platform.call("/cgi-bin/menu/get")
    return list(_lines((answer.get("menu") or {}).get("button") or [], 0))


def _lines(buttons: Sequence[dict[str, Any]], level: int) -> list[tuple[int, str, str]]:
    lines = []
    for button in buttons:
        lines.append((level, str(button.get("name", "")), str(button.get("key") or button.get("url") or "")))
        lines += _lines(button.get("sub_button") or [], level + 1)
    return lines


async def delete(platform: Platform) -> None:
    """Take the account's menu away."""
    await platform.call("/cgi-bin/menu/delete")
