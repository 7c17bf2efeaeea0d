"""The envelope: agrees with an independent implementation, and opens nothing that was touched."""

import base64
import hmac
import random
import string
from collections.abc import Callable

import pytest
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]  # it has no types

from integrations.tencent import envelope as module
from integrations.tencent import xml
from integrations.tencent.envelope import EnvelopeRefused
from tests.unit.tencent.forging import (
    APP,
    KEY,
    NONCE,
    NOW,
    OLD_KEY,
    STAMP,
    TOKEN,
    encrypt,
    make,
    pad,
    plain,
    reason_of,
    replaced,
    sign,
)  # fmt: skip

PIECES = [
    *"春眠不觉晓处处闻啼鸟漏水",
    "👨‍👩‍👧‍👦",
    "🚰",
    "𠮷",
    "]]>",
    "<![CDATA[",
    "<xml>",
    "&amp;",
    *string.printable,
    "\x00",
    "\x1f",
    "é",
]


def test_it_agrees_with_an_independent_implementation_on_10_000_messages_both_ways() -> None:
    chance = random.Random(5)
    ours, theirs = make(), WeChatCrypto(TOKEN, KEY, APP)
    for _ in range(10_000):
        text = "".join(chance.choices(PIECES, k=chance.randrange(1200)))
        text = text.encode()[: chance.randrange(4097)].decode(errors="ignore")
        nonce = str(chance.randrange(10**9, 10**10))

        sealed = ours.seal(text, key=KEY, nonce=nonce, timestamp=STAMP)
        fields = xml.parse(sealed.encode())
        assert theirs.decrypt_message(sealed, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"]) == text

        theirs_sealed = xml.parse(theirs.encrypt_message(text, nonce, STAMP).encode())
        opened = ours.open(
            signature=theirs_sealed["MsgSignature"],
            timestamp=theirs_sealed["TimeStamp"],
            nonce=theirs_sealed["Nonce"],
            encrypted=theirs_sealed["Encrypt"],
        )
        assert opened.content.decode() == text


@pytest.mark.parametrize("length", [*range(70), 4096, 40_000])
def test_every_length_comes_back(length: int) -> None:
    content = "x" * length
    fields = xml.parse(make().seal(content, key=KEY, nonce=NONCE).encode())
    opened = make().open(
        signature=fields["MsgSignature"], timestamp=fields["TimeStamp"], nonce=NONCE, encrypted=fields["Encrypt"]
    )
    assert opened.content.decode() == content


@pytest.mark.parametrize("part", ["signature", "timestamp", "nonce", "encrypted"])
def test_a_change_of_any_character_of_what_is_signed_is_refused(part: str) -> None:
    encrypted = encrypt(pad(plain("<xml>中文</xml>".encode())))
    good = {
        "signature": sign(STAMP, NONCE, encrypted),
        "timestamp": STAMP,
        "nonce": NONCE,
        "encrypted": encrypted,
    }
    assert make().open(**good).content.decode() == "<xml>中文</xml>"
    changes = [changed for changed in replaced(good[part]) if changed != good[part]]
    assert len(changes) > 30
    for changed in changes:
        with pytest.raises(EnvelopeRefused) as refused:
            make().open(**(good | {part: changed}))
        assert refused.value.reason in {"signature", "timestamp", "nonce"}


@pytest.mark.parametrize("part", ["signature", "timestamp", "nonce"])
def test_a_change_of_any_character_of_the_plain_check_is_refused(part: str) -> None:
    good = {"signature": sign(STAMP, NONCE), "timestamp": STAMP, "nonce": NONCE}
    make().check_signature(**good)
    for changed in replaced(good[part]):
        if changed != good[part]:
            with pytest.raises(EnvelopeRefused):
                make().check_signature(**(good | {part: changed}))


@pytest.mark.parametrize("odd", ["ü" * 40, "\ud800", "\0", "１２３４５６７８９０"])
def test_characters_that_nobody_sends_are_refused_and_break_nothing(odd: str) -> None:
    for part in ("signature", "timestamp", "nonce", "encrypted"):
        values = {"signature": sign(STAMP, NONCE), "timestamp": STAMP, "nonce": NONCE, "encrypted": "AAAA"} | {
            part: odd
        }
        with pytest.raises(EnvelopeRefused):
            make().open(**values)


def test_another_token_is_refused() -> None:
    encrypted = encrypt(pad(plain(b"hello")))
    assert reason_of(make(token="another"), encrypted) == "signature"


def test_every_bit_of_the_ciphertext_counts_even_under_a_signature_that_holds() -> None:
    """In an empty message; a bit of a content is CBC's to garble, and the signature's to protect."""
    data = pad(plain(b""))
    ciphertext = bytearray(base64.b64decode(encrypt(data)))
    outcomes = set()
    for bit in range(len(ciphertext) * 8):
        changed = bytearray(ciphertext)
        changed[bit // 8] ^= 1 << bit % 8
        outcomes.add(reason_of(make(), base64.b64encode(changed).decode()))
    assert outcomes <= {"padding", "length", "receiver"}


@pytest.mark.parametrize(
    ("padded", "reason"),
    [
        (plain(b"x" * 26), "padding"),
        (plain(b"x" * 26)[:-1] + b"\x00", "padding"),
        (pad(plain(b"hello"))[:-1] + b"\x00", "padding"),
        (pad(plain(b"hello"))[:-1] + b"\x21", "padding"),
        (pad(plain(b"hello"))[:-1] + b"\xff", "padding"),
        (pad(plain(b"hello"))[:-2] + b"\x00\x15", "padding"),
        (pad(plain(b"x" * 26)) + b"\x20" * 31 + b"\x21", "padding"),
        (pad(plain(b"x" * 25), 33), "padding"),
        (b"\x20" * 32, "length"),
        (pad(b"short"), "length"),
        (pad(plain(b"hello", length=6)), "receiver"),
        (pad(plain(b"hello", length=4)), "receiver"),
        (pad(plain(b"hello", length=0)), "receiver"),
        (pad(plain(b"hello", length=5 + len(APP))), "receiver"),
        (pad(plain(b"hello", length=5 + len(APP) + 1)), "length"),
        (pad(plain(b"hello", length=2**31)), "length"),
        (pad(plain(b"hello", length=2**32 - 1)), "length"),
        (pad(plain(b"hello") + b"!"), "receiver"),
        (pad(plain(b"hello") + b"\x00"), "receiver"),
        (pad(plain(b"hello", receiver=b"wx2c2769f8efd9abc3")), "receiver"),
        (pad(plain(b"hello", receiver=b"")), "receiver"),
        (pad(plain(b"hello", receiver=APP.upper().encode())), "receiver"),
        (pad(plain(b"hello", receiver=APP[:-1].encode())), "receiver"),
    ],
)
def test_what_is_wrong_inside_is_refused_although_the_signature_holds(padded: bytes, reason: str) -> None:
    assert len(padded) % 32 == 0
    assert reason_of(make(), encrypt(padded)) == reason


def test_every_change_of_the_receiver_is_refused() -> None:
    for changed in replaced(APP):
        if changed != APP:
            assert reason_of(make(), encrypt(pad(plain(b"hello", receiver=changed.encode())))) == "receiver"


@pytest.mark.parametrize(
    ("spell", "reason"),
    [
        (lambda good: good[:-1], "base64"),
        (lambda good: good + "=", "base64"),
        (lambda good: good + "A", "base64"),
        (lambda good: good + "AAAA", "block"),
        (lambda good: good[:20] + "\n" + good[20:], "base64"),
        (lambda good: good[:20] + " " + good[20:], "base64"),
        (lambda good: good.replace(good[3], "-", 1), "base64"),
        (lambda good: good.replace(good[3], "_", 1), "base64"),
        (lambda good: good.replace(good[3], "，", 1), "base64"),
        (lambda good: "====" + good, "base64"),
        (lambda good: "", "block"),
        (lambda good: "AAAA", "block"),
        (lambda good: base64.b64encode(base64.b64decode(good)[:-16]).decode(), "block"),
        (lambda good: base64.b64encode(base64.b64decode(good)[:16]).decode(), "block"),
        (lambda good: base64.b64encode(base64.b64decode(good)[:-1]).decode(), "block"),
        (lambda good: base64.b64encode(base64.b64decode(good)[:-32]).decode(), "padding"),
        (lambda good: "A" * (xml.BODY_LIMIT + 4), "size"),
    ],
)
def test_what_is_no_ciphertext_is_refused_although_the_signature_holds(
    spell: Callable[[str], str], reason: str
) -> None:
    assert reason_of(make(), spell(encrypt(pad(plain(b"x" * 50))))) == reason


def test_base64_with_stray_bits_behind_its_last_byte_is_refused() -> None:
    good = encrypt(pad(plain(b"hello")))
    assert good.endswith("=")
    last = good.rstrip("=")[-1]
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    other = alphabet[alphabet.index(last) + 1]
    stray = good.replace(last + "=", other + "=")
    assert base64.b64decode(stray, validate=True) == base64.b64decode(good)
    assert reason_of(make(), stray) == "base64"


def test_characters_cannot_move_between_the_signed_parts() -> None:
    """They are signed without separators, so the signature alone would allow it.

    The content holds a second message that begins where the ciphertext may be cut: 96 bytes, 128 characters.
    """
    inside = b"0123456789abcdef" + (5).to_bytes(4, "big") + b"inner"
    nonce = "9320562132"
    for filler in string.ascii_letters:
        encrypted = encrypt(pad(plain(filler.encode() * 76 + inside)))
        signature = sign(STAMP, nonce, encrypted)
        if signature == sign(STAMP, nonce + encrypted[:128], encrypted[128:]):
            break
    else:
        raise AssertionError("no ciphertext sorts behind the nonce")
    rest = encrypted[128:]
    inner = make().open(signature=sign(STAMP, nonce, rest), timestamp=STAMP, nonce=nonce, encrypted=rest)
    assert inner.content == b"inner"
    whole = nonce + encrypted
    for cut in range(len(whole)):
        if cut != len(nonce):
            with pytest.raises(EnvelopeRefused):
                make().open(signature=signature, timestamp=STAMP, nonce=whole[:cut], encrypted=whole[cut:])


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_a_clock_may_differ_by_the_replay_window(seconds: int) -> None:
    make(now=NOW + seconds).check_signature(sign(STAMP, NONCE), STAMP, NONCE)


@pytest.mark.parametrize("seconds", [-(10**6), -301, 301, 10**6])
def test_a_request_outside_of_the_replay_window_is_refused(seconds: int) -> None:
    with pytest.raises(EnvelopeRefused, match="timestamp"):
        make(now=NOW + seconds).check_signature(sign(STAMP, NONCE), STAMP, NONCE)
    encrypted = encrypt(pad(plain(b"hello")))
    assert reason_of(make(now=NOW + seconds), encrypted) == "timestamp"


def test_a_message_under_the_previous_key_opens_and_its_answer_is_sealed_with_that_key() -> None:
    envelope = make(keys=[KEY, OLD_KEY])
    for key in (KEY, OLD_KEY):
        encrypted = encrypt(pad(plain(b"hello")), key)
        opened = envelope.open(
            signature=sign(STAMP, NONCE, encrypted), timestamp=STAMP, nonce=NONCE, encrypted=encrypted
        )
        assert (opened.content, opened.key) == (b"hello", key)
        answer = envelope.seal("answer", key=opened.key, nonce=NONCE)
        fields = xml.parse(answer.encode())
        theirs = WeChatCrypto(TOKEN, key, APP)
        assert theirs.decrypt_message(answer, fields["MsgSignature"], STAMP, NONCE) == "answer"


def test_a_key_that_is_no_longer_configured_opens_nothing() -> None:
    encrypted = encrypt(pad(plain(b"hello")), OLD_KEY)
    assert reason_of(make(), encrypted) in {"padding", "length", "receiver"}
    with pytest.raises(KeyError):
        make().seal("answer", key=OLD_KEY, nonce=NONCE)


@pytest.mark.parametrize("key", ["", "short", KEY + "A", KEY[:-1] + "!"])
def test_what_is_no_key_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        make(keys=[key])


def test_signatures_and_receivers_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return hmac.compare_digest(a, b)

    encrypted = encrypt(pad(plain(b"hello")))
    signature = sign(STAMP, NONCE, encrypted)
    fake = type("Hmac", (), {"compare_digest": staticmethod(compare)})
    monkeypatch.setattr(module, "hmac", fake)
    make().open(signature=signature, timestamp=STAMP, nonce=NONCE, encrypted=encrypted)
    assert compared == [(signature.encode(), signature.encode()), (APP.encode(), APP.encode())]


def test_what_was_opened_shows_neither_content_nor_key() -> None:
    encrypted = encrypt(pad(plain(b"hello")))
    opened = make().open(signature=sign(STAMP, NONCE, encrypted), timestamp=STAMP, nonce=NONCE, encrypted=encrypted)
    assert repr(opened) == "Opened()"
