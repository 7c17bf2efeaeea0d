"""The words of the two protocols, and what is kept between two requests of a dialplan."""

import asyncio
from uuid import uuid4

import pytest

from integrations.voice.asterisk import control, frames
from integrations.voice.asterisk.announced import KEPT_SECONDS, Announced, Announcements
from integrations.voice.asterisk.frames import Frame, Kind, Wideband
from integrations.voice.asterisk.onward import Onward
from integrations.voice.taking import number
from tests.support.asterisk import loud_seconds, tone

PLAIN = "MEDIA_START connection_id:e226 channel:WebSocket/guanjia/0x51 format:alaw optimal_frame_size:160"
JSON = '{"event": "MEDIA_START", "channel": "WebSocket/guanjia", "format": "alaw", "optimal_frame_size": 160}'


@pytest.mark.parametrize(("text", "is_json"), [(PLAIN, False), (JSON, True)])
def test_the_first_message_tells_the_format_and_the_spelling(text: str, is_json: bool) -> None:
    event = control.read(text)
    assert event is not None
    assert (event.name, event.is_json) == ("MEDIA_START", is_json)
    media = control.format_of(event)
    assert media is not None
    assert (media.coding, media.size) == (control.CODINGS["alaw"], 160)


@pytest.mark.parametrize("name", ["slin16", "opus", "", "h264"])
def test_a_format_that_no_telephone_has_is_refused(name: str) -> None:
    event = control.read(f"MEDIA_START connection_id:e226 format:{name} optimal_frame_size:640")
    assert event is not None
    assert control.format_of(event) is None


@pytest.mark.parametrize("size", ["", "0", "-1", "x", "99999999"])
def test_a_frame_size_that_makes_no_sense_is_the_usual_one(size: str) -> None:
    event = control.read(f"MEDIA_START format:ulaw optimal_frame_size:{size}")
    assert event is not None
    media = control.format_of(event)
    assert media is not None
    assert media.size == 160


@pytest.mark.parametrize("text", ["{", "[]", '{"command": "ANSWER"}', '{"event": 5}'])
def test_what_is_no_event_is_none(text: str) -> None:
    event = control.read(text)
    assert event is None or event.name != "MEDIA_START"


def test_a_mark_comes_back_in_both_spellings() -> None:
    plain = control.read("MEDIA_MARK_PROCESSED abc")
    spelled = control.read('{"event": "MEDIA_MARK_PROCESSED", "correlation_id": "abc"}')
    assert plain is not None
    assert spelled is not None
    assert plain.values["correlation_id"] == spelled.values["correlation_id"] == "abc"
    assert control.write("MARK_MEDIA", "abc", is_json=False) == "MARK_MEDIA abc"
    assert control.write("ANSWER", is_json=True) == '{"command": "ANSWER"}'


def test_the_codings_are_those_of_the_recommendation() -> None:
    """Values of ITU-T G.711: silence, and the loudest samples."""
    ulaw, alaw = control.CODINGS["ulaw"], control.CODINGS["alaw"]
    assert (ulaw.encode(b"\0\0"), alaw.encode(b"\0\0")) == (b"\xff", b"\xd5")
    assert int.from_bytes(ulaw.decode(b"\x80"), "little", signed=True) == 32124
    assert int.from_bytes(alaw.decode(b"\xaa"), "little", signed=True) == 32256
    assert control.CODINGS["slin"].decode(b"\1\2\3") == b"\1\2"


@pytest.mark.parametrize("text", [None, "", "anonymous", "1", "13800138000; drop", "+" + "1" * 21, "１３８"])
def test_what_is_no_number_is_a_hidden_one(text: str | None) -> None:
    assert number(text) is None


@pytest.mark.parametrize("text", ["13800138000", "+8613800138000", "8001"])
def test_a_number_stays_as_it_is(text: str) -> None:
    assert number(text) == text


async def read_all(data: bytes) -> list[Frame]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while (frame := await frames.read(reader)) is not None:
        found.append(frame)
    return found


async def test_frames_are_read_one_after_the_other_and_a_torn_one_is_the_end() -> None:
    sent = [Frame(Kind.UUID, bytes(16)), Frame(Kind.SOUND_8K, b"\1" * 320), Frame(Kind.HANG_UP)]
    assert await read_all(b"".join(map(bytes, sent))) == sent
    assert await read_all(bytes(sent[0]) + bytes(sent[1])[:-1]) == sent[:1]
    assert await read_all(b"\x10\x01") == []


def test_wide_sound_becomes_telephone_sound_and_back_without_losing_time() -> None:
    wideband = Wideband()
    wide = tone(1.0, rate=16_000)
    narrow = b"".join(wideband.narrowed(wide[at : at + 640]) for at in range(0, len(wide), 640))
    assert loud_seconds(narrow) == pytest.approx(1.0, abs=0.05)
    back = b"".join(wideband.widened(narrow[at : at + 320]) for at in range(0, len(narrow), 320))
    assert len(back) / 32_000 == pytest.approx(1.0, abs=0.05)


def test_wide_sound_above_the_telephone_band_does_not_come_back_as_another_tone() -> None:
    narrow = Wideband().narrowed(tone(0.5, hertz=6_000, rate=16_000))
    assert loud_seconds(narrow[640:]) == 0.0


def test_an_announced_caller_is_known_once_and_for_a_minute() -> None:
    now = [0.0]
    announcements = Announcements(lambda: now[0])
    first, second = uuid4(), uuid4()
    call = Announced("13800138000", "95001", goes_on=True)
    announcements.expect(first, call)
    announcements.expect(second, call)
    assert announcements.take(first) == call
    assert announcements.take(first) == Announced()
    now[0] = KEPT_SECONDS + 1
    assert announcements.take(second) == Announced()


def test_the_dialplan_reads_where_to_go_on_once() -> None:
    now = [0.0]
    onward = Onward(lambda: now[0])
    fetched = onward.publish("call.1", "8001", {"X-Guanjia-Call": "A&B"})
    assert onward.take("call.2") == ""
    assert onward.take("call.1") == "target=8001&X-Guanjia-Call=A%26B"
    assert fetched.is_set()
    assert onward.take("call.1") == ""
    onward.publish("call.3", "8001", {})
    now[0] = KEPT_SECONDS + 1
    assert onward.take("call.3") == ""
