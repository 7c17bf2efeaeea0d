"""Passwords of the desk, hashed with argon2id. Hashing takes tens of milliseconds on purpose, so it leaves the loop."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
# OWASP's recommendation for argon2id (19 MiB, two passes, one lane): the library's own takes 64 MiB and four lanes, too
# much beside everything else on a machine with two cores.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


async def hash_password(password: str) -> str:
    """Return the hash to keep."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; without a hash (unknown user) it takes as long and is False."""
    return await asyncio.to_thread(_verify, password_hash or _nobody(), password) and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
