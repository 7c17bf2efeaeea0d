"""The settings of this machine, with mistakes in them explained."""

from typing import Any

from pydantic import ValidationError

from integrations.cli.errors import CliError
from integrations.cli.texts import catalogue
from integrations.gateway.settings import Settings


def load(**overrides: Any) -> Settings:
    """The settings from the environment and ``.env``; what the command line gives (not None) goes first.

    Raises:
        CliError: a setting has a value that cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise CliError("setting_wrong", name=f"GUANJIA_{name.upper()}", reason=_reason(dict(first))) from error


def _reason(error: dict[str, Any]) -> str:
    """Why pydantic refused a value, in Chinese where the catalogue knows this kind of error."""
    sentence: str | None = catalogue("texts.yml")["setting_reasons"].get(error["type"])
    if sentence is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return sentence.format(**error.get("ctx", {}))
