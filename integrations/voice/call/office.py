"""What a call asks of the rest of the house: who calls, what is answered, what is kept. One object for each call."""

from dataclasses import dataclass
from typing import Literal, Protocol

from property_db.calls.models import CallOutcome, CallState

Owner = Literal["bot", "waiting", "human", "rating", "closed"]
"""Who answers; the states of a conversation."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the conversation.

    Attributes:
        owner: who answers now.
        agent_id: the person who has it.
        ahead, minutes: the place in the queue; None where nobody waits in it.
        call_back: a person was asked for and nobody is on duty.
    """

    owner: Owner = "bot"
    agent_id: int | None = None
    ahead: int | None = None
    minutes: int | None = None
    call_back: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option of an answer: the answer's conversation and ``seq``, and the option's id."""

    conversation: str
    seq: int
    option_id: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What the caller said, taken in.

    Attributes:
        message_id: the stored message.
        seq: its number in the conversation, which an answer to it names.
        awaits: an answer follows from the bot; not where a person has the conversation.
    """

    message_id: int
    seq: int
    awaits: bool


class NotTaken(Exception):
    """What the caller said could not be taken in; the text is a code for the log."""


class Office(Protocol):
    """See the module."""

    async def answered(self) -> None:
        """The call was picked up."""
        ...

    async def is_known(self) -> bool:
        """Whether the caller's number may be confirmed by a room number: trusted, and of exactly one resident."""
        ...

    async def confirm_home(self, digits: str) -> str | None:
        """Bind the call to the resident whose room these digits are; the home's label, None if they are not."""
        ...

    async def send(self, text: str, chosen: Chosen | None = None) -> Sent:
        """Give what the caller said, or chose by key, to whoever answers.

        Raises:
            NotTaken: the message was refused.
        """
        ...

    async def heard(
        self, text: str, confidence: float, seconds: float, refused: str | None, message_id: int | None, sound: bytes
    ) -> None:
        """Keep what was heard and the sound of the moment."""
        ...

    async def standing(self) -> Standing:
        """How it stands with the conversation now."""
        ...

    async def leave_queue(self) -> None:
        """The caller does not want to wait any longer."""
        ...

    async def moved(self, state: CallState, agent_id: int | None = None) -> None:
        """The call goes on in another way."""
        ...

    async def rated(self, stars: int) -> None:
        """The caller has judged the service."""
        ...

    async def speech_failed(self) -> None:
        """Nothing is recognised any more."""
        ...

    async def voicemail(self, sound: bytes, transcript: str) -> bool:
        """Keep a message for the company and put it before somebody; False if it could not be kept."""
        ...

    async def ended(self, outcome: CallOutcome) -> None:
        """The call is over."""
        ...
