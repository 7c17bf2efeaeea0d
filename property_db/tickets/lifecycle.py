"""The states of a repair and the ways between them (domain.md, "Roles and states other systems use")."""

from property_db.tickets.models import TicketState as S

WAYS: dict[S, frozenset[S]] = {
    S.NEW: frozenset({S.ASSIGNED, S.ACCEPTED, S.REJECTED, S.CANCELLED}),
    # assigned → assigned and its like below: handed to another technician
    S.ASSIGNED: frozenset({S.ASSIGNED, S.ACCEPTED, S.REJECTED, S.CANCELLED}),
    S.ACCEPTED: frozenset({S.ASSIGNED, S.ON_THE_WAY, S.IN_PROGRESS, S.CANCELLED}),
    S.ON_THE_WAY: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.PAUSED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.ASSIGNED, S.PAUSED, S.DONE}),
    S.PAUSED: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.CANCELLED}),
    S.DONE: frozenset({S.CONFIRMED, S.REOPENED, S.CLOSED}),
    S.CONFIRMED: frozenset({S.REOPENED, S.CLOSED}),
    S.REOPENED: frozenset({S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS, S.CANCELLED}),
    S.CLOSED: frozenset(),
    S.REJECTED: frozenset({S.CLOSED}),
    S.CANCELLED: frozenset(),
}

OPEN = frozenset({S.NEW, S.ASSIGNED, S.ACCEPTED, S.ON_THE_WAY, S.IN_PROGRESS, S.PAUSED, S.REOPENED})
"""Somebody still has to do something about the fault."""

RESIDENT_CHANGES = frozenset({S.NEW, S.ASSIGNED, S.ACCEPTED, S.PAUSED, S.REOPENED})
"""Nobody is on the way or at work, so the resident may change or withdraw it without a person."""


def may_move(from_state: S, to_state: S) -> bool:
    """Whether there is a way from one state to the other."""
    return to_state in WAYS[from_state]
