"""What phones record becomes what recognisers read; what is no sound is refused."""

import random
from pathlib import Path

import pytest

from integrations.voice.amr import LIMIT_BYTES, VoiceUnreadable, convert, to_wav
from tests.unit.voice.sounds import AMR_HEADER, SAMPLES, TONE, heard, long_amr, made, picture_file, sample


def _is_the_tone(wav: bytes) -> None:
    channels, bits, rate, seconds, tone = heard(wav)
    assert (channels, bits, rate) == (1, 16, 16_000)
    assert seconds == pytest.approx(1.0, abs=0.06)
    assert tone == pytest.approx(TONE, abs=6)


@pytest.mark.parametrize("name", ["tone.amr", "tone-wb.amr", "tone.spx"])
async def test_what_wechat_records_is_heard(name: str) -> None:
    _is_the_tone(await to_wav(sample(name)))


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("ogg", "libopus", 48_000),
        ("ipod", "aac", 44_100),
        ("wav", "pcm_s16le", 16_000),
        ("wav", "pcm_s16le", 8_000),
        ("webm", "libopus", 48_000),
    ],
)
def test_what_other_phones_record_is_heard(container: str, codec: str, rate: int) -> None:
    _is_the_tone(convert(made(container, codec, rate)))


def test_what_is_longer_than_the_limit_is_cut() -> None:
    assert heard(convert(long_amr(5), limit_seconds=2))[3] == pytest.approx(2.0, abs=0.05)


def test_a_whole_minute_is_heard_whole() -> None:
    assert heard(convert(long_amr(60)))[3] == pytest.approx(60.0, abs=0.05)


def test_a_broken_piece_does_not_lose_the_rest() -> None:
    whole = bytearray(long_amr(3))
    whole[1_600:1_632] = random.Random(5).randbytes(32)
    assert heard(convert(bytes(whole)))[3] > 2


def test_a_message_that_breaks_off_is_heard_up_to_there() -> None:
    assert heard(convert(long_amr(2)[:-17]))[3] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        "家里漏水了".encode(),
        AMR_HEADER,
        sample("tone.amr")[:60],
        random.Random(1).randbytes(4_000),
        sample("tone.spx")[:300],
        b"\x89PNG\r\n\x1a\n" + bytes(200),
    ],
    ids=["nothing", "text", "chinese", "only a header", "two frames", "noise", "cut header", "picture"],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(VoiceUnreadable):
        convert(data)


def test_a_film_is_refused() -> None:
    with pytest.raises(VoiceUnreadable, match="no_sound"):
        convert(picture_file())


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(VoiceUnreadable, match="too_large"):
        convert(AMR_HEADER + bytes(LIMIT_BYTES))


@pytest.mark.parametrize("codec", ["pcm_f64le", "pcm_s24be"])
def test_a_codec_that_no_phone_uses_is_refused(codec: str) -> None:
    with pytest.raises(VoiceUnreadable, match="codec"):
        convert(made("mov", codec))


def test_a_rate_that_would_blow_it_up_is_refused() -> None:
    slow = bytearray(made("wav", "pcm_s16le", 8_000))
    at = slow.index(b"fmt ") + 12
    slow[at : at + 4] = (1).to_bytes(4, "little")
    with pytest.raises(VoiceUnreadable, match="rate"):
        convert(bytes(slow))


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{file}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {file}\n",
        "[playlist]\nFile1={file}\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>file://{file}</BaseURL></AdaptationSet></Period></MPD>',
    ],
    ids=["hls", "concat", "pls", "dash"],
)
def test_a_playlist_cannot_make_the_server_read_its_own_files(playlist: str) -> None:
    file: Path = SAMPLES / "tone.amr"
    with pytest.raises(VoiceUnreadable):
        convert(playlist.format(file=file.resolve()).encode())
