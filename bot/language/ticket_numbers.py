"""Ticket numbers: WX261121-0042 as printed, typed without the dash or in lower case, or only their tail (尾号0042).

Works on normalised text; the value is upper-case and has the dash where the printed form has it.
"""

from __future__ import annotations

import re

from bot.language.spans import Span

_FULL = re.compile(
    r"(?<![A-Za-z\d])(?P<prefix>[A-Za-z]{1,2})\s?[-_#]?\s?(?:(?P<year>20\d\d|\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01]))"
    r"\s?(?P<dash>[-_—–])?\s?(?P<counter>\d{3,4})?(?!\d)"
)
_TAIL = re.compile(
    r"(?:单号|工单号?|报修号|编号|尾号|号码|流水号)(?:是|为|:|后四位|后四位是|末尾|#|\s)*(?P<tail>\d{3,12}(?:-\d{3,4})?)(?!\d|[元块月日年号点:栋楼])"
)
# 尾号 of a card, a meter or a car is no ticket
_ABOUT_A_TICKET = re.compile(r"单|报修|投诉")
_ABOUT_SOMETHING_ELSE = re.compile(r"车牌|门禁卡|那张卡|表号|手机|银行|快递")


def find(text: str) -> list[Span]:
    """Every ticket number in `text` (normalised)."""
    found = []
    for match in _FULL.finditer(text):
        if not match["counter"] and len(match["year"]) == 2:
            continue
        # The printed form has two digits of the year and a dash before the counter.
        dash = "-" if match["counter"] and (match["dash"] or len(match["year"]) == 2) else ""
        value = f"{match['prefix'].upper()}{match['year']}{match['month']}{match['day']}{dash}{match['counter'] or ''}"
        found.append(Span(match.start(), match.end(), "ticket_no", match.group(), value))
    if not found and _ABOUT_A_TICKET.search(text) and not _ABOUT_SOMETHING_ELSE.search(text):
        found = [Span(*m.span("tail"), "ticket_no", m["tail"], m["tail"]) for m in _TAIL.finditer(text)]
    return found
