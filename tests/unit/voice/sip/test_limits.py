import pytest
from aiosipua import SipMessage

from integrations.voice.sip.limits import LONGEST_LIST, MOST_VALUES, without_absurd

HEAD = (
    "INVITE sip:4008@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\n"
    "Call-ID: q\r\nCSeq: 1 INVITE\r\nAllow: INVITE, ACK,\r\n BYE\r\n"
)


def packet(headers: str, body: str = "") -> bytes:
    """A sound INVITE with these headers in addition."""
    return f"{HEAD}{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    "headers",
    [
        f"Contact: {',' * 15900}\r\n",
        f"m: {',' * 15900}\r\n",
        f"CONTACT : {',' * 15900}\r\n",
        f"\x85Contact\xa0: {',' * 15900}\r\n",
        f"Contact:\r\n {',' * 15900}\r\n",
        f"Contact\r\n : {',' * 15900}\r\n",
        f"X: y\rContact: {',' * 15900}\r\n",
        f"X: y\nContact: {',' * 15900}\n",
        "Contact: <sip:a@b>\r\n" * (MOST_VALUES + 1),
        "Contact: ,,,,\r\n" * MOST_VALUES,
        f"Contact: <sip:{'a' * LONGEST_LIST}@b>\r\n",
        f"Record-Route: {',' * MOST_VALUES}\r\n",
        f"Route: {',' * MOST_VALUES}\r\n",
        f"Supported: {',' * MOST_VALUES}\r\n",
        f"P-Asserted-Identity: {',' * MOST_VALUES}\r\n",
        f"Remote-Party-ID: {',' * MOST_VALUES}\r\n",
        f"t: <sip:a@b>{';a' * LONGEST_LIST}\r\n",
    ],
)
def test_a_list_that_is_absurdly_long_is_left_out_before_anything_is_parsed(headers: str) -> None:
    data, absurd = without_absurd(packet(headers))
    assert absurd
    assert len(data) < 300
    assert SipMessage.parse(data).call_id == "q"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("", ""),
        (f"Contact: {'<sip:a@b>,' * (MOST_VALUES - 1)}<sip:a@b>\r\n", ""),
        (f"X-Rooms: {',' * 5000}\r\n", ""),
        ('Contact: "王, 小明" <sip:a@b>\r\n', "c=1\r\n\r\nContact: ,,,\r\n"),
        ("", f"Contact: {',' * 5000}\r\n"),
        ("", "\0\r\n\n\n\r\r"),
    ],
)
def test_an_ordinary_message_means_what_it_meant(headers: str, body: str) -> None:
    given = packet(headers, body)
    data, absurd = without_absurd(given)
    assert not absurd
    assert _meaning(SipMessage.parse(data)) == _meaning(SipMessage.parse(given))


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"INVITE sip:x SIP/2.0", b"\xff\xfe: \n x\n\n", b" \r\n \n:\n\n\n"])
def test_what_is_no_message_does_no_harm(data: bytes) -> None:
    assert without_absurd(data)[1] is False


def _meaning(message: SipMessage) -> tuple[dict[str, list[str]], bytes]:
    return dict(message.headers.items()), message.body
