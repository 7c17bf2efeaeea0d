"""Who may call: anybody, some networks, or the platform."""

from ipaddress import ip_network
from typing import Any

import pytest

from integrations.tencent.allow_list import ASK_AGAIN_SECONDS, ASK_EVERY_SECONDS, AddressesUnknown, AllowList
from integrations.tencent.errors import ApiRefused, ApiUnreachable


class Platform:
    """Tells its addresses, or does not."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked = 0
        self.time = 1000.0

    async def ask(self, path: str) -> dict[str, Any]:
        assert path == "/cgi-bin/getcallbackip"
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def now(self) -> float:
        return self.time

    def list(self) -> AllowList:
        return AllowList("platform", self.ask, self.now)


LISTED = {"ip_list": ["101.226.103.0/25", "140.207.54.73", "no address", "2408::/32"]}


async def test_anybody_may_call_where_the_keys_decide() -> None:
    platform = Platform(LISTED)
    assert await AllowList("any", platform.ask, platform.now).allows("")
    assert platform.asked == 0


async def test_only_the_networks_of_the_file_may_call() -> None:
    platform = Platform(LISTED)
    allowed = AllowList([ip_network("10.0.0.0/8"), ip_network("fd00::/8")], platform.ask, platform.now)
    assert await allowed.allows("10.1.2.3")
    assert await allowed.allows("::ffff:10.1.2.3")
    assert await allowed.allows("fd00::1")
    for stranger in ("11.0.0.1", "testclient", "", "::1"):
        assert not await allowed.allows(stranger)


async def test_the_platform_is_asked_for_its_addresses_once_a_day() -> None:
    platform = Platform(LISTED)
    allowed = platform.list()
    assert await allowed.allows("101.226.103.7")
    assert await allowed.allows("140.207.54.73")
    assert not await allowed.allows("101.226.104.7")
    assert platform.asked == 1
    platform.time += ASK_EVERY_SECONDS
    assert await allowed.allows("140.207.54.73")


@pytest.mark.parametrize(
    "failure", [ApiUnreachable(sent=False), ApiRefused(-1), RuntimeError(), {"errcode": 0}, {"ip_list": "x"}]
)
async def test_nobody_comes_in_while_the_addresses_are_unknown_and_the_platform_is_not_hammered(
    failure: dict[str, Any] | Exception,
) -> None:
    platform = Platform(failure)
    allowed = platform.list()
    for _ in range(3):
        with pytest.raises(AddressesUnknown):
            await allowed.allows("140.207.54.73")
    assert platform.asked == 1
    platform.time += ASK_AGAIN_SECONDS
    platform.answer = LISTED
    assert await allowed.allows("140.207.54.73")


async def test_a_list_that_is_known_stays_in_use_when_the_platform_does_not_answer() -> None:
    platform = Platform(LISTED)
    allowed = platform.list()
    assert await allowed.allows("140.207.54.73")
    platform.time += ASK_EVERY_SECONDS
    platform.answer = ApiUnreachable(sent=False)
    for _ in range(2):
        assert await allowed.allows("140.207.54.73")
    assert not await allowed.allows("1.2.3.4")
