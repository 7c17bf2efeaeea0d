"""Days and months that a message only tells of in passing: 昨天刚充的, 今天才看到, 上个月换的龙头, 周末让施工吗.

A time is what somebody may be sent at, or what is off then. A bare 昨天 or 今天 (no hour, no part of day) belongs to a
story unless its clause says what is to happen or what was cut off; a bare day of the week is a rule where it is asked
what is allowed then or who is open. Dates and appointments are left alone: whoever says 十五号 means that day.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from bot.language import days
from bot.language.spans import Span
from bot.language.times import SHANGHAI

_BARE_DAY = re.compile(days.DAY)
_RELATIVE = re.compile("大?前|[今昨琴当]")
_CLAUSE_ENDS = ",。!?;、"
_ANSWER = 3
"""Characters beside the day: 就今天吧 answers a question."""
_SUPPLY = re.compile(
    r"停(?!车)|断(?:水|电|网|气|暖)|没(?:有)?(?:水|电|气|网|暖)|来(?:水|电|气|暖)|恢复|检修|通知|公告|活动|供(?:水|电|暖|气|热)"
)
_SUPPLY_TODAY = re.compile("[水电气网暖]|电梯|热力")
_TO_BE_DONE = re.compile(
    r"来(?!了|的|过|得)|上门|(?<!没)修(?!了|过|的|完)|有空|在家|方便|有时间|行(?!不)|能|可以|以?内|必须|弄好|处理|派|过来|搬|拉走"
    r"|清空|预约|约(?!的)|安排|落实|优先|抓紧|补(?!课)|签|带|看房|到(?!底|处|现|今)|有[^,]{0,6}(?:家政|客|人[^都]|人$|车|亲戚|朋友|师傅|快递|外卖)"
    r"|进(?:小区|门|去)|送|去|吧|以?前"
)
# What has begun or is over: 今天又坏了, 今天才发现, 今天都第五天了.
_STORY = re.compile(r"(?:才|刚|已|都|又|突然|彻底|一早就?[^来去]|第.{1,2}天|[^,]{0,8}(?<!不)了$)")
_SET = re.compile(
    r"(?:改到?|改成|定在?|约在?|约到|换到|换成|推到|提前到|最好|就是?|等|要|在|是|烦请|务必|麻烦|能不能|可以|争取)$"
)
_RULE = re.compile(
    r"(?:你们|物业|他们)?(?:也|都|还|到底)?(?:让不让|让|允不允许|允许|准不准|准|能不能|能|可不可以|可以|是不是)?(?:装修|施工|开工|动工|干活|敲墙|打孔|上班|上不上班|开门|营业|休息|放假|办公|值班|收不收|有没有人上班)"
)
_WEEK = re.compile(r"周|星期|礼拜")
_PAST_MONTH = re.compile(r"(?:上上|上一|上|这|本)个?月")
_CHANGED = re.compile(r"(?:份|才|刚|刚刚|就|新|的时候)*(?:换|修(?!正)|装(?!修)|搬|坏|刷(?!卡))")


def is_time(text: str, span: Span, now: datetime) -> bool:
    """Whether a time found in `text` (normalised) is more than a part of a story."""
    if not _BARE_DAY.fullmatch(span.text):
        return True
    if _WEEK.search(span.text) and _RULE.match(text, span.end):
        return False
    day = date.fromisoformat(span.value[:10])
    today = now.astimezone(SHANGHAI).date()
    if day > today or not _RELATIVE.match(span.text) or len(text) - len(span.text) <= _ANSWER:
        return True
    before, after = _clause(text, span)
    if _SUPPLY.search(before + after):
        return True
    if day < today or before.endswith(("到", "至")) or _STORY.match(after):
        return False
    return bool(_SUPPLY_TODAY.search(after) or _TO_BE_DONE.search(after) or _SET.search(before))


def is_period(text: str, span: Span) -> bool:
    """Whether a period found in `text` (normalised) is more than when something was done: 上个月换的龙头."""
    return not (_PAST_MONTH.match(span.text) and _CHANGED.match(text, span.end))


def _clause(text: str, span: Span) -> tuple[str, str]:
    """What stands before and after the span up to the next stop."""
    start = max(text.rfind(mark, 0, span.start) for mark in _CLAUSE_ENDS) + 1
    end = min((at for mark in _CLAUSE_ENDS if (at := text.find(mark, span.end)) >= 0), default=len(text))
    return text[start : span.start], text[span.end : end]
