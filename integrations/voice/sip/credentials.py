"""The extension's password, and who is given a proof of it.

A digest proof lets its owner try passwords at leisure, and one in the registrar's own realm with a nonce of his choice
may even pass for us there. Anybody whom a request of ours reaches can ask for one with 401 or 407.
"""

from collections import deque

import structlog
from aiosipua import SipResponse
from aiosipua.auth import SipDigestAuth, answer_challenge
from aiosipua.headers import parse_auth

from integrations.voice.configuration import SipRegistration
from integrations.voice.sip.access import Access
from integrations.voice.sip.messages import Address

log = structlog.get_logger()

CHALLENGES = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}
"""The statuses that ask for a proof, and the header that says in which realm."""
MOST_REALMS = 4


class Credentials:
    """Name and password of the extension.

    Args:
        settings: the extension.
        access: knows the registrar's addresses.
    """

    def __init__(self, settings: SipRegistration, access: Access) -> None:
        self._user = settings.user
        self._password = settings.password
        self._domain = settings.domain or settings.registrar
        self._access = access
        self._realms: deque[str] = deque(maxlen=MOST_REALMS)

    def for_registrar(self, answer: SipResponse, uri: str) -> dict[str, str] | None:
        """The header that answers the challenge of a REGISTER; its realm is the registrar's from now on.

        Args:
            answer: what the registrar said.
            uri: the request line's.
        """
        realm = _realm(answer)
        if realm and realm not in self._realms:
            self._realms.append(realm)
        return self._proof(answer, "REGISTER", uri)

    def for_call(self, answer: SipResponse, method: str, uri: str, peer: Address) -> dict[str, str] | None:
        """The header that answers the challenge of a request of a call; None for anybody but the registrar.

        The realm counts too: an exchange that is a mere proxy hands on what the telephone behind it asks for.

        Args:
            answer: what the other side said.
            method: the request's.
            uri: the request line's.
            peer: where the request was sent.
        """
        realm = _realm(answer)
        if realm is None:
            return None
        if not self._access.is_exchange(peer[0]) or (realm not in self._realms and realm != self._domain):
            log.warning("voice.sip_password_withheld", method=method)
            return None
        return self._proof(answer, method, uri)

    def _proof(self, answer: SipResponse, method: str, uri: str) -> dict[str, str] | None:
        secret = SipDigestAuth(self._user, self._password.get_secret_value())
        proof = answer_challenge(secret, answer, answer.status_code, method, uri)
        return None if proof is None else {proof[0]: proof[1]}


def _realm(answer: SipResponse) -> str | None:
    """The realm of a challenge, empty where it names none; None where the answer is no challenge."""
    challenge = answer.get_header(CHALLENGES.get(answer.status_code, ""))
    return parse_auth(challenge).params.get("realm", "") if challenge else None
