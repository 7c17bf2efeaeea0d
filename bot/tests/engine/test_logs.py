"""What a resident said does not reach the log, whatever the library does."""

from __future__ import annotations

import logging

import pytest

from bot.engine import logs

SECRET = "我住三栋二单元501，电话13800138000"


def raise_it() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise RuntimeError(f"again {SECRET}") from error


def test_a_librarys_words_stay_out_and_its_place_stays_in(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("rasa.core.processor").error(SECRET)
    written = capsys.readouterr().err
    assert SECRET not in written
    assert "error rasa.core.processor test_a_librarys_words" in written


def test_an_exception_is_named_with_its_cause_and_places_but_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        raise_it()
    except RuntimeError:
        logging.getLogger("sanic.error").exception(SECRET)
    written = capsys.readouterr().err
    assert SECRET not in written
    assert "RuntimeError at test_logs.py" in written
    assert "<- ValueError at test_logs.py" in written


def test_a_structured_event_keeps_its_name_and_loses_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    import structlog

    structlog.get_logger("rasa.core.channels.rest").error("rest.message.received.failure", text=SECRET)
    written = capsys.readouterr().err
    assert "rest.message.received.failure" in written
    assert SECRET not in written


def test_lower_levels_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    import structlog

    logging.getLogger("rasa.core.processor").info(SECRET)
    structlog.get_logger().info("processor.message.parse", parse_data_text=SECRET)
    assert capsys.readouterr().err == ""


def test_our_own_lines_are_written_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("guanjia.engine").info("tracker.pruned rows=%d", 3)
    assert "info guanjia.engine tracker.pruned rows=3" in capsys.readouterr().err


def test_a_line_that_cannot_be_written_is_not_shown_either(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("guanjia.engine").warning("%d", SECRET)
    assert SECRET not in capsys.readouterr().err
