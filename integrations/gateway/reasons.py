"""Why a message was not delivered, or is not yet: every code that ``Message.reason`` may hold.

The desk has a sentence for each (``texts.delivery.ts``). Codes of news that is pushed are no part of it: no agent reads
them.
"""

REASONS = frozenset(
    {
        # what a channel's far side said (integrations/tencent/errors.py)
        "token",
        "busy",
        "window_closed",
        "quota_used",
        "too_long",
        "no_permission",
        "unknown_user",
        "address_not_allowed",
        "rate",
        "refused_by_user",
        "wrong_state",
        "other",
        # what a channel says itself
        "no_account",
        "refused",
        "unreachable",
        # what was decided here
        "conversation_over",
        "failed",
        "gave_up",
        "unconfirmed",
        "unrenderable",
    }
)
