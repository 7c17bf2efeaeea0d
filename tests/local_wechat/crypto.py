"""The platform's secure mode, written from its documents and not from our own code, so no mistake is made twice."""

import base64
import hashlib
import hmac
import secrets
import string
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
_LETTERS = string.ascii_letters + string.digits


class CryptoWrong(Exception):
    """What came back cannot be opened; `reason` says which check failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signature(*parts: str) -> str:
    """The platform's signature: SHA-1 over the sorted parts, in hexadecimal."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def nonce() -> str:
    """Ten random digits."""
    return "".join(secrets.choice(string.digits) for _ in range(10))


class Seal:
    """One key of an account: seals what goes out and opens what comes back.

    Args:
        token: the callback's token, for signatures.
        aes_key: the 43 characters of the platform's page.
        receiver: app id or corp id, the end of every sealed text.
    """

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self._token = token
        self._key = base64.b64decode(aes_key + "=")
        self._receiver = receiver.encode()

    def sign(self, timestamp: str, number: str, *encrypted: str) -> str:
        """The signature of a request or of an answer."""
        return signature(self._token, timestamp, number, *encrypted)

    def seal(self, content: bytes, receiver: str | None = None) -> str:
        """Encrypt; another `receiver` is for tests of who checks it."""
        end = self._receiver if receiver is None else receiver.encode()
        start = "".join(secrets.choice(_LETTERS) for _ in range(16)).encode()
        plain = start + struct.pack(">I", len(content)) + content + end
        padding = BLOCK - len(plain) % BLOCK
        plain += bytes([padding]) * padding
        work = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(work.update(plain) + work.finalize()).decode()

    def open(self, encrypted: str, claimed: str, timestamp: str, number: str) -> bytes:
        """Check the signature, decrypt, and return the content.

        Raises:
            CryptoWrong: it is not what this account sealed with this key.
        """
        if not hmac.compare_digest(claimed, self.sign(timestamp, number, encrypted)):
            raise CryptoWrong("signature")
        try:
            raw = base64.b64decode(encrypted, validate=True)
        except ValueError:
            raise CryptoWrong("base64") from None
        if not raw or len(raw) % 16:
            raise CryptoWrong("length")
        work = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
        return self._unpacked(work.update(raw) + work.finalize())

    def _unpacked(self, plain: bytes) -> bytes:
        padding = plain[-1]
        if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise CryptoWrong("padding")
        plain = plain[:-padding]
        if len(plain) < 20:
            raise CryptoWrong("length")
        (length,) = struct.unpack(">I", plain[16:20])
        content, end = plain[20 : 20 + length], plain[20 + length :]
        if len(content) != length:
            raise CryptoWrong("length")
        if end != self._receiver:
            raise CryptoWrong("receiver")
        return content
