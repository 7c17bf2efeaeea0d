"""Customer-service messages: how many, until when, and what is refused."""

import httpx

from tests.local_wechat.client import Phone
from tests.local_wechat.server import LocalWechat
from tests.unit.local_wechat.conftest import Api

HOUR = 3600


async def test_after_a_message_five_may_come_within_two_days(peer: LocalWechat, api: Api, phone: Phone) -> None:
    await phone.says("在吗", answers=0)
    assert [await api.send(phone.open_id, "您好") for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    assert len(await phone.received("custom")) == 5
    await phone.says("还在吗", answers=0)
    assert await api.send(phone.open_id, "在的") == 0
    peer.clock.move(48 * HOUR + 1)
    await api.fetch_token()
    assert await api.send(phone.open_id, "您好") == 45015


async def test_after_a_press_on_the_menu_three_may_come_within_a_minute(
    peer: LocalWechat, api: Api, phone: Phone
) -> None:
    peer.clock.move(120)
    assert await api.send(phone.open_id, "您好") == 45015
    await api.call("/cgi-bin/menu/create", {"button": [{"type": "click", "name": "报修", "key": "我要报修"}]})
    await phone.clicks("报修", answers=0)
    assert [await api.send(phone.open_id, "您好") for _ in range(4)] == [0, 0, 0, 45047]
    peer.clock.move(61)
    assert await api.send(phone.open_id, "您好") == 45015


async def test_the_quota_is_shown_with_its_end(peer: LocalWechat, api: Api, phone: Phone) -> None:
    peer.clock.real = lambda: 1_800_000_000.0
    await phone.says("在吗", answers=0)
    await api.fetch_token()
    assert await api.send(phone.open_id, "您好") == 0
    assert await phone.quota() == {"left": 4, "closes_at": 1_800_000_000.0 + 48 * HOUR}


async def test_one_message_counts_for_all_open_windows(peer: LocalWechat, api: Api, phone: Phone) -> None:
    await phone.says("在吗", answers=0)
    assert [await api.send(phone.open_id, "您好") for _ in range(5)] == [0] * 5
    await phone.scan("b7", answers=0)
    assert [await api.send(phone.open_id, "您好") for _ in range(4)] == [0, 0, 0, 45047]


async def test_passive_replies_cost_nothing(peer: LocalWechat, api: Api, phone: Phone) -> None:
    before = await phone.quota()
    await phone.says("在吗", answers=0)
    assert (await phone.quota())["left"] == 5 and before["left"] == 3


async def test_who_unfollowed_gets_nothing_and_who_is_unknown_is_no_openid(api: Api, phone: Phone) -> None:
    await phone.unfollow()
    assert await api.send(phone.open_id, "您好") == 45015
    assert await api.send("o-nobody-with-this-openid-xx", "您好") == 40003


async def test_a_text_has_at_most_2048_bytes_and_at_least_one(api: Api, phone: Phone) -> None:
    assert await api.send(phone.open_id, "水" * 682 + "ab") == 0
    assert await api.send(phone.open_id, "水" * 683) == 45002
    assert await api.send(phone.open_id, "") == 44004


async def test_escaped_chinese_is_shown_as_it_was_written(peer: LocalWechat, api: Api, phone: Phone) -> None:
    content = r"\u6c34\n\\u6c34 \u003c"
    written = f'{{"touser":"{phone.open_id}","msgtype":"text","text":{{"content":"{content}"}}}}'
    query = {"access_token": api.token}
    sent = await api.http.post("/cgi-bin/message/custom/send", params=query, content=written.encode())
    assert sent.json()["errcode"] == 0
    assert [entry["text"] for entry in await phone.received()] == ["\\u6c34\n\\u6c34 <"]
    assert peer.world.calls[-1].raw == written


async def test_typing_is_shown_and_refused_where_nobody_just_wrote(peer: LocalWechat, api: Api, phone: Phone) -> None:
    async def typing(command: str) -> int:
        body = {"touser": phone.open_id, "command": command}
        code: int = (await api.call("/cgi-bin/message/custom/typing", body))["errcode"]
        return code

    await phone.says("在吗", answers=0)
    left = await phone.quota()
    assert [await typing("Typing"), await typing("Typing"), await typing("CancelTyping")] == [0, 45081, 0]
    peer.clock.move(31)
    assert await typing("Typing") == 45080
    assert await phone.quota() == left


async def test_the_clock_moves_over_http_and_back(phone: Phone) -> None:
    moved = await phone.http.post("/local/clock", json={"seconds": 48 * HOUR})
    assert moved.json()["moved_by"] == 48 * HOUR
    back: httpx.Response = await phone.http.post("/local/clock", json={})
    assert back.json()["moved_by"] == 0
