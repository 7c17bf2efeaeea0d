"""The data folder: closed to others, and one running product at a time."""

import stat
from pathlib import Path

import pytest

from integrations.cli.data_folder import only_instance, prepare_data_folder
from integrations.cli.errors import CliError


def test_a_new_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    prepare_data_folder(tmp_path / "a" / "data")
    assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_a_second_product_on_the_same_data_is_refused_and_told_which_runs(tmp_path: Path) -> None:
    with only_instance(tmp_path), pytest.raises(CliError) as refused, only_instance(tmp_path):
        pass
    assert refused.value.code == "already_up"
    assert (tmp_path / "up.lock").read_text() in refused.value.what


def test_after_the_first_has_ended_the_next_may_run(tmp_path: Path) -> None:
    for _ in range(2):
        with only_instance(tmp_path):
            pass
