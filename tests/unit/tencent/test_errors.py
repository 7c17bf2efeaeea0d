"""What the platform's codes mean, and that errors keep secrets to themselves."""

import pytest

from integrations.tencent.errors import ApiRefused, Refusal, refusal_of


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [
        (-1, Refusal.BUSY),
        (40001, Refusal.TOKEN),
        (40014, Refusal.TOKEN),
        (42001, Refusal.TOKEN),
        (45015, Refusal.WINDOW_CLOSED),
        (45047, Refusal.QUOTA_USED),
        (95001, Refusal.QUOTA_USED),
        (45002, Refusal.TOO_LONG),
        (48001, Refusal.NO_PERMISSION),
        (40003, Refusal.UNKNOWN_USER),
        (45009, Refusal.RATE),
        (45011, Refusal.RATE),
        (43101, Refusal.REFUSED_BY_USER),
        (40164, Refusal.ADDRESS_NOT_ALLOWED),
        (95018, Refusal.WRONG_STATE),
        (40007, Refusal.OTHER),
        (99999, Refusal.OTHER),
    ],
)
def test_a_code_means_one_thing(errcode: int, refusal: Refusal) -> None:
    assert refusal_of(errcode) is refusal
    assert ApiRefused(errcode).refusal is refusal


def test_the_platforms_words_are_kept_without_keys_and_ids() -> None:
    token = "57_" + "aB3-_" * 30
    refused = ApiRefused(
        40164, f"invalid ip 203.0.113.7, access_token={token} user oAbCdEfGhIjKlMnOpQrStUv not allowed"
    )
    assert "203.0.113.7" in refused.hint
    assert token not in refused.hint
    assert "oAbCdEfGhIjKlMnOpQrStUv" not in refused.hint
    assert str(refused) == "40164 (address_not_allowed)"
    assert len(ApiRefused(1, "x " * 1000).hint) <= 160
