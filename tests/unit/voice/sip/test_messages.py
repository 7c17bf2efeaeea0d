from collections.abc import Iterator

import aiosipua.message
import pytest

from integrations.voice.sip.messages import LONGEST, Malformed, looks_like_sip, read

SOURCE = ("192.0.2.1", 5060)
COMMAS = "," * 15900
REQUEST = (
    "INVITE sip:4008@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\n"
    "Call-ID: q\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
)
RESPONSE = (
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>;tag=2\r\n"
    "Call-ID: q\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every value that aiosipua keeps, or makes an object of."""
    values: list[str] = []
    for name in ("parse_address", "parse_via"):
        _count(monkeypatch, name, values)
    monkeypatch.setattr(aiosipua.message, "_split_multi_value", _counting(aiosipua.message._split_multi_value, values))
    return values


@pytest.mark.parametrize("name", ["Contact", "m", "Record-Route", "Route", "Supported"])
def test_a_request_with_thousands_of_values_is_refused_and_not_one_is_made(name: str, made: list[str]) -> None:
    packet = REQUEST.format(headers=f"{name}: {COMMAS}\r\n").encode()
    assert looks_like_sip(packet)
    assert len(packet) <= LONGEST
    with pytest.raises(Malformed) as refusal:
        read(packet, SOURCE)
    assert refusal.value.status == 400
    assert refusal.value.request.call_id == "q"
    assert len(made) < 20
    assert sum(len(value) for value in made) < 1000


@pytest.mark.parametrize(
    "packet",
    [
        RESPONSE.format(headers=f"Contact: {COMMAS}\r\n"),
        RESPONSE.format(headers=f"Via: {COMMAS}\r\n"),
        REQUEST.format(headers=f"v: {COMMAS}\r\n"),
    ],
    ids=["contact of a response", "via of a response", "via of a request"],
)
def test_what_cannot_be_answered_is_no_message(packet: str, made: list[str]) -> None:
    assert read(packet.encode(), SOURCE) is None
    assert len(made) < 20


def test_a_sound_response_is_read() -> None:
    response = read(RESPONSE.format(headers="Contact: <sip:a@b>\r\n").encode(), SOURCE)
    assert response is not None
    assert [contact.uri.user for contact in response.contact] == ["a"]


def _count(monkeypatch: pytest.MonkeyPatch, name: str, values: list[str]) -> None:
    monkeypatch.setattr(aiosipua.message, name, _counting(getattr(aiosipua.message, name), values))


def _counting(parse, values):  # type: ignore[no-untyped-def]
    def counted(text: str) -> object:
        values.append(text)
        return parse(text)

    return counted
