"""What the platform knows: accounts, residents, stored media, QR codes, sign-ins, and who called what."""

import hashlib
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.wechat.accounts import Account, Template
from tests.local_wechat.clock import DAY, PeerClock
from tests.local_wechat.crypto import Seal
from tests.local_wechat.errcodes import PlatformError
from tests.local_wechat.faults import Faults
from tests.local_wechat.texts import text
from tests.local_wechat.tokens import TokenDesk
from tests.local_wechat.users import Resident

MEDIA_LASTS = 3 * DAY
CODE_LASTS = 300.0


@dataclass
class Call:
    """One call of the platform's API; `raw` is the body as it came, so that a test sees how it was written."""

    path: str
    account: str
    at: float
    raw: str
    errcode: int = 0
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Media:
    """Something a resident sent; `account` is who may fetch it."""

    media_id: str
    account: str
    kind: str
    content: bytes
    content_type: str
    stored_at: float


@dataclass(frozen=True)
class Ticket:
    """A QR code: `scene` is what the server is told when it is scanned."""

    ticket: str
    account: str
    scene: str
    permanent: bool
    made_at: float
    lasts: float

    def is_over(self, now: float) -> bool:
        """Whether it can no longer be scanned."""
        return not self.permanent and now > self.made_at + self.lasts


@dataclass
class SignInCode:
    """What a resident's browser carries back after signing in; good for one use within five minutes."""

    code: str
    account: str
    open_id: str
    made_at: float
    used: bool = False


class PeerAccount:
    """An Official Account as the platform sees it.

    Attributes:
        settings: the account file's entry, for secrets and template ids.
        menu: what the server made it; None before.
        addresses: what `getcallbackip` tells.
    """

    def __init__(self, settings: Account) -> None:
        self.settings = settings
        self.app_id = settings.app_id
        self.name = settings.name
        made_up = "gh_" + hashlib.sha256(settings.app_id.encode()).hexdigest()[:12]
        self.original_id = settings.original_id or made_up
        self.seals = [Seal(settings.token.get_secret_value(), key, settings.app_id) for key in settings.aes_keys]
        self.menu: list[dict[str, Any]] | None = None
        self.addresses = ["127.0.0.1"]
        self.templates: dict[str, Template] = {
            template.id: template for template in [*settings.templates.values(), *settings.one_time_templates.values()]
        }

    @property
    def secure(self) -> bool:
        """Whether its pushes are encrypted."""
        return self.settings.encryption == "secure"


class World:
    """The platform's memory.

    Args:
        seed: for everything that looks random and need not be secret.
    """

    def __init__(self, accounts: Sequence[Account], clock: PeerClock, seed: int = 1) -> None:
        self.clock = clock
        self.accounts = {account.app_id: PeerAccount(account) for account in accounts}
        self.url = ""
        self.random = random.Random(seed)
        self.residents: dict[str, Resident] = {}
        self.tokens = TokenDesk(clock)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.media: dict[str, Media] = {}
        self.tickets: dict[str, Ticket] = {}
        self.codes: dict[str, SignInCode] = {}
        self._message_ids: set[int] = set()

    def account(self, name_or_app_id: str) -> PeerAccount:
        """An account by the file's name or by its app id.

        Raises:
            KeyError: there is none.
        """
        for account in self.accounts.values():
            if name_or_app_id in (account.app_id, account.name):
                return account
        raise KeyError(name_or_app_id)

    def resident(self, open_id: str) -> Resident:
        """A resident.

        Raises:
            KeyError: there is none.
        """
        return self.residents[open_id]

    def add_resident(self, app_id: str, name: str | None = None, open_id: str | None = None) -> Resident:
        """Somebody with a phone, who does not follow the account yet."""
        if open_id is None:
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            open_id = "o" + "".join(self.random.choice(letters) for _ in range(27))
        shown = name or text("resident_name", number=len(self.residents) + 1)
        resident = self.residents[open_id] = Resident(open_id, app_id, shown)
        return resident

    def message_id(self) -> int:
        """A new 64-bit id, too large for a float."""
        while True:
            made = self.random.getrandbits(62) | 1 << 61
            if made not in self._message_ids:
                self._message_ids.add(made)
                return made

    def store(self, account: str, kind: str, content: bytes, content_type: str) -> Media:
        """Keep what a resident sent."""
        media = Media(secrets.token_urlsafe(48), account, kind, content, content_type, self.clock.now())
        self.media[media.media_id] = media
        return media

    def fetch(self, account: str, media_id: str) -> Media:
        """What a resident sent, for three days.

        Raises:
            PlatformError: 40007, over or never there.
        """
        media = self.media.get(media_id)
        if media is None or media.account != account or self.clock.now() > media.stored_at + MEDIA_LASTS:
            raise PlatformError(40007)
        return media

    def make_ticket(self, account: str, scene: str, *, permanent: bool, lasts: float) -> Ticket:
        """A QR code."""
        made = Ticket(secrets.token_urlsafe(60), account, scene, permanent, self.clock.now(), lasts)
        self.tickets[made.ticket] = made
        return made

    def sign_in(self, account: str, open_id: str) -> SignInCode:
        """A resident agreed to be known to a page."""
        code = SignInCode(secrets.token_hex(16), account, open_id, self.clock.now())
        self.codes[code.code] = code
        return code

    def redeem(self, account: str, code: str) -> str:
        """The openid behind a code.

        Raises:
            PlatformError: 40029 unknown, over or of another account; 40163 used before.
        """
        known = self.codes.get(code)
        if known is None or known.account != account or self.clock.now() > known.made_at + CODE_LASTS:
            raise PlatformError(40029)
        if known.used:
            raise PlatformError(40163)
        known.used = True
        return known.open_id

    def touch_all(self) -> None:
        """Something changed that every phone shows."""
        for resident in self.residents.values():
            resident.touch()

    def reached(self, account: str, open_id: object) -> Resident:
        """A resident of this account.

        Raises:
            PlatformError: 40003, this account knows no such openid.
        """
        resident = self.residents.get(open_id) if isinstance(open_id, str) else None
        if resident is None or resident.account != account or not resident.followed_at:
            raise PlatformError(40003)
        return resident

    def contact(self, resident: Resident, contact: Literal["message", "action"]) -> None:
        """The resident did something that permits messages."""
        resident.ledger.contact(contact, self.clock.now())

    def summary(self, resident: Resident) -> Mapping[str, Any]:
        """The resident's quota: what is left and until when, in the platform's seconds."""
        best = resident.ledger.best(self.clock.now())
        if best is None:
            return {"left": 0, "closes_at": None}
        return {"left": best.left, "closes_at": best.closes_at}
