import pytest
from aiosipua import SipRequest

from integrations.voice.sip.sdp import Agreed, Description, Unacceptable, described

PEER = ("192.0.2.1", 4000)


def message(body: str, kind: str = "application/sdp") -> SipRequest:
    """A message that carries it."""
    request = SipRequest(method="INVITE", uri="sip:x@y")
    request.headers.set_single("Content-Type", kind)
    request.text = body
    return request


def offer(media: str = "m=audio 4000 RTP/AVP 0 8 96", extra: str = "", address: str = "192.0.2.1") -> str:
    """An offer of both codecs and key events."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n{media}\r\n"
        f"a=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n{extra}"
    )


def ours(*codecs: str) -> Description:
    """Our side."""
    return Description("198.51.100.7", 5004, codecs or ("PCMA", "PCMU"), 42)  # type: ignore[arg-type]


def answered(text: str, *codecs: str) -> tuple[str, Agreed]:
    """Our answer to an offer."""
    sdp = described(message(text))
    assert sdp is not None
    return ours(*codecs).answer(sdp)


def test_the_first_offered_codec_that_we_have_is_taken_with_the_callers_number_for_keys() -> None:
    text, agreed = answered(offer())
    assert agreed == Agreed(PEER, 0, 96, held=False)
    assert "m=audio 5004 RTP/AVP 0 96" in text
    assert "a=ptime:20" in text
    assert "c=IN IP4 198.51.100.7" in text
    assert answered(offer(), "PCMA")[1].payload_type == 8


def test_video_is_refused_and_sound_taken() -> None:
    text, agreed = answered(offer() + "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n")
    assert agreed.remote == PEER
    assert "m=video 0 RTP/AVP" in text


@pytest.mark.parametrize("extra", ["a=sendonly\r\n", "a=inactive\r\n"])
def test_a_call_is_held_by_its_direction(extra: str) -> None:
    assert answered(offer(extra=extra))[1].held


def test_a_call_is_held_by_the_zero_address_and_by_a_direction_for_all_media() -> None:
    agreed = answered(offer(address="0.0.0.0"))[1]
    assert (agreed.held, agreed.remote) == (True, None)
    assert answered(offer(media="a=sendonly\r\nm=audio 4000 RTP/AVP 8"))[1].held


@pytest.mark.parametrize(
    "text",
    [
        offer(media="m=audio 4000 RTP/AVP 18"), offer(media="m=audio 0 RTP/AVP 8"),
        offer(media="m=video 4000 RTP/AVP 8"),
        offer(media="m=audio 4000 RTP/SAVP 8"), offer(address="evil.example"), offer(address="224.1.1.1"),
        offer(address="2001:db8::1"),
        offer(media="m=audio 70000 RTP/AVP 8"), "v=0\r\n",
    ],
)  # fmt: skip
def test_what_cannot_be_heard_is_unacceptable(text: str) -> None:
    with pytest.raises(Unacceptable):
        answered(text)


def test_a_description_that_cannot_be_read_is_unacceptable() -> None:
    with pytest.raises(Unacceptable):
        described(message("v=x\r\n"))


def test_no_description_is_a_late_offer_and_another_body_is_none() -> None:
    assert described(message("")) is None
    assert described(message("hello", "text/plain")) is None


def test_a_description_among_other_parts_is_found() -> None:
    isup = "--b\r\nContent-Type: application/isup\r\n\r\nxx\r\n"
    body = f"{isup}--b\r\nContent-Type: application/sdp\r\n\r\n{offer()}\r\n--b--\r\n"
    sdp = described(message(body, 'multipart/mixed; boundary="b"'))
    assert sdp is not None
    assert sdp.rtp_address == PEER


def test_every_description_after_the_first_has_a_higher_version() -> None:
    side = ours()
    first, second = side.offer(), side.offer()
    assert "o=- 42 1 IN" in first
    assert "o=- 42 2 IN" in second
    assert "m=audio 5004 RTP/AVP 8 0 101" in first


def test_the_answer_to_our_offer_decides_what_we_send() -> None:
    sdp = described(message(offer(media="m=audio 4000 RTP/AVP 0 101")))
    assert sdp is not None
    assert ours().agreed(sdp).payload_type == 0
