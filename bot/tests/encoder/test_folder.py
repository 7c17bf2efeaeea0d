"""A folder is an encoder only if its files are those that its card names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.encoder.folder import CARD, NETWORK, TOKENIZER, BadFolder, opened, write_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / NETWORK).write_bytes(b"a network")
    (tmp_path / TOKENIZER).write_text("a tokenizer", "utf-8")
    write_card(tmp_path, 384, source="测试")
    return tmp_path


def test_a_described_folder_opens_with_what_its_card_says(folder: Path) -> None:
    found = opened(folder)
    assert (found.path, found.hidden, found.card["source"]) == (folder, 384, "测试")


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER])
def test_a_changed_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"another one")
    with pytest.raises(BadFolder, match=name):
        opened(folder)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, CARD])
def test_a_folder_without_one_of_its_files_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadFolder, match=name):
        opened(folder)


@pytest.mark.parametrize(
    "card",
    ["", "{", "[]", "null", "{}", '{"hidden": 384}', '{"hidden": 384, "sha256": {}}', '{"hidden": [], "sha256": 1}'],
)
def test_a_card_that_says_too_little_is_refused(folder: Path, card: str) -> None:
    (folder / CARD).write_text(card, "utf-8")
    with pytest.raises(BadFolder):
        opened(folder)


def test_a_wrong_hash_in_the_card_is_refused(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text("utf-8"))
    card["sha256"][NETWORK] = "0" * 64
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(BadFolder, match=NETWORK):
        opened(folder)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER])
def test_another_network_or_tokenizer_is_another_version(folder: Path, name: str) -> None:
    before = opened(folder).version
    (folder / name).write_bytes(b"another one")
    write_card(folder, 384)
    assert opened(folder).version != before


def test_what_else_the_card_says_makes_no_other_version(folder: Path) -> None:
    before = opened(folder).version
    write_card(folder, 384, source="told in other words")
    assert opened(folder).version == before
