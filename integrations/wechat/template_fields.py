"""Values as a template's keywords take them: one that is too long or of another form is refused as a whole (47003)."""

import re

_NUMBERED = re.compile(r"([a-z_]+?)\d*")
_SPACES = re.compile(r"\s+")
_NOT_ASCII = re.compile(r"[^\x21-\x7e]+")
_NOT_IN_A_NUMBER = re.compile(r"[^0-9.]+")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]+")
_NOT_IN_AN_AMOUNT = re.compile(r"[^0-9.元¥]+")

# Characters, by the keyword's type (developers.weixin.qq.com, 订阅通知 and 模板消息, 参数值内容限制). Types that are
# not named here, such as the old keyword1, first and remark, have no limit that is documented.
_LONGEST = {
    "thing": 20,
    "short_thing": 5,
    "const": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "name": 10,
    "phrase": 5,
}
_LONGEST_OTHER = 200
_CUT_WITH_A_SIGN = frozenset({"thing", "name", "other"})
_WITHOUT = {
    "number": _NOT_IN_A_NUMBER,
    "amount": _NOT_IN_AN_AMOUNT,
    "character_string": _NOT_ASCII,
    "letter": _NOT_ASCII,
    "phrase": _NOT_CHINESE,
}


def fit(keyword: str, value: str) -> str:
    """The value as ``keyword`` (such as ``thing2``) takes it: on one line, of the allowed characters, cut to length.

    What would be empty then stays as it was: the platform's refusal says more than a blank.
    """
    kind = kind_of(keyword)
    text = _SPACES.sub(" ", value).strip()
    if (forbidden := _WITHOUT.get(kind)) is not None:
        text = forbidden.sub("", text) or text
    longest = _LONGEST.get(kind, _LONGEST_OTHER)
    if len(text) <= longest:
        return text
    return f"{text[: longest - 1]}…" if kind in _CUT_WITH_A_SIGN or kind not in _LONGEST else text[:longest]


def kind_of(keyword: str) -> str:
    """The type of a keyword: ``thing2`` is a ``thing``."""
    found = _NUMBERED.fullmatch(keyword)
    return keyword if found is None else found[1]
