"""The platform's rules for an account's menu."""

from typing import Any

from tests.local_wechat.errcodes import PlatformError

_TYPES = {"click", "view", "miniprogram", "scancode_push", "scancode_waitmsg", "pic_photo_or_album", "location_select"}
NAME_BYTES, SUB_NAME_BYTES, KEY_BYTES, URL_BYTES = 16, 60, 128, 1024


def checked_menu(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The menu's buttons.

    Raises:
        PlatformError: 40016 number of buttons, 40017 type, 40018 name, 40019 key, 40020 address, 40023 sub-buttons.
    """
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise PlatformError(40016)
    for button in buttons:
        _check_name(button, NAME_BYTES)
        below = button.get("sub_button")
        if not below:
            _check_action(button)
            continue
        if not isinstance(below, list) or len(below) > 5:
            raise PlatformError(40023)
        for entry in below:
            _check_name(entry, SUB_NAME_BYTES)
            _check_action(entry)
    return buttons


def _check_name(button: Any, limit: int) -> None:
    name = button.get("name") if isinstance(button, dict) else None
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= limit:
        raise PlatformError(40018)


def _check_action(button: dict[str, Any]) -> None:
    kind = button.get("type")
    if kind not in _TYPES:
        raise PlatformError(40017)
    if kind == "view":
        url = button.get("url")
        if not isinstance(url, str) or not url.startswith("http") or len(url.encode()) > URL_BYTES:
            raise PlatformError(40020)
        return
    key = button.get("key")
    if not isinstance(key, str) or not 1 <= len(key.encode()) <= KEY_BYTES:
        raise PlatformError(40019)


def entry_titled(menu: list[dict[str, Any]] | None, title: str) -> dict[str, Any] | None:
    """The menu's entry with this title, None where there is none."""
    for button in menu or []:
        for entry in button.get("sub_button") or [button]:
            if entry["name"] == title:
                found: dict[str, Any] = entry
                return found
    return None
