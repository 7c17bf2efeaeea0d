"""Who is at the page: sign-in through WeChat (OAuth2, ``snsapi_base``), tied to the browser that began it.

Two values carry it. The *state* goes to WeChat and back; the *ticket* is what the page then shows our API. Both are
bound to a random value in a cookie of the browser that began: whoever is sent somebody else's link, with a good code
and state or with a good ticket, has another cookie or none, and cannot be made to bind their home to a stranger's
WeChat. Both are valid for one account only, as each account has keys of its own.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from urllib.parse import quote, urlencode

import httpx
from cryptography.fernet import Fernet, InvalidToken

from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from integrations.tencent.exchange import Exchange
from integrations.wechat.accounts import Account
from property_db.clock import Clock

STATE_LIVES = timedelta(minutes=10)
TICKET_LIVES = timedelta(minutes=15)
"""A one-time code lives five minutes, and the first one may not arrive."""

_NONCE_BYTES = 16
# WeChat: letters and digits, at most 128 bytes. Here: nonce (32), expiry (8), signature (64).
_STATE = re.compile(r"([0-9a-f]{32})([0-9a-f]{8})([0-9a-f]{64})")
_BROWSER = re.compile(r"[0-9A-Za-z_-]{43}")
_OPEN_ID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_TICKET_LIMIT = 1024
_ANSWER_LIMIT = 64 * 1024
# 全局返回码: the code is invalid, expired, or was used; only another sign-in helps.
_CODE_OVER = frozenset({40029, 42003, 40163})


class Problem(Enum):
    """Why a sign-in failed; the page has a sentence for each."""

    EXPIRED = "expired"
    STRANGE = "strange"
    SNAPSHOT = "snapshot"
    BUSY = "busy"
    CLOSED = "closed"


class SignInFailed(Exception):
    """The sign-in has to begin again; ``errcode`` is WeChat's, 0 where it said nothing."""

    def __init__(self, problem: Problem, errcode: int = 0) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.errcode = errcode


@dataclass(frozen=True)
class State:
    """A good state; ``text`` may be used once, before ``expires_at``."""

    text: str
    expires_at: datetime


@dataclass(frozen=True)
class Ticket:
    """A good ticket: WeChat said that this browser belongs to ``open_id``.

    Attributes:
        nonce: what may be used once, before ``expires_at``.
    """

    open_id: str
    nonce: str
    expires_at: datetime


def new_browser() -> str:
    """A random value for the cookie, 256 bits."""
    return secrets.token_urlsafe(32)


def is_browser(value: str | None) -> bool:
    """Whether a cookie's value can be one of ours."""
    return value is not None and _BROWSER.fullmatch(value) is not None


class SignIn:
    """States and tickets of one account.

    Args:
        secret: the server's; the same in all processes.
    """

    def __init__(self, account: Account, secret: str, clock: Clock) -> None:
        self._clock = clock
        self._state_key = _key(secret, "state", account.app_id)
        self._tickets = Fernet(base64.urlsafe_b64encode(_key(secret, "ticket", account.app_id)))

    def new_state(self, browser: str) -> str:
        """A state for this browser."""
        expires = int((self._clock.now() + STATE_LIVES).timestamp())
        body = f"{secrets.token_hex(_NONCE_BYTES)}{expires:08x}"
        return body + self._signature(body, browser)

    def check_state(self, state: str, browser: str | None) -> State:
        """Look at what came back; that it is used once, the caller has to see to.

        Raises:
            SignInFailed: not ours, another browser's or another account's, or too old.
        """
        parts = _STATE.fullmatch(state)
        if parts is None or browser is None or not is_browser(browser):
            raise SignInFailed(Problem.STRANGE)
        nonce, expires, signature = parts.groups()
        if not hmac.compare_digest(self._signature(nonce + expires, browser), signature):
            raise SignInFailed(Problem.STRANGE)
        expires_at = datetime.fromtimestamp(int(expires, 16), UTC)
        if expires_at <= self._clock.now():
            raise SignInFailed(Problem.EXPIRED)
        return State(state, expires_at)

    def new_ticket(self, open_id: str, browser: str) -> str:
        """A ticket for this browser; encrypted, so that no openid stands in an address."""
        content = {"o": open_id, "b": _hash(browser), "n": secrets.token_hex(_NONCE_BYTES)}
        return self._tickets.encrypt_at_time(json.dumps(content).encode(), self._moment()).decode("ascii")

    def check_ticket(self, ticket: str, browser: str | None) -> Ticket:
        """Read a ticket; that it is used once, the caller has to see to.

        Raises:
            SignInFailed: not ours, another browser's or another account's, or too old.
        """
        if browser is None or not is_browser(browser) or len(ticket) > _TICKET_LIMIT or not ticket.isascii():
            raise SignInFailed(Problem.STRANGE)
        try:
            opened = self._tickets.decrypt_at_time(ticket, int(TICKET_LIVES.total_seconds()), self._moment())
            begun = self._tickets.extract_timestamp(ticket)
        except InvalidToken:
            raise SignInFailed(Problem.EXPIRED) from None
        content = json.loads(opened)
        if not hmac.compare_digest(content["b"], _hash(browser)):
            raise SignInFailed(Problem.STRANGE)
        return Ticket(content["o"], content["n"], datetime.fromtimestamp(begun, UTC) + TICKET_LIVES)

    def _signature(self, body: str, browser: str) -> str:
        return hmac.new(self._state_key, f"{body}.{browser}".encode(), hashlib.sha256).hexdigest()

    def _moment(self) -> int:
        return int(self._clock.now().timestamp())


def authorize_url(account: Account, redirect_uri: str, state: str) -> str:
    """Where WeChat asks who is there; silent with ``snsapi_base``. The order of the parameters is WeChat's."""
    parameters = {
        "appid": account.app_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    base = str(account.oauth_url).rstrip("/")
    return f"{base}/connect/oauth2/authorize?{urlencode(parameters, quote_via=quote)}#wechat_redirect"


async def open_id_for(account: Account, code: str, transport: httpx.AsyncBaseTransport | None = None) -> str:
    """Ask WeChat whose code this is.

    Args:
        transport: another way to WeChat, for tests.

    Raises:
        SignInFailed: WeChat refused or did not answer.
    """
    parameters = {
        "appid": account.app_id,
        "secret": account.app_secret.get_secret_value(),
        "code": code,
        "grant_type": "authorization_code",
    }
    exchange = Exchange(account.api_base, transport)  # a resident binds once: no connection is worth keeping
    try:
        answer = (await exchange.ask("/sns/oauth2/access_token", parameters, limit=_ANSWER_LIMIT)).fields()
    except ApiRefused as refused:
        problem = Problem.EXPIRED if refused.errcode in _CODE_OVER else Problem.BUSY
        raise SignInFailed(problem, refused.errcode) from None
    except (ApiUnreachable, TooLarge):
        raise SignInFailed(Problem.BUSY) from None
    finally:
        await exchange.close()
    if answer.get("is_snapshotuser"):  # WeChat's preview of a page shows an openid that belongs to nobody
        raise SignInFailed(Problem.SNAPSHOT)
    open_id = answer.get("openid")
    if not isinstance(open_id, str) or not _OPEN_ID.fullmatch(open_id):
        raise SignInFailed(Problem.BUSY)
    return open_id


def _key(secret: str, purpose: str, app_id: str) -> bytes:
    return hmac.new(secret.encode(), f"wechat.binding.{purpose}.{app_id}".encode(), hashlib.sha256).digest()


def _hash(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
