"""「对方正在输入」 is shown where the answer will not come with the request."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from integrations.gateway.addresses import Address, Addresses
from integrations.gateway.hub import ConversationChanged, TypingChanged
from integrations.wechat.slots import PassiveSlots
from integrations.wechat.typing_signs import TypingSigns


class Phone:
    """What residents see."""

    def __init__(self, channel: str = "wechat") -> None:
        self.shown: list[tuple[str, bool]] = []
        self.channel = channel
        self.slots = PassiveSlots()
        addresses = cast(Addresses, SimpleNamespace(of=self.of))
        self.signs = TypingSigns(addresses, self.slots, self.show)

    async def of(self, conversation_id: int) -> Address:
        return Address(self.channel, "p", f"who-{conversation_id}", 1)

    async def show(self, external_id: str, on: bool) -> None:
        self.shown.append((external_id, on))

    async def typing(self, on: bool, author: str = "bot") -> None:
        await self.signs.on_event(TypingChanged(1, author, on))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def phone() -> Phone:
    return Phone()


async def test_a_request_that_is_open_needs_no_sign(phone: Phone) -> None:
    slot = phone.slots.open(7, 1, asyncio.get_running_loop().time())
    await phone.typing(True)
    assert phone.shown == []
    assert slot is not None


async def test_when_the_request_is_over_and_the_engine_still_works_the_sign_appears_and_goes(phone: Phone) -> None:
    slot = phone.slots.open(7, 1, asyncio.get_running_loop().time())
    assert slot is not None
    await phone.typing(True)
    slot.left(False)
    phone.signs.request_over(1)
    await phone.settle()
    await phone.typing(False)
    assert phone.shown == [("who-1", True), ("who-1", False)]


async def test_without_a_request_the_sign_appears_at_once(phone: Phone) -> None:
    await phone.typing(True)
    assert phone.shown == [("who-1", True)]


async def test_a_request_that_is_over_after_the_answer_shows_nothing(phone: Phone) -> None:
    phone.signs.request_over(1)
    await phone.settle()
    assert phone.shown == []


async def test_only_the_bot_and_only_this_channel(phone: Phone) -> None:
    await phone.typing(True, author="agent")
    await phone.signs.on_event(ConversationChanged(1))
    page = Phone("webchat")
    await page.typing(True)
    await page.typing(False)
    assert phone.shown == page.shown == []


async def test_a_sign_that_cannot_be_shown_harms_nobody(phone: Phone) -> None:
    async def broken(conversation_id: int) -> Address:
        raise RuntimeError

    phone.signs = TypingSigns(cast(Addresses, SimpleNamespace(of=broken)), phone.slots, phone.show)
    await phone.typing(True)
    assert phone.shown == []
