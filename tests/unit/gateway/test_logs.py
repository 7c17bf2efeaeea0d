"""No personal data in a log, whoever writes it."""

import io
import logging

import pytest

from integrations.gateway.log_setup import WithoutContent, mask_personal_data


def test_fields_that_carry_words_or_secrets_are_masked_and_numbers_everywhere() -> None:
    event = mask_personal_data(
        None, "info", {"event": "x", "text": "我家煤气", "phone": "13800138000", "where": "caller 13800138000", "n": 3}
    )
    assert "煤气" not in str(event)
    assert "13800138000" not in str(event)
    assert event["n"] == 3


def test_an_exception_is_logged_as_type_and_place_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(WithoutContent("%(message)s"))
    logger = logging.getLogger("test.without_content")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        raise ValueError("王建国 13800138000 说：我家煤气")
    except ValueError:
        logger.exception("failed for 13800138000")
    logger.removeHandler(handler)
    assert "ValueError" in out.getvalue()
    assert "王建国" not in out.getvalue()
    assert "13800138000" not in out.getvalue()
