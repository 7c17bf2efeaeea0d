import pytest
from aiosipua import SipResponse
from pydantic import SecretStr

from integrations.voice.configuration import SipRegistration
from integrations.voice.sip.access import Access
from integrations.voice.sip.credentials import MOST_REALMS, Credentials

REGISTRAR, SOMEBODY = ("203.0.113.5", 5060), ("203.0.113.6", 5060)
URI = "sip:8001@pbx.example"


@pytest.fixture
def credentials() -> Credentials:
    """Those of an extension whose registrar has asked in the realm ``pbx``."""
    access = Access([])
    access.exchange_is([REGISTRAR[0]])
    settings = SipRegistration(registrar="sip.example", domain="pbx.example", user="800", password=SecretStr("secret"))
    found = Credentials(settings, access)
    assert found.for_registrar(challenge("pbx"), "sip:pbx.example")
    return found


def challenge(realm: str, status: int = 407, scheme: str = "Digest") -> SipResponse:
    """Somebody wants a password."""
    answer = SipResponse(status_code=status)
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    answer.headers.set_single(name, f'{scheme} realm="{realm}", nonce="n1"')
    return answer


@pytest.mark.parametrize("realm", ["pbx", "pbx.example"])
@pytest.mark.parametrize(("status", "name"), [(401, "Authorization"), (407, "Proxy-Authorization")])
def test_the_registrar_gets_a_proof_in_its_own_realm(
    credentials: Credentials, realm: str, status: int, name: str
) -> None:
    proof = credentials.for_call(challenge(realm, status), "INVITE", URI, REGISTRAR)
    assert proof is not None
    assert list(proof) == [name]
    assert f'realm="{realm}"' in proof[name]
    assert 'username="800"' in proof[name]


@pytest.mark.parametrize(
    ("answer", "peer"),
    [
        (challenge("pbx"), SOMEBODY),
        (challenge("pbx.example"), SOMEBODY),
        (challenge("evil"), REGISTRAR),
        (challenge(""), REGISTRAR),
        (challenge("sip.example"), REGISTRAR),
        (challenge('pbx", realm="evil'), REGISTRAR),
        (challenge("pbx", scheme="Basic"), REGISTRAR),
        (SipResponse(status_code=407), REGISTRAR),
        (challenge("pbx", 486), REGISTRAR),
    ],
    ids=["host", "host, domain", "realm", "no realm", "registrar's name", "two realms", "basic", "nothing", "busy"],
)
def test_nobody_else_gets_one_and_not_in_another_realm(
    credentials: Credentials, answer: SipResponse, peer: tuple[str, int]
) -> None:
    assert credentials.for_call(answer, "BYE", URI, peer) is None


def test_a_registrar_that_moves_takes_the_proof_along() -> None:
    access = Access([])
    access.exchange_is([REGISTRAR[0]])
    credentials = Credentials(SipRegistration(registrar="pbx", user="800", password=SecretStr("secret")), access)
    access.exchange_is([SOMEBODY[0]])
    assert credentials.for_call(challenge("pbx"), "INVITE", URI, REGISTRAR) is None
    assert credentials.for_call(challenge("pbx"), "INVITE", URI, SOMEBODY)


def test_only_the_latest_realms_are_known(credentials: Credentials) -> None:
    for number in range(MOST_REALMS):
        assert credentials.for_registrar(challenge(f"r{number}", 401), URI)
    assert credentials.for_call(challenge("pbx"), "INVITE", URI, REGISTRAR) is None
    assert credentials.for_call(challenge("r0"), "INVITE", URI, REGISTRAR)


def test_the_password_is_in_no_trace(credentials: Credentials) -> None:
    assert "secret" not in repr(credentials)
    assert "secret" not in repr(vars(credentials))
