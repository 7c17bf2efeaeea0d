"""Spoken clauses on disk."""

import os
from pathlib import Path

from integrations.speech.store import Store


def key(text: str) -> str:
    return Store.key("female", text, 1.0, 8000)


def test_what_was_spoken_is_found_again_by_the_next_process(tmp_path: Path) -> None:
    Store(tmp_path / "spoken", 1000).put(key("您好"), b"ab")
    assert Store(tmp_path / "spoken", 1000).get(key("您好")) == b"ab"


def test_voice_text_speed_and_rate_make_the_key() -> None:
    keys = {
        Store.key("female", "您好", 1.0, 8000),
        Store.key("male", "您好", 1.0, 8000),
        Store.key("female", "你好", 1.0, 8000),
        Store.key("female", "您好", 1.1, 8000),
        Store.key("female", "您好", 1.0, 24000),
    }
    assert len(keys) == 5


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, 250)
    store.put(key("一"), bytes(100))
    store.put(key("二"), bytes(100))
    assert store.get(key("一")) is not None
    store.put(key("三"), bytes(100))
    assert [store.get(key(text)) is not None for text in "一二三"] == [True, False, True]
    assert store.total_bytes == 200 == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_a_smaller_limit_holds_from_the_next_start_on(tmp_path: Path) -> None:
    store = Store(tmp_path, 1000)
    for number, text in enumerate("一二三"):
        store.put(key(text), bytes(100))
        os.utime(tmp_path / f"{key(text)}.pcm", (number, number))
    smaller = Store(tmp_path, 150)
    assert [text for text in "一二三" if key(text) in smaller] == ["三"]


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, 10)
    store.put(key("一"), bytes(100))
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_it_or_see_what_was_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "spoken", 1000)
    store.put(key("您家欠费一百元"), b"ab")
    (file,) = (tmp_path / "spoken").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "spoken").stat().st_mode & 0o077 == 0
    assert "欠费" not in file.name


def test_files_that_somebody_removed_are_spoken_anew(tmp_path: Path) -> None:
    store = Store(tmp_path, 1000)
    store.put(key("一"), bytes(100))
    (tmp_path / f"{key('一')}.pcm").unlink()
    assert store.get(key("一")) is None
    assert store.total_bytes == 0


def test_what_a_killed_process_left_half_written_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "x.1.partial").write_bytes(b"half")
    Store(tmp_path, 1000)
    assert list(tmp_path.iterdir()) == []
