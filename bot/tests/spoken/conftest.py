"""What the tests of the spoken messages share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.spoken.plan import messages as messages_in

_DATA = Path(__file__).resolve().parents[3] / "nlu_data"


@pytest.fixture(scope="session")
def messages() -> list[str]:
    """The texts of all training messages."""
    return [message.text for message in messages_in(_DATA)]
