"""Handing answers over: in the open request, or as a customer-service message."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from integrations.gateway.channel import Delivery, Media, MediaGone, MediaUnavailable, OutboundMessage, Receipt
from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from integrations.wechat.accounts import Account
from integrations.wechat.channel import WechatChannel
from integrations.wechat.rendering import Rendering
from integrations.wechat.slots import PassiveSlots, Slot
from property_db.channels.windows import NothingLeft
from property_db.pushes.models import PushKind
from tests.unit.wechat.made import APP_ID, OPEN_ID, account, answer, choices

WHO = f"{APP_ID}:{OPEN_ID}"


class Platform:
    """Stands for the platform's interface of one account."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.error: Exception | None = None
        self.file: bytes | Exception = b"amr"

    async def call(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        before_bytes: Callable[[], Awaitable[None]] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if before_bytes is not None:
            await before_bytes()
        self.calls.append((path, body))
        if self.error is not None:
            raise self.error
        return {"errcode": 0}

    async def download(self, path: str, params: Mapping[str, str], limit_bytes: int) -> tuple[bytes, str]:
        self.calls.append((path, params))
        if isinstance(self.file, Exception):
            raise self.file
        return self.file, "audio/amr"


class Wire:
    """Notes what leaves."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.left: list[bool] = []
        self.refusal = refusal

    async def __call__(self, *, counts: bool = True) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.left.append(counts)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def slots() -> PassiveSlots:
    return PassiveSlots()


def channel_of(platform: Platform, slots: PassiveSlots, **more: Any) -> WechatChannel:
    given = account(one_time_templates={"bill": {"id": "t", "fields": {"thing1": "amount"}, "one_time": True}})
    rendering = Rendering(lambda path: None, lambda app_id: None)
    return WechatChannel({"cuihu": given}, {APP_ID: platform}, slots, rendering, **({"settle": at_once} | more))


async def at_once() -> None:
    """No pause after an answer in the request."""


@pytest.fixture
def channel(platform: Platform, slots: PassiveSlots) -> WechatChannel:
    return channel_of(platform, slots)


def message(text: str = "好的", reply_to_id: int | None = 7, completes: tuple[int, ...] = (8,)) -> OutboundMessage:
    return OutboundMessage(WHO, {"text": text}, completes, reply_to_id)


def request(slots: PassiveSlots, key: Any = 7) -> Slot:
    slot = slots.open(key, 1, asyncio.get_running_loop().time())
    assert slot is not None
    return slot


async def test_an_answer_goes_with_the_open_request_and_uses_up_nothing(
    channel: WechatChannel, platform: Platform, slots: PassiveSlots
) -> None:
    slot, wire = request(slots), Wire()
    delivering = asyncio.create_task(channel.deliver(message(), wire))
    assert await slot.wait() == "好的"
    slot.left(True)
    assert await delivering == Receipt(Delivery.DELIVERED)
    assert wire.left == [False]
    assert platform.calls == []


async def test_a_greeting_goes_with_the_open_request_as_well(channel: WechatChannel, slots: PassiveSlots) -> None:
    slot = request(slots, ("out", 8))
    delivering = asyncio.create_task(channel.deliver(message(reply_to_id=None), Wire()))
    assert await slot.wait() == "好的"
    slot.left(True)
    assert (await delivering).delivery is Delivery.DELIVERED


async def test_after_an_answer_in_the_request_the_next_message_is_held_back_a_moment(
    platform: Platform, slots: PassiveSlots
) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def settle() -> None:
        begun.set()
        await over.wait()

    slot = request(slots)
    delivering = asyncio.create_task(channel_of(platform, slots, settle=settle).deliver(message(), Wire()))
    await slot.wait()
    slot.left(True)
    await begun.wait()
    assert not delivering.done()
    over.set()
    assert (await delivering).delivery is Delivery.DELIVERED


async def test_when_the_request_broke_it_is_sent_once_by_itself_and_counted(
    channel: WechatChannel, platform: Platform, slots: PassiveSlots
) -> None:
    slot, wire = request(slots), Wire()
    delivering = asyncio.create_task(channel.deliver(message(), wire))
    await slot.wait()
    slot.left(False)
    assert await delivering == Receipt(Delivery.DELIVERED)
    assert wire.left == [False, True]
    assert platform.calls == [
        ("/cgi-bin/message/custom/send", {"touser": OPEN_ID, "msgtype": "text", "text": {"content": "好的"}})
    ]


async def test_when_it_cannot_be_noted_the_request_does_not_wait_for_it(
    channel: WechatChannel, platform: Platform, slots: PassiveSlots
) -> None:
    slot = request(slots)
    with pytest.raises(RuntimeError):
        await channel.deliver(message(), Wire(RuntimeError("busy")))
    assert await slot.wait() is None
    assert platform.calls == []


async def test_without_an_open_request_it_is_sent_by_itself(channel: WechatChannel, platform: Platform) -> None:
    wire = Wire()
    assert await channel.deliver(message(), wire) == Receipt(Delivery.DELIVERED)
    assert wire.left == [True]
    assert len(platform.calls) == 1


async def test_nothing_leaves_where_nothing_is_permitted_any_more(channel: WechatChannel, platform: Platform) -> None:
    with pytest.raises(NothingLeft):
        await channel.deliver(message(), Wire(NothingLeft("quota_used")))
    assert platform.calls == []


async def test_an_empty_text_is_delivered_by_not_sending_it(channel: WechatChannel, platform: Platform) -> None:
    wire = Wire()
    assert await channel.deliver(message(""), wire) == Receipt(Delivery.DELIVERED)
    assert (wire.left, platform.calls) == ([], [])


@pytest.mark.parametrize(
    ("error", "receipt"),
    [
        (ApiRefused(45015), Receipt(Delivery.WAITS, "window_closed")),
        (ApiRefused(45047), Receipt(Delivery.WAITS, "quota_used")),
        (ApiRefused(40003), Receipt(Delivery.IMPOSSIBLE, "unknown_user")),
        (ApiRefused(43004), Receipt(Delivery.IMPOSSIBLE, "unknown_user")),
        (ApiRefused(48001), Receipt(Delivery.IMPOSSIBLE, "no_permission")),
        (ApiRefused(45002), Receipt(Delivery.IMPOSSIBLE, "too_long")),
        (ApiRefused(43101), Receipt(Delivery.IMPOSSIBLE, "refused_by_user")),
        (ApiRefused(99999), Receipt(Delivery.IMPOSSIBLE, "other")),
        (ApiRefused(-1), Receipt(Delivery.TRY_AGAIN, "busy")),
        (ApiRefused(45009), Receipt(Delivery.TRY_AGAIN, "rate")),
        (ApiRefused(40001), Receipt(Delivery.TRY_AGAIN, "token")),
        (ApiRefused(40164), Receipt(Delivery.TRY_AGAIN, "address_not_allowed")),
        (ApiUnreachable(sent=False), Receipt(Delivery.TRY_AGAIN, "unreachable")),
        (ApiUnreachable(sent=True), Receipt(Delivery.DELIVERED, "unconfirmed")),
    ],
)
async def test_what_the_platform_says_becomes_a_receipt(
    channel: WechatChannel, platform: Platform, error: Exception, receipt: Receipt
) -> None:
    platform.error = error
    assert await channel.deliver(message(), Wire()) == receipt


async def test_an_account_that_is_not_configured_any_more_gets_nothing(channel: WechatChannel) -> None:
    gone = OutboundMessage("wxffffffffffffffff:oSomebody", {"text": "好"}, (8,))
    assert await channel.deliver(gone, Wire()) == Receipt(Delivery.IMPOSSIBLE, "no_account")


async def test_media_is_fetched_by_its_id(channel: WechatChannel, platform: Platform) -> None:
    assert await channel.fetch(WHO, Media("voice", {"media_id": "m-1"})) == b"amr"
    assert platform.calls == [("/cgi-bin/media/get", {"media_id": "m-1"})]


@pytest.mark.parametrize("error", [ApiRefused(40007), ApiRefused(40004), ApiRefused(99999), TooLarge()])
async def test_media_that_is_over_or_too_large_is_gone(
    channel: WechatChannel, platform: Platform, error: Exception
) -> None:
    platform.file = error
    with pytest.raises(MediaGone):
        await channel.fetch(WHO, Media("picture", {"media_id": "m-1"}))


@pytest.mark.parametrize("error", [ApiRefused(-1), ApiRefused(42001), ApiUnreachable(sent=True)])
async def test_media_can_be_asked_for_again_when_the_platform_is_busy(
    channel: WechatChannel, platform: Platform, error: Exception
) -> None:
    platform.file = error
    with pytest.raises(MediaUnavailable):
        await channel.fetch(WHO, Media("picture", {"media_id": "m-1"}))


async def test_media_without_an_id_is_gone(channel: WechatChannel) -> None:
    with pytest.raises(MediaGone):
        await channel.fetch(WHO, Media("picture", {}))


async def test_typing_is_shown_and_a_failure_of_it_harms_nobody(channel: WechatChannel, platform: Platform) -> None:
    await channel.typing(WHO, True)
    platform.error = ApiRefused(45015)
    await channel.typing(WHO, False)
    assert [body["command"] for _, body in platform.calls] == ["Typing", "CancelTyping"]


async def test_news_goes_through_the_account_s_templates(platform: Platform, slots: PassiveSlots) -> None:
    pushed: list[tuple[str, str, PushKind, dict[str, str], int]] = []

    async def pusher(of: Account, open_id: str, kind: PushKind, values: Mapping[str, str], push_id: int) -> Receipt:
        pushed.append((of.name, open_id, kind, dict(values), push_id))
        return Receipt(Delivery.DELIVERED)

    channel = channel_of(platform, slots, pusher=pusher)
    assert channel.capabilities.pushes == {PushKind.BILL}
    assert (await channel.push(WHO, PushKind.BILL, {"amount": "1"}, 3)).delivery is Delivery.DELIVERED
    assert pushed == [("cuihu", OPEN_ID, PushKind.BILL, {"amount": "1"}, 3)]
    assert channel_of(platform, slots).capabilities.pushes == frozenset()


def test_what_the_platform_permits_is_declared(channel: WechatChannel) -> None:
    allowed = {contact: (a.count, a.lasts.total_seconds()) for contact, a in channel.capabilities.allowances.items()}
    assert allowed == {"message": (5, 172800), "action": (3, 60)}
    assert channel.capabilities.text_limit == 2048
    assert not channel.capabilities.repeatable


def test_what_is_kept_until_it_is_sent_is_json(channel: WechatChannel) -> None:
    (rendered,) = channel.render([answer(choices("查欠费"))])
    assert json.loads(json.dumps(rendered.payload)) == rendered.payload
