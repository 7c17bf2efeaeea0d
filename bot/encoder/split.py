"""Which messages only measure: neither the encoder's tuning nor the models whose trust is measured learn from them."""

from __future__ import annotations

import zlib

HELD_OUT = 12
"""One text in so many."""


def is_held_out(text: str) -> bool:
    """Whether a normalised message is one of them: by its checksum, so that it stays one when others come and go.

    What a recogniser heard goes with what was said.
    """
    return zlib.crc32(text.lower().encode()) % HELD_OUT == 0
