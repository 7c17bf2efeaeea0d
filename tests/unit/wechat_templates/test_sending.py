"""News goes out by template message, and by an agreed one-time message where that is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from integrations.gateway.channel import Delivery, Receipt
from integrations.tencent.errors import ApiRefused, ApiUnreachable
from integrations.wechat.accounts import Account, Template
from integrations.wechat.templates import SUBSCRIBED, TEMPLATE, send_push
from property_db.pushes.models import PushKind
from property_db.pushes.subscriptions import Spent

VALUES = {
    "number": "WX261121-0042",
    "title": "水龙头",
    "state": "师傅在路上",
    "state_text": "赵师傅已出发",
    "time": "2026年11月21日 10:00",
    "technician": "赵师傅",
    "home": "翠湖花园3栋2单元501",
}
STEP = Template(id="T1", fields={"character_string1": "number", "thing2": "state_text", "time3": "time"})
ONCE = Template(id="S1", fields={"thing1": "state_text"})


class Platform:
    """Answers calls with what it is told, in order; the last answer stays."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers) or [{"errcode": 0, "msgid": 17}]
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append((path, dict(body or {})))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.calls]


class Agreed:
    """So many agreements, and what was spent and given back."""

    def __init__(self, remaining: int = 0) -> None:
        self.remaining = remaining
        self.spent: set[int] = set()

    async def spend(self, push_id: int, template_id: str) -> Spent:
        if push_id in self.spent:
            return Spent.BEFORE
        if not self.remaining:
            return Spent.NONE
        self.remaining -= 1
        self.spent.add(push_id)
        return Spent.NOW

    async def give_back(self, push_id: int, template_id: str) -> None:
        self.remaining += 1
        self.spent.remove(push_id)


def account(**templates: Any) -> Account:
    """An account with these templates."""
    return Account(
        name="ch",
        token=SecretStr("abc123"),
        aes_key=SecretStr("a" * 43),
        app_id="wx0123456789abcdef",
        app_secret=SecretStr("x"),
        **templates,
    )


USUAL = account(templates={PushKind.TICKET_PROGRESS: STEP})
BOTH = account(templates={PushKind.TICKET_PROGRESS: STEP}, one_time_templates={PushKind.TICKET_PROGRESS: ONCE})


async def send(api: Platform, to: Account, agreed: Agreed | None = None, **more: Any) -> Receipt:
    """Send a step of a repair as push 42."""
    return await send_push(api, to, "openid", PushKind.TICKET_PROGRESS, VALUES, 42, agreed or Agreed(), **more)


async def test_a_template_message_carries_our_values_in_its_own_fields_and_an_id_of_ours() -> None:
    api = Platform()
    receipt = await send(api, USUAL, url="https://guanjia.example/")
    assert receipt == Receipt(Delivery.DELIVERED, "msgid:17")
    assert api.calls == [
        (
            TEMPLATE,
            {
                "touser": "openid",
                "template_id": "T1",
                "url": "https://guanjia.example/",
                "client_msg_id": "push-42",
                "data": {
                    "character_string1": {"value": "WX261121-0042"},
                    "thing2": {"value": "赵师傅已出发"},
                    "time3": {"value": "2026年11月21日 10:00"},
                },
            },
        )
    ]


async def test_without_a_template_nothing_is_called() -> None:
    api = Platform()
    assert await send(api, account()) == Receipt(Delivery.IMPOSSIBLE, "no_template")
    assert api.calls == []


async def test_a_template_of_the_file_that_names_an_unknown_value_is_never_sent() -> None:
    api = Platform()
    wrong = account(templates={PushKind.TICKET_PROGRESS: Template(id="T1", fields={"thing1": "stat"})})
    assert await send(api, wrong) == Receipt(Delivery.IMPOSSIBLE, "template_wrong")
    assert api.calls == []


