"""Channels as the desk sees them: their names, and what they allow."""

from dataclasses import dataclass
from datetime import timedelta

from integrations.gateway.channel import Allowance, Capabilities
from property_db.pushes.models import PushKind


@dataclass
class Declared:
    """As much of a channel as the desk asks about: what it can do."""

    name: str
    capabilities: Capabilities


WEBCHAT = Declared("webchat", Capabilities(cards=True, choices="buttons"))
WECHAT = Declared(
    "wechat",
    Capabilities(
        cards=False,
        choices="numbered",
        text_limit=2048,
        allowances={"message": Allowance(5, timedelta(hours=48)), "action": Allowance(3, timedelta(minutes=1))},
        repeatable=False,
        pushes=frozenset({PushKind.AGENT_REPLY}),
    ),
)
WECOM = Declared(
    "wecom",
    Capabilities(
        cards=False,
        choices="numbered",
        allowances={"message": Allowance(5, timedelta(hours=48))},
        repeatable=False,
    ),
)
