"""Refusals about conversations."""

from property_db.errors import DomainError


class ConversationNotFound(DomainError):
    """No such conversation, or not this identity's: the same answer for both."""

    code = "conversation_not_found"
    status = 404


class ClaimLost(DomainError):
    """Another worker has taken the message over, so this worker's answer must not be written."""

    code = "claim_lost"
