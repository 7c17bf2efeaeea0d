"""A resident's open request carries the answer back, or the answer goes its own way; never both."""

import asyncio

import pytest

from integrations.wechat import slots as module
from integrations.wechat.slots import PassiveSlots, Slot


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.fixture
def slots() -> PassiveSlots:
    return PassiveSlots()


def opened(slots: PassiveSlots, arrived: float | None = None) -> Slot:
    slot = slots.open(7, 1, now() if arrived is None else arrived)
    assert slot is not None
    return slot


async def test_the_answer_leaves_with_the_request(slots: PassiveSlots) -> None:
    slot = opened(slots)
    request = asyncio.create_task(slot.wait())
    taken = slots.take(7)
    assert taken is slot
    answering = asyncio.create_task(taken.answer("好的"))
    assert await request == "好的"
    slot.left(True)
    assert await answering is True
    assert slots.take(7) is None


async def test_a_broken_connection_sends_the_answer_its_own_way(slots: PassiveSlots) -> None:
    slot = opened(slots)
    taken = slots.take(7)
    assert taken is not None
    answering = asyncio.create_task(taken.answer("好的"))
    assert await slot.wait() == "好的"
    slot.left(False)
    slot.left(True)  # too late: the first word counts
    assert await answering is False


async def test_a_request_that_nobody_answers_ends_and_takes_no_answer_any_more(
    slots: PassiveSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITS_SECONDS", 0.01)
    slot = opened(slots)
    assert await slot.wait() is None
    assert slots.take(7) is None
    assert await slot.answer("好的") is False
    assert not slots.is_open_in(1)


async def test_a_request_that_was_promised_an_answer_waits_a_little_longer_but_not_for_ever(
    slots: PassiveSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITS_SECONDS", 0.01)
    monkeypatch.setattr(module, "LATEST_SECONDS", 0.02)
    slot = opened(slots)
    taken = slots.take(7)
    assert taken is not None
    assert await slot.wait() is None
    assert await taken.answer("好的") is False


async def test_an_answer_that_does_not_come_after_all_ends_the_waiting(slots: PassiveSlots) -> None:
    slot = opened(slots)
    taken = slots.take(7)
    assert taken is not None
    taken.give_back()
    assert await slot.wait() is None


async def test_a_slot_is_taken_once(slots: PassiveSlots) -> None:
    opened(slots)
    assert slots.take(7) is not None
    assert slots.take(7) is None


async def test_a_second_request_for_the_same_message_gets_no_slot(slots: PassiveSlots) -> None:
    opened(slots)
    assert slots.open(7, 1, now()) is None


async def test_a_request_whose_time_is_over_gets_no_slot(slots: PassiveSlots) -> None:
    assert slots.open(7, 1, now() - module.WAITS_SECONDS) is None


async def test_a_greeting_is_found_by_its_own_id(slots: PassiveSlots) -> None:
    slot = slots.open(("out", 7), 1, now())
    assert slots.take(7) is None
    assert slots.take(8, ("out", 7)) is slot


async def test_an_open_request_of_a_conversation_is_known(slots: PassiveSlots) -> None:
    slot = opened(slots)
    assert slots.is_open_in(1)
    assert not slots.is_open_in(2)
    slot.left(False)
    assert not slots.is_open_in(1)
