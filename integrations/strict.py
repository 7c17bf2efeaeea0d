"""The base of every request body: no unknown fields, and no characters that a database cannot keep."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


def storable(text: str) -> str:
    """Return the text without NUL, which PostgreSQL refuses.

    Raises:
        ValueError: half a surrogate pair is in it: no text at all, and nothing can encode it.
    """
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("half a surrogate pair")
    return text.replace("\x00", "")


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
    return value


Storable = Annotated[str, BeforeValidator(_storable)]
"""For what comes in an address."""


class Strict(BaseModel):
    """A request body: unknown fields are refused, so that a client's mistake shows at once."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, body: Any) -> Any:
        return _storable(body)
