"""One-time codes: made, hashed, compared. No database here."""

import hashlib
import hmac
import secrets

DIGITS = 6


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def hash_code(code: str) -> str:
    """Return salt and hash. The code lives minutes and has five tries, so speed of the hash is no weakness."""
    salt = secrets.token_hex(16)
    return f"{salt}${_digest(salt, code)}"


def matches(code: str, code_hash: str) -> bool:
    """Whether the code is the hashed one, in constant time."""
    salt, _, digest = code_hash.partition("$")
    return hmac.compare_digest(_digest(salt, code), digest)


def _digest(salt: str, code: str) -> str:
    return hashlib.sha256(f"{salt}{code}".encode()).hexdigest()
