"""Envelopes made by hand, so that anything in them can be wrong."""

import base64
import hashlib
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.tencent.envelope import Envelope, EnvelopeRefused

TOKEN = "spamtest3"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
APP = "wx2c2769f8efd9abc2"
NOW = 1_795_230_000
STAMP = str(NOW)
NONCE = "1320562132"


def make(keys: Sequence[str] = (KEY,), receiver: str = APP, now: float = NOW, token: str = TOKEN) -> Envelope:
    return Envelope(token, keys, receiver, replay_window=300, now=lambda: now)


def sign(*parts: str, token: str = TOKEN) -> str:
    return hashlib.sha1("".join(sorted([token, *parts])).encode()).hexdigest()


def encrypt(padded: bytes, key: str = KEY) -> str:
    raw = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def plain(content: bytes, receiver: bytes = APP.encode(), length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return b"0123456789abcdef" + size.to_bytes(4, "big") + content + receiver


def pad(data: bytes, count: int | None = None) -> bytes:
    missing = 32 - len(data) % 32 if count is None else count
    return data + bytes([missing]) * missing


def reason_of(envelope: Envelope, encrypted: str, signature: str | None = None) -> str:
    """Open with a signature that holds, unless one is given, and tell why it was refused."""
    signed = sign(STAMP, NONCE, encrypted) if signature is None else signature
    with pytest.raises(EnvelopeRefused) as refused:
        envelope.open(signature=signed, timestamp=STAMP, nonce=NONCE, encrypted=encrypted)
    return refused.value.reason


def replaced(text: str) -> list[str]:
    """`text` with each of its characters changed, left out, and doubled, and cut at each end."""
    one_changed = [text[:i] + other + text[i + 1 :] for i in range(len(text)) for other in "0aZ+" if other != text[i]]
    one_less = [text[:i] + text[i + 1 :] for i in range(len(text))]
    return [
        *one_changed,
        *one_less,
        text + text[-1:],
        text[:-4],
        text[4:],
        text.swapcase(),
        "",
        text + "\n",
        " " + text,
    ]
