import pytest
from aiosipua import SipRequest

from integrations.voice.sip import numbers


def invite(**headers: str) -> SipRequest:
    """An INVITE with these headers; underscores stand for hyphens."""
    request = SipRequest(method="INVITE", uri="sip:4008@estate.example")
    request.headers.set_single("From", '"Wang" <sip:13800001111@isp.example>;tag=1')
    for name, value in headers.items():
        request.headers.set_single(name.replace("_", "-"), value)
    return request


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ('"Wang" <sip:13800001111@isp.example>;tag=1', "13800001111"),
        ("<sip:+8613800001111@isp.example;user=phone>;tag=1", "+8613800001111"),
        ("<sip:%2B8613800001111@isp.example>;tag=1", "+8613800001111"),
        ("<tel:+86-138-0000-1111>;tag=1", "+8613800001111"),
        ("<tel:(0571)8765.4321;phone-context=+86>;tag=1", "057187654321"),
        ("sip:8001@10.0.0.1;tag=1", "8001"),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', None),
        ("<sip:Restricted@x>;tag=1", None),
        ("<sip:alice@x>;tag=1", None),
        ("<sip:10.0.0.1>;tag=1", None),
        ("<sip:" + "1" * 40 + "@x>;tag=1", None),
        ('"<sip:110@x>" <sip:bob@x>;tag=1', None),
        ("", None),
    ],
)
def test_a_caller_is_known_by_digits_or_not_at_all(sender: str, number: str | None) -> None:
    assert numbers.caller_number(invite(From=sender)) == number


def test_what_the_exchange_asserts_comes_before_what_the_telephone_says() -> None:
    assert numbers.caller_number(invite(P_Asserted_Identity='"Doe, J" <sip:02187654321@x>')) == "02187654321"
    assert numbers.caller_number(invite(Remote_Party_ID="<sip:02187654322@x>;party=calling")) == "02187654322"
    assert numbers.caller_number(invite(P_Asserted_Identity="<sip:switch@x>, <tel:02187654323>")) == "02187654323"


ASSERTED = "P-Asserted-Identity"
REMOTE = "Remote-Party-ID"
TELEPHONES_OWN = "<sip:02187650000@x>"


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ([(ASSERTED, "<sip:alice@pbx>")], None),
        ([(ASSERTED, "<sip:alice@pbx>"), (REMOTE, TELEPHONES_OWN)], None),
        ([(ASSERTED, "")], None),
        ([(ASSERTED, "nonsense")], None),
        ([(REMOTE, "<sip:alice@pbx>")], None),
        ([(REMOTE, "<sip:02187654322@x>")], "02187654322"),
        ([(ASSERTED, "<tel:02187654323>"), (REMOTE, TELEPHONES_OWN)], "02187654323"),
        ([(ASSERTED, "<sip:alice@pbx>"), (ASSERTED, "<tel:02187654323>")], "02187654323"),
        ([(ASSERTED, '"Doe, J" <sip:alice@pbx>, <tel:02187654323>')], "02187654323"),
        ([(ASSERTED, "<tel:02187654323>, <sip:anonymous@anonymous.invalid>")], None),
        ([(ASSERTED, "<tel:02187654323>"), (ASSERTED, "<sip:Restricted@x>")], None),
        ([(ASSERTED, '"Anonymous" <tel:02187654323>')], None),
        ([(ASSERTED, "<sip:02187654323@anonymous.invalid>")], None),
        ([(ASSERTED, "<sip:%61nonymous@x>, <tel:02187654323>")], None),
        ([(ASSERTED, "<sip:unavailable@x>")], None),
        ([(ASSERTED, "<tel:02187654323>"), (REMOTE, "<sip:a@x>;privacy=full")], None),
        ([(REMOTE, "<sip:a@x>;party=called"), (REMOTE, "<sip:02187654322@x>;Privacy = full")], None),
        ([(ASSERTED, "<sip:alice,02187654323@x>")], None),
        ([(ASSERTED, "<sip:alice,sip:02187654323@x>")], None),
        ([(ASSERTED, '"x, <sip:02187654323@x>')], None),
        ([(ASSERTED, "<sip:alice@x, <sip:02187654323@x>")], None),
        ([(ASSERTED, "sip:alice, 02187654323@x")], None),
        ([(ASSERTED, "<tel:02187654323>" + " " * 2000)], None),
        ([(ASSERTED, '"' + '\\"' * 1500)], None),
    ],
)
def test_the_first_header_that_is_there_alone_says_who_calls(
    headers: list[tuple[str, str]], number: str | None
) -> None:
    request = invite(From="<sip:13800001111@isp.example>;tag=1")
    for name, value in headers:
        request.headers.append(name, value)
    assert numbers.caller_number(request) == number


def test_who_hides_the_number_is_unknown_even_where_the_exchange_knows_it() -> None:
    asserted = "<tel:+8613800001111>"
    assert numbers.caller_number(invite(P_Asserted_Identity=asserted, Privacy="id;critical")) is None
    assert numbers.caller_number(invite(Remote_Party_ID="<sip:138@x>;privacy=full")) is None
    assert numbers.caller_number(invite(P_Asserted_Identity=asserted, Privacy="none")) == "+8613800001111"


def test_the_dialled_number_is_of_the_request_line_or_of_the_to_header() -> None:
    assert numbers.called_number(invite(To="<sip:999@x>")) == "4008"
    request = invite(To="<sip:4007@x>")
    request.uri = "sip:guanjia@10.0.0.2"
    assert numbers.called_number(request) == "4007"


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("8001", "8001"),
        ("+86 138-0000-1111", "+8613800001111"),
        ("#31#110", "%2331%23110"),
        ("8001@evil", None),
        ("a", None),
    ],
)
def test_only_numbers_are_dialled(number: str, uri: str | None) -> None:
    assert numbers.dialled(number) == uri


def test_headers_cannot_bring_other_headers_along() -> None:
    passed = numbers.to_pass(
        {"X-Guanjia-Call": "a\r\nContact: <sip:e@e>", "Contact": "x", "X-Bad Name": "y", "x-room": "楼"}
    )
    assert passed == {"X-Guanjia-Call": "a??Contact: <sip:e@e>", "x-room": "?"}


def test_the_exchanges_own_headers_are_kept_few_and_short() -> None:
    many = {f"X-N{index}": "v" * 2000 for index in range(100)}
    kept = numbers.passed_along(invite(**many))
    assert len(kept) == numbers.MOST_HEADERS
    assert all(name.startswith("x-n") and len(value) == numbers.LONGEST_VALUE for name, value in kept.items())
