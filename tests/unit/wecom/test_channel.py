"""Delivering through the customer service, and fetching from it."""

import httpx
import pytest

from integrations.gateway.channel import Delivery, Media, MediaGone, MediaUnavailable, OutboundMessage, Receipt
from integrations.wecom.channel import WecomChannel
from property_db.channels.windows import NothingLeft
from property_db.clock import SettableClock
from tests.unit.wecom.platform import CORP, EXTERNAL, KF, USER, Platform

TEXT = {"msgtype": "text", "text": {"content": "好的"}, "msgid": "0123456789abcdef-7-0"}
MESSAGE = OutboundMessage(EXTERNAL, TEXT, (7,))
TOO_LARGE = {"Content-Type": "image/jpeg", "Content-Length": "99999999"}
OURS = {"errcode": 0, "service_state": 1}


class Wire:
    """Counts how often something left."""

    def __init__(self, *, nothing_left: bool = False) -> None:
        self.left: list[bool] = []
        self._nothing_left = nothing_left

    async def __call__(self, *, counts: bool = True) -> None:
        if self._nothing_left:
            raise NothingLeft("quota_used")
        self.left.append(counts)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def channel(platform: Platform, clock: SettableClock) -> WecomChannel:
    return WecomChannel({CORP: platform.api()}, clock)


