"""The engine's environment for its tests: Rasa imported the way the launcher imports it."""

from __future__ import annotations

import pytest

from bot.engine.setup import prepare_rasa


@pytest.fixture(scope="session")
def rasa() -> None:
    """Rasa, lean and patched, is importable."""
    prepare_rasa()
