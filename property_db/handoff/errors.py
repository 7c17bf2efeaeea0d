"""Refusals at the desk."""

from property_db.errors import DomainError


class AlreadyTaken(DomainError):
    """Somebody else was first, or the request is over."""

    code = "already_taken"


class AtCapacity(DomainError):
    """The agent holds as many conversations as they may; `max_active` is how many."""

    code = "at_capacity"


class QueueItemNotFound(DomainError):
    """There is no such request."""

    code = "queue_item_not_found"
    status = 404


class NotYourConversation(DomainError):
    """The agent does not hold this conversation."""

    code = "not_your_conversation"
    status = 403


class SignInRefused(DomainError):
    """Unknown user or wrong password: the same answer for both."""

    code = "sign_in_refused"
    status = 401


class SessionExpired(DomainError):
    """The browser's session is unknown or over."""

    code = "session_expired"
    status = 401


class UsernameTaken(DomainError):
    """There is a user with this name already."""

    code = "username_taken"


class PasswordTooShort(DomainError):
    """A password has at least `length` characters."""

    code = "password_too_short"
    status = 422


class AlarmNotFound(DomainError):
    """There is no such alarm."""

    code = "alarm_not_found"
    status = 404