async def test_a_message_goes_to_its_resident_and_counts_once(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    wire = Wire()
    assert await channel.deliver(MESSAGE, wire) == Receipt(Delivery.DELIVERED)
    assert platform.bodies("kf/send_msg") == [{"touser": USER, "open_kfid": KF, **TEXT}]
    assert wire.left == [True]


@pytest.mark.parametrize("state", [0, 2, 3])
async def test_a_conversation_in_another_state_is_taken_over_before_the_first_answer_and_asked_for_once(
    channel: WecomChannel, platform: Platform, state: int
) -> None:
    platform.will_answer("kf/service_state/get", {"errcode": 0, "service_state": state})
    await channel.deliver(MESSAGE, Wire())
    await channel.deliver(MESSAGE, Wire())
    trans = {"open_kfid": KF, "external_userid": USER, "service_state": 1}
    assert [path for path, _ in platform.calls] == [
        "kf/service_state/get",
        "kf/service_state/trans",
        "kf/send_msg",
        "kf/send_msg",
    ]
    assert platform.bodies("kf/service_state/trans") == [trans]


async def test_a_conversation_that_is_ours_already_is_left_as_it_is(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    await channel.deliver(MESSAGE, Wire())
    assert platform.bodies("kf/service_state/trans") == []


async def test_a_conversation_that_changed_hands_is_looked_at_again(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("kf/service_state/get", OURS, OURS)
    await channel.deliver(MESSAGE, Wire())
    channel.changed_hands(CORP, KF, USER)
    await channel.deliver(MESSAGE, Wire())
    assert len(platform.bodies("kf/service_state/get")) == 2


async def test_a_message_refused_for_its_state_is_sent_once_more_after_taking_over(
    channel: WecomChannel, platform: Platform
) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    platform.will_answer("kf/send_msg", {"errcode": 95018, "errmsg": "invalid state"})
    wire = Wire()
    assert await channel.deliver(MESSAGE, wire) == Receipt(Delivery.DELIVERED)
    assert len(platform.bodies("kf/service_state/trans")) == 1
    assert wire.left == [True, True]


async def test_a_conversation_that_cannot_be_taken_over_waits_for_the_resident(
    channel: WecomChannel, platform: Platform
) -> None:
    platform.will_answer("kf/service_state/get", {"errcode": 95018, "errmsg": ""})
    platform.will_answer("kf/send_msg", {"errcode": 95018, "errmsg": ""}, {"errcode": 95018, "errmsg": ""})
    assert await channel.deliver(MESSAGE, Wire()) == Receipt(Delivery.WAITS, "wrong_state")
    assert len(platform.bodies("kf/send_msg")) == 2


@pytest.mark.parametrize(
    ("errcode", "receipt"),
    [
        (95001, Receipt(Delivery.WAITS, "quota_used")),
        (95002, Receipt(Delivery.WAITS, "window_closed")),
        (95013, Receipt(Delivery.WAITS, "window_closed")),
        (-1, Receipt(Delivery.TRY_AGAIN, "busy")),
        (45009, Receipt(Delivery.TRY_AGAIN, "rate")),
        (60020, Receipt(Delivery.TRY_AGAIN, "address_not_allowed")),
        (48002, Receipt(Delivery.IMPOSSIBLE, "no_permission")),
        (45002, Receipt(Delivery.IMPOSSIBLE, "too_long")),
        (40058, Receipt(Delivery.IMPOSSIBLE, "refused")),
        (95000, Receipt(Delivery.IMPOSSIBLE, "refused")),
    ],
)
async def test_a_refusal_is_never_taken_for_delivered(
    channel: WecomChannel, platform: Platform, errcode: int, receipt: Receipt
) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    platform.will_answer("kf/send_msg", {"errcode": errcode, "errmsg": "no"})
    assert await channel.deliver(MESSAGE, Wire()) == receipt
    assert len(platform.bodies("kf/send_msg")) == 1


async def test_nothing_leaves_when_nothing_may(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    with pytest.raises(NothingLeft):
        await channel.deliver(MESSAGE, Wire(nothing_left=True))
    assert platform.bodies("kf/send_msg") == []


async def test_what_may_have_arrived_is_not_sent_again(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("kf/service_state/get", OURS)
    platform.will_answer("kf/send_msg", httpx.ReadTimeout("late"))
    assert await channel.deliver(MESSAGE, Wire()) == Receipt(Delivery.DELIVERED, "unconfirmed")


async def test_a_platform_that_cannot_even_tell_the_state_is_tried_again(
    channel: WecomChannel, platform: Platform
) -> None:
    platform.will_answer("kf/service_state/get", httpx.ReadTimeout("late"))
    wire = Wire()
    assert await channel.deliver(MESSAGE, wire) == Receipt(Delivery.TRY_AGAIN, "unreachable")
    assert wire.left == []


async def test_a_message_without_content_is_delivered_without_a_call(channel: WecomChannel, platform: Platform) -> None:
    assert await channel.deliver(OutboundMessage(EXTERNAL, {}, (7,)), Wire()) == Receipt(Delivery.DELIVERED)
    assert platform.calls == []


async def test_a_resident_of_a_company_that_is_no_longer_configured_cannot_be_reached(channel: WecomChannel) -> None:
    message = OutboundMessage(f"wwffffffffffffffff:{KF}:{USER}", TEXT, (7,))
    assert await channel.deliver(message, Wire()) == Receipt(Delivery.IMPOSSIBLE, "no_account")


async def test_a_picture_is_fetched_by_its_id(channel: WecomChannel, platform: Platform) -> None:
    platform.will_answer("media/get", httpx.Response(200, content=b"jpeg", headers={"Content-Type": "image/jpeg"}))
    assert await channel.fetch(EXTERNAL, Media("picture", {"media_id": "M1"})) == b"jpeg"
    assert platform.bodies("media/get")[0]["media_id"] == "M1"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"errcode": 40007, "errmsg": "invalid media_id"}, MediaGone),
        (httpx.Response(200, content=b"x", headers=TOO_LARGE), MediaGone),
        ({"errcode": -1, "errmsg": "busy"}, MediaUnavailable),
        (httpx.ConnectError("down"), MediaUnavailable),
    ],
)
async def test_a_picture_that_is_gone_is_told_from_one_that_may_come_later(
    channel: WecomChannel, platform: Platform, answer: httpx.Response, failure: type[Exception]
) -> None:
    platform.will_answer("media/get", answer)
    with pytest.raises(failure):
        await channel.fetch(EXTERNAL, Media("picture", {"media_id": "M1"}))
