"""The logical answer: what is said, independent of any channel. `Message.blocks` is a list of these as JSON."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Block):
    """A sentence; `spoken` replaces it where it is heard."""

    kind: Literal["text"] = "text"
    text: str
    spoken: str | None = None


class Choice(_Block):
    """One button. `payload` is what the engine is told and never leaves the server."""

    id: str
    title: str
    payload: str


class Choices(_Block):
    """Buttons."""

    kind: Literal["choices"] = "choices"
    prompt: str | None = None
    options: list[Choice]


class BillLine(_Block):
    """One bill on a card; money in 分, `due_on` an ISO date."""

    label: str
    amount_fen: int
    state: str
    due_on: str
    late_fee_fen: int = 0


class BillCard(_Block):
    """What is owed, or one bill."""

    kind: Literal["bill_card"] = "bill_card"
    title: str
    home: str
    total_fen: int
    lines: list[BillLine]


class TicketCardEvent(_Block):
    """One step of a repair; `at` is an ISO moment."""

    at: str
    text: str


class TicketCard(_Block):
    """A repair."""

    kind: Literal["ticket_card"] = "ticket_card"
    number: str
    title: str
    state: str
    state_text: str
    home: str
    appointment: str | None = None
    technician: str | None = None
    events: list[TicketCardEvent] = []


class NoticeCard(_Block):
    """A notice; the moments are ISO."""

    kind: Literal["notice_card"] = "notice_card"
    title: str
    body: str
    starts_at: str | None = None
    ends_at: str | None = None
    notice_kind: str


class Picture(_Block):
    """A picture and what it shows."""

    kind: Literal["picture"] = "picture"
    url: str
    alt: str


class Link(_Block):
    """A link."""

    kind: Literal["link"] = "link"
    title: str
    url: str


class RatingRequest(_Block):
    """Ask for one to five stars; `reference` is a conversation's public id or a ticket's number."""

    kind: Literal["rating"] = "rating"
    prompt: str
    subject: Literal["conversation", "ticket"]
    reference: str


class Ask(_Block):
    """A hint which input fits: a number pad, a picker, an upload button."""

    kind: Literal["ask"] = "ask"
    value: Literal["phone", "time", "room", "text", "photo", "code"]
    prompt: str | None = None


class Bind(_Block):
    """Offer to bind a home."""

    kind: Literal["bind"] = "bind"
    prompt: str


class EmergencyPhone(_Block):
    """A number to call."""

    label: str
    number: str


class Emergency(_Block):
    """Safety text and numbers; shown first and unlike anything else."""

    kind: Literal["emergency"] = "emergency"
    text: str
    phones: list[EmergencyPhone] = []


class System(_Block):
    """Something that happened to the conversation itself."""

    kind: Literal["system"] = "system"
    text: str
    event: str


Block = Annotated[
    Text
    | Choices
    | BillCard
    | TicketCard
    | NoticeCard
    | Picture
    | Link
    | RatingRequest
    | Ask
    | Bind
    | Emergency
    | System,
    Field(discriminator="kind"),
]
_BLOCKS: TypeAdapter[list[Block]] = TypeAdapter(list[Block])
_BLOCK: TypeAdapter[Block] = TypeAdapter(Block)


def parse(raw: Any) -> list[Block]:
    """Read blocks from JSON values.

    Raises:
        pydantic.ValidationError: a block is unknown or malformed.
    """
    return _BLOCKS.validate_python(raw)


def parse_one(raw: Any) -> Block:
    """Read one block, for example the `json_message` of an action."""
    return _BLOCK.validate_python(raw)


def dump(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Return what is kept in `Message.blocks`, payloads included."""
    return [block.model_dump(mode="json") for block in blocks]


def for_resident(stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return stored blocks as they may leave the server: choices without payloads."""
    return [_without_payloads(block) if block.get("kind") == "choices" else dict(block) for block in stored]


def _without_payloads(block: dict[str, Any]) -> dict[str, Any]:
    return block | {"options": [{"id": o["id"], "title": o["title"]} for o in block["options"]]}


def choice_in(stored: Sequence[dict[str, Any]], option_id: str) -> Choice | None:
    """Find the option a resident chose in the stored blocks of the message that offered it."""
    options = (o for block in stored if block.get("kind") == "choices" for o in block["options"])
    return next((Choice.model_validate(o) for o in options if o["id"] == option_id), None)


def plain_text(stored: Sequence[dict[str, Any]]) -> str:
    """Return the texts of stored blocks as lines, for search, previews and logs of tests."""
    return "\n".join(block["text"] for block in stored if block.get("text"))


def _plainly(text: str) -> str:
    """Full-width letters, digits and signs as plain ones, and nothing behind the last word: ２． and 2 are the same."""
    return unicodedata.normalize("NFKC", text).strip().rstrip("。.,、)")


def choice_typed(stored: Sequence[dict[str, Any]], typed: str) -> Choice | None:
    """Find the option a resident names by typing its title, or its number (1, 2 …) as a text channel shows it."""
    options = [o for block in stored if block.get("kind") == "choices" for o in block["options"]]
    said = _plainly(typed)
    for number, option in enumerate(options, start=1):
        if said in (_plainly(option["title"]), str(number)):
            return Choice.model_validate(option)
    return None
