"""A child's output: all of it in the file, errors on the terminal."""

from pathlib import Path

import pytest

from integrations.cli import service_log
from integrations.cli.service_log import ServiceLog


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21T02:00:00.000000Z [error    ] request.failed                 error=KeyError",
        "2026-11-21 10:00:00,123 error rasa.core.processor run:120 ValueError",
        '{"event": "request.failed", "level": "error"}',
        "ERROR:    Exception in ASGI application",
    ],
)
def test_an_error_line_is_shown(line: str, tmp_path: Path) -> None:
    shown: list[str] = []
    log = ServiceLog(tmp_path / "x.log", shown.append)
    log.feed(f"{line}\n".encode())
    log.close()
    assert shown == [line]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21T02:00:00.000000Z [info     ] request.invalid      fields=['error']",
        "2026-11-21 10:00:00,123 warning rasa.shared error:1",
        '{"event": "no error", "level": "info"}',
    ],
)
def test_any_other_line_only_goes_to_the_file(line: str, tmp_path: Path) -> None:
    shown: list[str] = []
    log = ServiceLog(tmp_path / "x.log", shown.append)
    log.feed(f"{line}\n".encode())
    log.close()
    assert shown == []
    assert (tmp_path / "x.log").read_text(encoding="utf-8") == f"{line}\n"


def test_pieces_become_lines_even_inside_a_character(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "x.log", print)
    output = "水龙头漏水\n第二行".encode()
    for position in range(len(output)):
        log.feed(output[position : position + 1])
    log.close()
    assert (tmp_path / "x.log").read_text(encoding="utf-8") == "水龙头漏水\n第二行\n"


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "x.log", print)
    for _ in range(20):
        log.feed(b"x" * 10_000)
    assert (tmp_path / "x.log").stat().st_size >= 2 * service_log.LONGEST_LINE
    log.close()


def test_a_long_log_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_log, "FILE_BYTES", 1000)
    log = ServiceLog(tmp_path / "x.log", print)
    for number in range(500):
        log.feed(f"line {number:03} of many\n".encode())
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["x.log", *(f"x.log.{number}" for number in range(1, service_log.FILES_KEPT + 1))]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
