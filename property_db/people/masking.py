"""How names and telephone numbers are shown (个人信息保护法 6: no more than needed)."""

import re

_MOBILE = re.compile(r"1[3-9]\d{9}")


def mask_name(name: str) -> str:
    """Return the surname and stars: 王建国 → 王**."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def mask_phone(phone: str) -> str:
    """Return the first three and last four digits: 138****8000; shorter numbers keep only the last two."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "*" * max(len(phone) - 2, 0) + phone[-2:]


def is_mobile(phone: str) -> bool:
    """Whether this is an 11-digit mainland mobile number."""
    return _MOBILE.fullmatch(phone) is not None
