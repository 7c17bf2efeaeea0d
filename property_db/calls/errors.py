"""Refusals about telephone calls."""

from property_db.errors import DomainError


class CallNotFound(DomainError):
    """There is no such call."""

    code = "call_not_found"
    status = 404


class RecordingNotFound(DomainError):
    """There is no such recording, or it has expired."""

    code = "recording_not_found"
    status = 404


class NumberInvalid(DomainError):
    """Nothing that can be dialled."""

    code = "number_invalid"
    status = 422


class OutboundNotFound(DomainError):
    """There is no such call to be placed."""

    code = "outbound_not_found"
    status = 404


class OutboundMoveRefused(DomainError):
    """The call was released, is being dialled or is over, so this step comes too late; `state` tells."""

    code = "outbound_move_refused"


class OutboundDuplicate(DomainError):
    """The same call to the same number was planned within a day."""

    code = "outbound_duplicate"


class OutboundOptedOut(DomainError):
    """The number wants no reminders by telephone."""

    code = "outbound_opted_out"


class DebtNeedsConfirmation(DomainError):
    """A robot calls about a debt only when whoever releases it has said so a second time."""

    code = "debt_needs_confirmation"
