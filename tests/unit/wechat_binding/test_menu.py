"""The account's menu in the platform's form."""

from typing import Any

import pytest

from integrations.wechat import menu
from integrations.wechat.menu import MenuWrong
from tests.unit.wechat_binding.accounts import account

BIND = "https://estate.example/wechat/cuihu/bind"


def built(*entries: dict[str, Any], bind_address: str | None = BIND) -> list[dict[str, Any]]:
    """The buttons of a menu with these entries."""
    buttons: list[dict[str, Any]] = menu.built(account(menu=list(entries)), bind_address)["button"]
    return buttons


def test_an_entry_says_opens_binds_or_holds_entries() -> None:
    assert built(
        {"title": "查账单", "says": "我家还欠多少物业费"},
        {"title": "绑定", "binds": True},
        {"title": "更多", "entries": [{"title": "官网", "opens": "https://estate.example/"}]},
    ) == [
        {"type": "click", "name": "查账单", "key": "我家还欠多少物业费"},
        {"type": "view", "name": "绑定", "url": BIND},
        {"name": "更多", "sub_button": [{"type": "view", "name": "官网", "url": "https://estate.example/"}]},
    ]


@pytest.mark.parametrize(
    ("entry", "reason", "limit"),
    [
        ({"title": "六个汉字太长", "says": "x"}, "title_long", 16),
        ({"title": "更多", "entries": [{"title": "字" * 21, "says": "x"}]}, "title_long", 60),
        ({"title": "查", "says": "字" * 43}, "says_long", 128),
        ({"title": "看", "opens": "https://estate.example/" + "x" * 1024}, "address_long", 1024),
        ({"title": "更多", "entries": [{"title": str(n), "says": "x"} for n in range(6)]}, "too_many", 5),
        ({"title": "更多", "entries": [{"title": "再", "entries": [{"title": "x", "says": "x"}]}]}, "too_deep", 0),
    ],
)
def test_what_the_platform_would_refuse_is_found_before(entry: dict[str, Any], reason: str, limit: int) -> None:
    with pytest.raises(MenuWrong) as wrong:
        built(entry)
    assert (wrong.value.reason, wrong.value.limit) == (reason, limit)


def test_an_entry_that_binds_needs_the_servers_own_address() -> None:
    with pytest.raises(MenuWrong) as wrong:
        built({"title": "绑定", "binds": True}, bind_address=None)
    assert (wrong.value.title, wrong.value.reason) == ("绑定", "no_public_url")


class Recorder:
    """A platform that answers what it is told to."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[str, object]] = []

    async def call(self, path: str, body: object = None) -> dict[str, Any]:
        self.calls.append((path, body))
        return self.answer


async def test_the_menu_that_is_there_is_read_from_top_to_bottom() -> None:
    below = {"type": "view", "name": "官网", "url": "https://estate.example/", "sub_button": []}
    buttons = [{"type": "click", "name": "查账单", "key": "查账单"}, {"name": "更多", "sub_button": [below]}]
    assert await menu.current(Recorder({"menu": {"button": buttons}})) == [
        (0, "查账单", "查账单"),
        (0, "更多", ""),
        (1, "官网", "https://estate.example/"),
    ]
