"""The engine's environment for its tests: Rasa imported the way the launcher imports it; a tiny encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.engine.setup import prepare_rasa


@pytest.fixture(scope="session")
def rasa() -> None:
    """Rasa, lean and patched, is importable."""
    prepare_rasa()


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an encoder that the workshop made of a tiny file of weights."""
    from bot.encoder.workshop.__main__ import main
    from bot.tests.encoder import tiny

    made = tmp_path_factory.mktemp("encoder")
    assert main(["frozen", "--out", str(made), "--weights", str(tiny.write(made / "weights.bin"))]) == 0
    return made
