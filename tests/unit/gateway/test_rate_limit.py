"""A key that uses up its share is refused; others are not."""

import pytest

from integrations.gateway.errors import ApiError
from integrations.gateway.rate_limit import RateLimit


def test_the_share_of_one_key_does_not_touch_another() -> None:
    limit = RateLimit(count=2, seconds=60)
    limit.check("a")
    limit.check("a")
    with pytest.raises(ApiError) as refusal:
        limit.check("a")
    assert refusal.value.status == 429
    limit.check("b")


def test_a_share_comes_back_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    limit = RateLimit(count=1, seconds=60)
    limit.check("a")
    now += 61
    limit.check("a")
