"""The signed and encrypted envelope around what the platform sends to us, and around our answers in the same request.

Plaintext: 16 random bytes, the content's length (4 bytes, big-endian), the content, the receiver's id; padded to a
multiple of 32 bytes (PKCS#7); AES-256-CBC with the first 16 bytes of the key as IV. Signature: SHA-1 over the sorted
parts.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from integrations.tencent.xml import BODY_LIMIT, build

_PAD_BYTES = 32
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4
_TIMESTAMP = re.compile(r"[0-9]{10}")
# The signed parts are joined without separators, so characters can move from one to its neighbour under the same
# signature. 128 characters of base64 are the fewest that can leave the ciphertext and keep it one; a nonce is shorter.
_NONCE = re.compile(r"[!-~]{1,64}")


class EnvelopeRefused(Exception):
    """Not from the platform, not for us, or not now.

    Attributes:
        reason: ``signature``, ``timestamp``, ``nonce``, ``size``, ``base64``, ``block``, ``padding``, ``length`` or
            ``receiver``; for the log, never for the answer.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Opened:
    """What was in an envelope, and the key (as configured) that opened it: the answer goes out with the same."""

    content: bytes = field(repr=False)
    key: str = field(repr=False)


class Envelope:
    """One account's envelope.

    Args:
        token: the callback's token; signs.
        aes_keys: the present key (43 characters), then the one before while keys are changed.
        receiver: whom everything is addressed to and comes from: the app id or the corporation's id.
        replay_window: in seconds; a timestamp that is further from now, in either direction, is refused.
        now: seconds since 1970.

    Raises:
        ValueError: a key is none.
    """

    def __init__(
        self, token: str, aes_keys: Sequence[str], receiver: str, *, replay_window: int, now: Callable[[], float]
    ) -> None:
        self._token = token
        self._keys = {key: _key_bytes(key) for key in aes_keys}
        self._receiver = receiver.encode()
        self._replay_window = replay_window
        self._now = now

    def check_signature(self, signature: str, timestamp: str, nonce: str) -> None:
        """The plain signature, over token, timestamp and nonce; it says nothing about a body.

        Raises:
            EnvelopeRefused: ``signature``, ``timestamp`` or ``nonce``.
        """
        self._check(signature, timestamp, nonce)

    def open(self, *, signature: str, timestamp: str, nonce: str, encrypted: str) -> Opened:
        """Check and decrypt.

        Args:
            signature: ``msg_signature``, which covers ``encrypted``.
            encrypted: the ``Encrypt`` element, or WeCom's ``echostr``.

        Raises:
            EnvelopeRefused: for any reason; nothing was decrypted unless the signature held.
        """
        if len(encrypted) > BODY_LIMIT:
            raise EnvelopeRefused("size")
        self._check(signature, timestamp, nonce, encrypted)
        ciphertext = _decoded(encrypted)
        first: EnvelopeRefused | None = None
        for name, key in self._keys.items():
            try:
                return Opened(self._content(_decrypted(key, ciphertext)), name)
            except EnvelopeRefused as refused:
                first = first or refused
        raise first or EnvelopeRefused("receiver")

    def seal(self, content: str, *, key: str, nonce: str, timestamp: str | None = None) -> str:
        """The XML of an encrypted answer.

        Args:
            key: ``Opened.key`` of the request that is answered.
            timestamp: seconds since 1970; now, where none is given.

        Raises:
            KeyError: ``key`` is not one of this envelope's.
        """
        body = content.encode()
        plain = b"".join(
            (secrets.token_bytes(_RANDOM_BYTES), len(body).to_bytes(_LENGTH_BYTES, "big"), body, self._receiver)
        )
        padder = PKCS7(_PAD_BYTES * 8).padder()
        encryptor = _cipher(self._keys[key]).encryptor()
        padded = padder.update(plain) + padder.finalize()
        encrypted = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")
        stamp = timestamp if timestamp is not None else str(int(self._now()))
        signature = self._signature(stamp, nonce, encrypted)
        return build({"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": int(stamp), "Nonce": nonce})

    def _check(self, signature: str, timestamp: str, nonce: str, *signed: str) -> None:
        if not _TIMESTAMP.fullmatch(timestamp):
            raise EnvelopeRefused("timestamp")
        if not _NONCE.fullmatch(nonce):
            raise EnvelopeRefused("nonce")
        expected = self._signature(timestamp, nonce, *signed)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise EnvelopeRefused("signature")
        # Last, so that this reason in the log means a clock that is wrong, or somebody who repeats an old request.
        if abs(self._now() - int(timestamp)) > self._replay_window:
            raise EnvelopeRefused("timestamp")

    def _signature(self, *parts: str) -> str:
        joined = "".join(sorted((self._token, *parts))).encode(errors="replace")
        return hashlib.sha1(joined, usedforsecurity=False).hexdigest()  # the platform's choice

    def _content(self, plain: bytes) -> bytes:
        start = _RANDOM_BYTES + _LENGTH_BYTES
        if len(plain) < start:
            raise EnvelopeRefused("length")
        end = start + int.from_bytes(plain[_RANDOM_BYTES:start], "big")
        if end > len(plain):
            raise EnvelopeRefused("length")
        if not hmac.compare_digest(plain[end:], self._receiver):
            raise EnvelopeRefused("receiver")
        return plain[start:end]


def _key_bytes(key: str) -> bytes:
    try:
        raw = base64.b64decode(key + "=", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError("an AES key of the platform has 43 characters of base64")
    return raw


def _decoded(encrypted: str) -> bytes:
    try:
        raw = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise EnvelopeRefused("base64") from None
    if base64.b64encode(raw).decode("ascii") != encrypted:  # one spelling only: no stray bits behind the last byte
        raise EnvelopeRefused("base64")
    if not raw or len(raw) % _PAD_BYTES:
        raise EnvelopeRefused("block")
    return raw


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _decrypted(key: bytes, ciphertext: bytes) -> bytes:
    decryptor = _cipher(key).decryptor()
    unpadder = PKCS7(_PAD_BYTES * 8).unpadder()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise EnvelopeRefused("padding") from None
