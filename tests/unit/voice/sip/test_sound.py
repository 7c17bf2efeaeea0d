import struct

import pytest

from integrations.voice.sip.sound import SILENCE, decode, encode


def test_silence_is_what_telephones_take_for_it() -> None:
    assert set(encode(8, SILENCE)) == {0xD5}
    assert set(encode(0, SILENCE)) == {0xFF}


@pytest.mark.parametrize("kind", [0, 8])
def test_a_sample_comes_back_with_its_sign(kind: int) -> None:
    for value in (-30000, -1000, -50, 50, 1000, 30000):
        (back,) = struct.unpack("<h", decode(kind, encode(kind, struct.pack("<h", value))))
        assert back == pytest.approx(value, rel=0.05, abs=16)


def test_a_law_has_the_sign_of_the_standard() -> None:
    assert encode(8, struct.pack("<2h", 1000, -1000)) == b"\xfa\x7a"
