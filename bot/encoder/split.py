"""Which messages only measure: neither the encoder's tuning nor the models whose trust is measured learn from them."""

from __future__ import annotations

import zlib
from typing import Any

HELD_OUT = 12
"""One text in so many."""
SAID = "said"
"""The key in an example's metadata with the message that was spoken, where the text is what a recogniser heard."""


def is_held_out(text: str) -> bool:
    """Whether a normalised message is one of them: by its checksum, so that it stays one when others come and go.

    What a recogniser heard goes with what was said.
    """
    return zlib.crc32(text.lower().encode()) % HELD_OUT == 0


def said_of(message: Any) -> str | None:
    """What was spoken, where a training message (Rasa's) is what a recogniser heard of it."""
    said: str | None = ((message.get("metadata") or {}).get("example") or {}).get(SAID)
    return said
