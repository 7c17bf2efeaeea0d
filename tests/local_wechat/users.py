"""A resident with a phone, as the platform knows them: what was said and shown, and what may still be sent to them."""

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.local_wechat.clock import HOUR

Side = Literal["resident", "account", "notice"]
How = Literal["said", "passive", "custom", "template", "subscription", "unavailable", "event"]
Contact = Literal["message", "action"]

ALLOWED: dict[Contact, tuple[int, float]] = {"message": (5, 48 * HOUR), "action": (3, 60.0)}
"""How many customer-service messages after a contact, and for how many seconds (shared facts of the platform)."""


@dataclass
class Entry:
    """One line of the chat as the phone shows it.

    Attributes:
        how: by which way it came.
        kind: text, image, voice, video, location, link, menu, news, template, event, notice.
        at: the platform's time in seconds.
        message_id: of what the resident said: its MsgId; of a passive reply: the MsgId it answers.
    """

    seq: int
    side: Side
    how: How
    kind: str
    text: str
    at: float
    message_id: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For tests and the page."""
        return asdict(self)


@dataclass
class Window:
    """What one contact permits."""

    opened_at: float
    closes_at: float
    allowed: int
    used: int = 0

    @property
    def left(self) -> int:
        """Messages that may still go out."""
        return max(0, self.allowed - self.used)


class Ledger:
    """Counts customer-service messages.

    A message counts for every window that is open, the strictest reading of the platform's rules: who never exceeds
    this ledger never exceeds a more generous one.
    """

    def __init__(self) -> None:
        self._windows: dict[Contact, Window] = {}

    def contact(self, contact: Contact, now: float) -> None:
        """The resident did something: its window starts anew."""
        allowed, seconds = ALLOWED[contact]
        self._windows[contact] = Window(now, now + seconds, allowed)

    def open(self, now: float) -> list[Window]:
        """The windows that are open now."""
        return [window for window in self._windows.values() if window.closes_at > now]

    def best(self, now: float) -> Window | None:
        """The open window that permits most; None where none is open."""
        return max(self.open(now), key=lambda window: (window.left, window.closes_at), default=None)

    def spend(self, now: float) -> None:
        """One message went out."""
        for window in self.open(now):
            window.used += 1

    def close(self) -> None:
        """The resident unfollowed: nothing may be sent."""
        self._windows.clear()


class Resident:
    """One openid of one account."""

    def __init__(self, open_id: str, account: str, name: str) -> None:
        self.open_id = open_id
        self.account = account
        self.name = name
        self.following = False
        self.followed_at = 0.0
        self.scene = ""
        self.ledger = Ledger()
        self.chat: list[Entry] = []
        self.agreed: dict[str, int] = {}
        self.blocks_templates = False
        self.typing_until = 0.0
        self.client_message_ids: dict[str, int] = {}
        self.version = 0
        self._changed = asyncio.Event()

    def show(
        self,
        side: Side,
        how: How,
        kind: str,
        text: str,
        at: float,
        *,
        message_id: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> Entry:
        """Put a line into the chat."""
        entry = Entry(len(self.chat) + 1, side, how, kind, text, at, message_id, details or {})
        self.chat.append(entry)
        if side == "account":
            self.typing_until = 0.0
        self.touch()
        return entry

    def touch(self) -> None:
        """Wake everybody who waits for something new about this resident."""
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def newer_than(self, version: int, seconds: float) -> None:
        """Wait until something is newer than `version`, at most so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while self.version <= version:
                    await self._changed.wait()
        except TimeoutError:
            return

    def last_contact(self) -> float:
        """When the resident last wrote, for the sign that somebody is typing; 0 where never."""
        return max((entry.at for entry in self.chat if entry.how == "said"), default=0.0)
