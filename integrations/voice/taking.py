"""What every transport needs to hand a call over: the hotline service as far as it knows it, and a clean number."""

import re
from typing import Literal, Protocol, runtime_checkable

from integrations.voice.line import Line

_NUMBER = re.compile(r"\+?[0-9]{2,20}")


def number(text: str | None) -> str | None:
    """A telephone number, or None for what is none (``anonymous``, empty)."""
    return text if text is not None and _NUMBER.fullmatch(text) else None


@runtime_checkable
class Shows(Protocol):
    """A line whose caller also sees what is said: the call button of the demo page."""

    def show(self, kind: Literal["heard", "partial", "said"], text: str) -> None:
        """Show what was heard of the caller, or what is said to them."""
        ...


class TakesCalls(Protocol):
    """Runs calls."""

    async def take(self, line: Line) -> None:
        """Run a whole inbound call on that line."""
        ...


class HasHotline(Protocol):
    """The server's services, of which a transport needs one."""

    @property
    def hotline(self) -> TakesCalls | None:
        """None while the hotline is not made yet."""
        ...
