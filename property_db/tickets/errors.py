"""Refusals about repairs."""

from property_db.errors import DomainError


class NoOpenTicket(DomainError):
    """Nothing is open, so there is nothing to urge, change or cancel."""

    code = "no_open_ticket"
    status = 404


class TicketNotFound(DomainError):
    """No such ticket, or not one this resident may see: the same answer for both. `number` is what was asked for."""

    code = "ticket_not_found"
    status = 404


class UrgedTooOften(DomainError):
    """The estate's limit of urging is reached; a person takes over. Gives `number` and `count`."""

    code = "urge_too_often"


class TicketTooLate(DomainError):
    """The repair has gone too far to change or cancel it here. Gives `number` and `state_text`."""

    code = "ticket_too_late"


class TicketMoveRefused(DomainError):
    """The state machine has no such way. Gives `number`, `from_state`, `to_state`."""

    code = "ticket_move_refused"


class NothingToChange(DomainError):
    """A change was asked for that changes nothing."""

    code = "nothing_to_change"
    status = 422


class AppointmentInvalid(DomainError):
    """The appointment ends before it starts, or lies in the past."""

    code = "appointment_invalid"
    status = 422