@pytest.mark.parametrize(
    ("error", "receipt"),
    [
        (ApiRefused(-1), Receipt(Delivery.TRY_AGAIN, "busy")),
        (ApiRefused(45009), Receipt(Delivery.TRY_AGAIN, "rate")),
        (ApiRefused(40001), Receipt(Delivery.TRY_AGAIN, "token")),
        (ApiRefused(40164), Receipt(Delivery.TRY_AGAIN, "address_not_allowed")),
        (ApiRefused(43101), Receipt(Delivery.IMPOSSIBLE, "refused_by_user")),
        (ApiRefused(40003), Receipt(Delivery.IMPOSSIBLE, "unknown_user")),
        (ApiRefused(48001), Receipt(Delivery.IMPOSSIBLE, "no_permission")),
        (ApiRefused(47003), Receipt(Delivery.IMPOSSIBLE, "other")),
        (ApiUnreachable(sent=False), Receipt(Delivery.TRY_AGAIN, "unreachable")),
        (ApiUnreachable(sent=True), Receipt(Delivery.TRY_AGAIN, "unconfirmed")),
    ],
)
async def test_what_the_platform_says_decides_whether_it_is_tried_again(error: Exception, receipt: Receipt) -> None:
    assert await send(Platform(error), USUAL) == receipt


async def test_a_refused_template_is_sent_as_an_agreed_one_time_message() -> None:
    api, agreed = Platform(ApiRefused(48001), {"errcode": 0}), Agreed(1)
    assert await send(api, BOTH, agreed, url="https://guanjia.example/") == Receipt(Delivery.DELIVERED, "one_time")
    assert api.calls[1] == (
        SUBSCRIBED,
        {
            "touser": "openid",
            "template_id": "S1",
            "page": "https://guanjia.example/",
            "data": {"thing1": {"value": "赵师傅已出发"}},
        },
    )
    assert agreed.remaining == 0


async def test_one_time_templates_alone_are_enough() -> None:
    for only in (
        account(one_time_templates={PushKind.TICKET_PROGRESS: ONCE}),
        account(templates={PushKind.TICKET_PROGRESS: ONCE.model_copy(update={"one_time": True})}),
    ):
        api = Platform()
        assert (await send(api, only, Agreed(1))).delivery is Delivery.DELIVERED
        assert api.paths == [SUBSCRIBED]


async def test_nobody_is_sent_a_one_time_message_that_they_did_not_agree_to() -> None:
    api = Platform(ApiRefused(48001))
    assert await send(api, BOTH) == Receipt(Delivery.IMPOSSIBLE, "no_subscription")
    assert api.paths == [TEMPLATE]


@pytest.mark.parametrize("error", [ApiRefused(-1), ApiUnreachable(sent=False), ApiUnreachable(sent=True)])
async def test_a_template_that_may_still_go_out_spends_no_agreement(error: Exception) -> None:
    api, agreed = Platform(error), Agreed(1)
    assert (await send(api, BOTH, agreed)).delivery is Delivery.TRY_AGAIN
    assert agreed.remaining == 1
    assert api.paths == [TEMPLATE]


async def test_who_does_not_follow_any_more_gets_no_one_time_message_either() -> None:
    api, agreed = Platform(ApiRefused(43004)), Agreed(1)
    assert await send(api, BOTH, agreed) == Receipt(Delivery.IMPOSSIBLE, "unknown_user")
    assert agreed.remaining == 1


@pytest.mark.parametrize("error", [ApiRefused(-1), ApiRefused(45009), ApiUnreachable(sent=False)])
async def test_an_agreement_is_given_back_when_the_message_certainly_did_not_leave(error: Exception) -> None:
    agreed = Agreed(1)
    receipt = await send(Platform(ApiRefused(48001), error), BOTH, agreed)
    assert receipt.delivery is Delivery.TRY_AGAIN
    assert agreed.remaining == 1


@pytest.mark.parametrize(
    ("error", "receipt"),
    [
        (ApiUnreachable(sent=True), Receipt(Delivery.DELIVERED, "unconfirmed")),
        (ApiRefused(43101), Receipt(Delivery.IMPOSSIBLE, "refused_by_user")),
    ],
)
async def test_an_agreement_stays_spent_when_the_message_may_have_left_or_the_platform_knows_of_none(
    error: Exception, receipt: Receipt
) -> None:
    agreed = Agreed(1)
    assert await send(Platform(ApiRefused(48001), error), BOTH, agreed) == receipt
    assert agreed.remaining == 0


async def test_a_one_time_message_whose_process_died_is_not_sent_a_second_time() -> None:
    api, agreed = Platform(ApiRefused(48001)), Agreed(2)
    await agreed.spend(42, "S1")
    assert await send(api, BOTH, agreed) == Receipt(Delivery.DELIVERED, "unconfirmed")
    assert api.paths == [TEMPLATE]
    assert agreed.remaining == 1
