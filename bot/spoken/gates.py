"""Which hearings to believe: a recogniser invents text on noise, repeats itself and echoes its prompt."""

from __future__ import annotations

import re

# Words of the trade that bias the recogniser, as the hotline does.
PROMPT = "物业费、停车费、水电费、账单、发票、报修、维修师傅、工单、单元、门禁卡、电梯、押金、投诉、装修、访客。"

_LEAST_LOGPROB = -1.3
_SILENCE = 0.6
_SILENCE_LOGPROB = -0.7
_ECHO = 8
_REPEATED = re.compile(r"((?!\d)\w|(?!\d+)\w{2,6}|\w{1,4}[，、,. ])\1{3,}")
_INVENTED = re.compile(r"字幕|點贊|点赞|订阅|訂閱|转发|打赏|明镜|優優獨播|优优独播|索兰娅|Amara|謝謝觀看|谢谢观看|YoYo")


def refusal(heard: str, logprob: float, silence: float) -> str | None:
    """Why not to believe `heard`, None for a hearing to keep.

    `logprob` is the average natural log-probability of a token, `silence` the probability of no speech.
    """
    if not re.search(r"\w", heard):
        return "empty"
    if logprob < _LEAST_LOGPROB:
        return "unsure"
    if silence > _SILENCE and logprob < _SILENCE_LOGPROB:
        return "silence"
    if _REPEATED.search(heard):
        return "repeats"
    if _INVENTED.search(heard):
        return "invented"
    if any(heard[at : at + _ECHO] in PROMPT for at in range(len(heard) - _ECHO + 1)):
        return "prompt"
    return None
