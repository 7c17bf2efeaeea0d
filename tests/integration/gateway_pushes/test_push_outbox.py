"""News leaves once, at the right time, whatever happens to the processes that send it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from integrations.gateway.channel import Capabilities, Delivery, Receipt
from integrations.gateway.push_outbox import GIVE_UP_AFTER_ATTEMPTS
from property_db.clock import SHANGHAI, SettableClock
from property_db.pushes.models import PushKind, PushState
from tests.integration.gateway_pushes.conftest import OPEN_ID, All, Died, Platform, Step, Worker

NIGHT = datetime(2026, 11, 21, 22, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=SHANGHAI)
LATER = Receipt(Delivery.TRY_AGAIN, "busy")
PERHAPS = Receipt(Delivery.TRY_AGAIN, "unconfirmed")


async def test_news_is_sent_once_and_its_words_are_kept_no_longer(
    step: Step, worker: Worker, platform: Platform, news: All
) -> None:
    push_id = await step()
    outbox = worker()
    assert [await outbox.sweep(), await outbox.sweep()] == [1, 0]
    ((external_id, kind, values, sent_id),) = platform.pushed
    assert (external_id, kind, sent_id) == (OPEN_ID, PushKind.TICKET_PROGRESS, push_id)
    assert values["state"] == "已派单"
    (push,) = await news()
    assert (push.state, push.reason, push.values, push.claimed_by) == (PushState.SENT, f"msgid:{push_id}", {}, None)


async def test_two_workers_at_once_send_everything_once(
    step: Step, worker: Worker, platform: Platform, news: All
) -> None:
    ids = [await step(f"wx0123456789abcdef:{number % 7}") for number in range(30)]
    first, second = worker("here|1|a"), worker("there|2|b")
    await asyncio.gather(first.sweep(), second.sweep())
    assert sorted(platform.ids) == ids
    assert {push.state for push in await news()} == {PushState.SENT}


async def test_what_one_resident_gets_leaves_in_order(step: Step, worker: Worker, platform: Platform) -> None:
    ids = [await step() for _ in range(5)]
    await worker().sweep()
    assert platform.ids == ids


async def test_one_that_fails_does_not_hold_up_the_others(
    step: Step, worker: Worker, platform: Platform, news: All
) -> None:
    for _ in range(2):
        await step()
    platform.answers = [RuntimeError("broken")]
    await worker().sweep()
    assert [push.state for push in await news()] == [PushState.PENDING, PushState.SENT]


async def test_news_that_certainly_did_not_leave_is_tried_again_until_it_is_given_up(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock
) -> None:
    await step()
    outbox = worker()
    platform.answers = [LATER] * 20
    for _ in range(20):
        await outbox.sweep()
        assert await outbox.sweep() == 0  # not before the pause is over
        clock.advance(minutes=15)
    assert len(platform.ids) == GIVE_UP_AFTER_ATTEMPTS
    (push,) = await news()
    assert (push.state, push.reason, push.sent_at) == (PushState.FAILED, "busy", None)
    pauses = [after - before for before, after in zip(platform.times, platform.times[1:], strict=False)]
    assert min(pauses) == timedelta(minutes=15)


async def test_a_later_try_succeeds(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock
) -> None:
    await step()
    outbox = worker()
    platform.answers = [LATER]
    await outbox.sweep()
    (push,) = await news()
    assert (push.attempts, push.sent_at) == (1, None)
    clock.advance(hours=1)
    await outbox.sweep()
    assert len(platform.ids) == 2
    assert (await news())[0].state is PushState.SENT


async def test_news_that_may_have_left_is_repeated_only_while_the_platform_knows_a_repeat(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock
) -> None:
    await step()
    outbox = worker()
    platform.answers = [PERHAPS] * 50
    for _ in range(120):
        await outbox.sweep()
        clock.advance(seconds=10)
    assert 2 <= len(platform.times) <= 8
    assert platform.times[-1] - platform.times[0] < timedelta(minutes=9)
    (push,) = await news()
    assert (push.state, push.reason) == (PushState.SENT, "unconfirmed")


async def test_that_it_may_have_left_is_not_forgotten_by_a_later_refusal(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock
) -> None:
    await step()
    outbox = worker()
    platform.answers = [PERHAPS, LATER]
    await outbox.sweep()
    clock.advance(seconds=10)
    await outbox.sweep()
    clock.advance(minutes=10)
    await outbox.sweep()
    assert len(platform.ids) == 2
    (push,) = await news()
    assert (push.state, push.reason) == (PushState.SENT, "unconfirmed")


@pytest.mark.parametrize(("down", "times"), [(timedelta(minutes=3), 2), (timedelta(minutes=10), 1)])
async def test_a_process_that_dies_after_the_bytes_left_leaves_no_double(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock, down: timedelta, times: int
) -> None:
    """Soon after, the same id is sent again, which the platform knows; later, it counts as arrived."""
    push_id = await step()
    platform.answers = [Died()]
    with pytest.raises(BaseExceptionGroup):
        await worker("here|1|a").sweep()
    (push,) = await news()
    assert (push.state, push.claimed_by) == (PushState.PENDING, "here|1|a")
    clock.advance(seconds=down.total_seconds())
    await worker("there|2|b").sweep()
    assert platform.ids == [push_id] * times
    (push,) = await news()
    assert push.state is PushState.SENT


async def test_what_a_living_process_holds_is_not_taken_from_it(
    step: Step, worker: Worker, platform: Platform, news: All, clock: SettableClock
) -> None:
    await step()
    arrived, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly() -> Receipt:
        arrived.set()
        await may_answer.wait()
        return Receipt(Delivery.DELIVERED, "msgid:1")

    platform.answers = [slowly]
    async with asyncio.TaskGroup() as group:
        group.create_task(worker("here|1|a").sweep())
        await arrived.wait()
        clock.advance(seconds=100)
        await worker("there|2|b").sweep()
        may_answer.set()
    assert len(platform.ids) == 1
    assert (await news())[0].reason == "msgid:1"


async def test_a_restart_takes_up_at_once_what_the_process_before_held(
    step: Step, worker: Worker, platform: Platform, news: All
) -> None:
    await step()
    gone = "here|0|a"
    platform.answers = [Died()]
    with pytest.raises(BaseExceptionGroup):
        await worker(gone).sweep()
    outbox = worker(gone)  # as its own name is its own, nothing of it can still be running
    await outbox.sweep()
    assert len(platform.ids) == 2
    assert (await news())[0].state is PushState.SENT


@pytest.mark.parametrize(
    ("receipt", "state"),
    [
        (Receipt(Delivery.IMPOSSIBLE, "no_template"), PushState.SKIPPED),
        (Receipt(Delivery.IMPOSSIBLE, "refused_by_user"), PushState.SKIPPED),
        (Receipt(Delivery.IMPOSSIBLE, "template_wrong"), PushState.FAILED),
    ],
)
async def test_a_refusal_for_good_is_kept_with_its_reason(
    step: Step, worker: Worker, platform: Platform, news: All, receipt: Receipt, state: PushState
) -> None:
    await step()
    platform.answers = [receipt]
    outbox = worker()
    await outbox.sweep()
    await outbox.sweep()
    (push,) = await news()
    assert (push.state, push.reason, len(platform.ids)) == (state, receipt.reason, 1)


async def test_without_the_channel_or_its_templates_news_is_skipped(
    step: Step, worker: Worker, platform: Platform, news: All
) -> None:
    await step()
    await worker(channels={}).sweep()
    await step()
    platform.capabilities = Capabilities(cards=False, choices="numbered", pushes=frozenset({PushKind.BILL}))
    await worker().sweep()
    assert [(push.state, push.reason) for push in await news()] == [
        (PushState.SKIPPED, "no_channel"),
        (PushState.SKIPPED, "no_template"),
    ]
    assert platform.ids == []


async def test_at_night_a_step_of_a_repair_is_sent_and_an_agent_waits_until_the_morning(
    step: Step, call_back: Callable[[], Awaitable[int]], worker: Worker, platform: Platform, clock: SettableClock
) -> None:
    clock.set(NIGHT)
    waits, moved = await call_back(), await step()
    outbox = worker()
    await outbox.sweep()
    clock.set(MORNING - timedelta(seconds=1))
    await outbox.sweep()
    assert platform.ids == [moved]
    clock.set(MORNING)
    await outbox.sweep()
    assert platform.ids == [moved, waits]


async def test_a_retry_does_not_fall_into_the_night(
    call_back: Callable[[], Awaitable[int]], worker: Worker, platform: Platform, clock: SettableClock
) -> None:
    clock.set(NIGHT - timedelta(minutes=30, seconds=1))
    await call_back()
    outbox = worker()
    platform.answers = [LATER]
    await outbox.sweep()
    clock.advance(hours=3)
    assert await outbox.sweep() == 0
    clock.set(MORNING)
    await outbox.sweep()
    assert len(platform.ids) == 2


async def test_started_it_sends_by_itself_and_stops(step: Step, worker: Worker, platform: Platform) -> None:
    await step()
    sent = asyncio.Event()

    async def take() -> Receipt:
        sent.set()
        return Receipt(Delivery.DELIVERED)

    platform.answers = [take]
    outbox = worker()
    await outbox.start()
    await asyncio.wait_for(sent.wait(), 10)
    await outbox.stop()
