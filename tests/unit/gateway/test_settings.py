"""Secrets: generated once with tight permissions, refused when weak."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from integrations.gateway.settings import Settings, generated_secret


def test_a_generated_secret_is_kept_readable_by_its_owner_only(tmp_path: Path) -> None:
    secret = generated_secret(tmp_path / "data" / "secret")
    assert len(secret) >= 32
    assert generated_secret(tmp_path / "data" / "secret") == secret
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="32"):
        Settings(_env_file=None, action_secret=SecretStr("short"))  # type: ignore[call-arg]


def test_without_a_database_url_the_embedded_database_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path / 'guanjia.db'}"
