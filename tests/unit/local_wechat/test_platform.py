"""The rest of the platform's API: tokens, faults, media, menus, QR codes, templates, signing in."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.local_wechat.client import Phone
from tests.local_wechat.server import LocalWechat
from tests.unit.local_wechat.conftest import APP_ID, ONCE, PEER, THING, Api, Toy

CALLS = "/cgi-bin/getcallbackip"


async def test_a_token_is_the_same_until_its_last_five_minutes(peer: LocalWechat, api: Api) -> None:
    first = api.token
    assert (await api.fetch_token())["access_token"] == first
    peer.clock.move(7200 - 299)
    assert (await api.fetch_token())["access_token"] != first
    assert [fetch.was_new for fetch in peer.world.tokens.fetches] == [True, False, True]


async def test_a_forced_token_replaces_the_old_one_but_not_twice_in_half_a_minute(peer: LocalWechat, api: Api) -> None:
    first = api.token
    second = (await api.fetch_token(force=True))["access_token"]
    assert second != first
    assert (await api.fetch_token(force=True))["access_token"] == second
    api.token = first
    assert (await api.call(CALLS))["errcode"] == 40001


async def test_forcing_is_rationed_per_day(peer: LocalWechat, api: Api) -> None:
    for _ in range(20):
        await api.fetch_token(force=True)
        peer.clock.move(31)
    assert (await api.fetch_token(force=True))["errcode"] == 45009


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("abc", 40014), ("12_" + "a" * 130, 40001)])
async def test_a_wrong_token_is_refused_by_its_kind(api: Api, token: str, code: int) -> None:
    api.token = token
    assert (await api.call(CALLS))["errcode"] == code


async def test_an_old_token_is_expired(peer: LocalWechat, api: Api) -> None:
    peer.clock.move(7201)
    assert (await api.call(CALLS))["errcode"] == 42001


async def test_a_dead_token_comes_back_until_it_is_forced(peer: LocalWechat, api: Api) -> None:
    dead = api.token
    peer.world.tokens.invalidate(APP_ID, "stuck")
    assert (await api.call(CALLS))["errcode"] == 40001
    assert (await api.fetch_token())["access_token"] == dead
    assert (await api.fetch_token(force=True))["access_token"] != dead
    assert (await api.call(CALLS))["ip_list"] == ["127.0.0.1"]


async def test_a_replaced_token_is_found_by_the_next_fetch(peer: LocalWechat, api: Api) -> None:
    dead = api.token
    peer.world.tokens.invalidate(APP_ID)
    assert (await api.call(CALLS))["errcode"] == 40001
    assert (await api.fetch_token())["access_token"] != dead


async def test_a_wrong_secret_gets_no_token(api: Api) -> None:
    assert (await api.fetch_token(secret="another"))["errcode"] == 40125


async def test_a_fault_comes_as_often_as_it_was_ordered(peer: LocalWechat, api: Api) -> None:
    order = {"path": CALLS, "times": 2, "errcode": -1}
    assert (await api.http.post("/local/faults", json=order)).status_code == 204
    assert [(await api.call(CALLS)).get("errcode", 0) for _ in range(3)] == [-1, -1, 0]
    assert [call.errcode for call in peer.world.calls if call.path == CALLS] == [-1, -1, 0]


async def test_a_fault_may_be_a_status_of_http(api: Api) -> None:
    await api.http.post("/local/faults", json={"path": CALLS, "http": 502})
    assert (await api.http.get(CALLS)).status_code == 502


async def test_what_a_resident_sent_can_be_fetched_for_three_days(
    peer: LocalWechat, api: Api, toy: Toy, phone: Phone
) -> None:
    await phone.sends_picture(b"\xff\xd8\xffpicture", answers=0)
    query = {"access_token": api.token, "media_id": toy.asked[-1]["MediaId"]}
    got = await api.http.get("/cgi-bin/media/get", params=query)
    assert (got.content, got.headers["content-type"]) == (b"\xff\xd8\xffpicture", "image/jpeg")
    peer.clock.move(3 * 86400 + 1)
    await api.fetch_token()
    assert (await api.call("/cgi-bin/media/get", media_id=query["media_id"]))["errcode"] == 40007
    assert (await api.call("/cgi-bin/media/get", media_id="another"))["errcode"] == 40007


async def test_a_menu_is_kept_shown_and_deleted(api: Api, phone: Phone, toy: Toy) -> None:
    menu = {"button": [{"name": "服务", "sub_button": [{"type": "click", "name": "报修", "key": "我要报修"}]}]}
    assert (await api.call("/cgi-bin/menu/get"))["errcode"] == 46003
    assert (await api.call("/cgi-bin/menu/create", menu))["errcode"] == 0
    assert (await api.call("/cgi-bin/menu/get"))["menu"] == menu
    await phone.clicks("报修", answers=0)
    assert (toy.asked[-1]["Event"], toy.asked[-1]["EventKey"]) == ("CLICK", "我要报修")
    await api.call("/cgi-bin/menu/delete")
    assert (await api.call("/cgi-bin/menu/get"))["errcode"] == 46003


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([{"type": "click", "name": "名字太长了吧", "key": "a"}], 40018),
        ([{"type": "dance", "name": "报修", "key": "a"}], 40017),
        ([{"type": "click", "name": "报修", "key": "键" * 43}], 40019),
        ([{"type": "view", "name": "报修", "url": "weixin"}], 40020),
        ([{"name": "报修", "sub_button": [{"type": "click", "name": "a", "key": "a"}] * 6}], 40023),
    ],
)
async def test_a_wrong_menu_is_refused_by_its_mistake(api: Api, buttons: list[dict[str, Any]], code: int) -> None:
    assert (await api.call("/cgi-bin/menu/create", {"button": buttons}))["errcode"] == code


async def test_a_qr_code_has_a_picture_and_is_scanned_by_its_scene(api: Api, phone: Phone, toy: Toy) -> None:
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "b7"}}}
    made = await api.call("/cgi-bin/qrcode/create", body)
    picture = await api.http.get("/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert picture.content.startswith(b"\xff\xd8\xff") and "expire_seconds" not in made
    await phone.scan("b7", answers=0)
    assert toy.asked[-1]["Ticket"] == made["ticket"]
    assert (await api.http.get("/cgi-bin/showqrcode", params={"ticket": "another"})).status_code == 404


def template(open_id: str, template_id: str = THING, **values: str) -> dict[str, Any]:
    """The body of a template message."""
    return {"touser": open_id, "template_id": template_id, "data": {k: {"value": v} for k, v in values.items()}}


GOOD = {"thing2": "已派单", "character_string1": "WX261121-0042"}


async def test_a_template_reaches_a_follower_at_any_time_and_its_result_comes_back(
    peer: LocalWechat, api: Api, phone: Phone, toy: Toy
) -> None:
    peer.clock.move(100 * 3600)
    await api.fetch_token()
    sent = await api.call("/cgi-bin/message/template/send", template(phone.open_id, **GOOD))
    await phone.answers(1)
    await peer.pushes.settled()
    (entry,) = await phone.received("template")
    assert entry["details"]["values"] == GOOD
    assert toy.asked[-1]["Event"] == "TEMPLATESENDJOBFINISH"
    assert (toy.asked[-1]["MsgID"], toy.asked[-1]["Status"]) == (str(sent["msgid"]), "success")


async def test_the_same_template_message_is_sent_once(api: Api, phone: Phone) -> None:
    body = {**template(phone.open_id, **GOOD), "client_msg_id": "push-1"}
    first, second = [await api.call("/cgi-bin/message/template/send", body) for _ in range(2)]
    assert first["msgid"] == second["msgid"]
    assert len(await phone.received("template")) == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"thing2": "二十一个字太长了太长了太长了太长了太长了太", "character_string1": "A1"}, 47003),
        ({"thing2": "已派单"}, 47003),
        ({"thing2": "已派单", "character_string1": "编号一"}, 47003),
        ({"thing2": "", "character_string1": "A1"}, 47003),
    ],
)
async def test_values_that_do_not_fit_are_refused(api: Api, phone: Phone, values: dict[str, str], code: int) -> None:
    body = template(phone.open_id, **values)
    assert (await api.call("/cgi-bin/message/template/send", body))["errcode"] == code


async def test_an_unknown_template_and_an_unfollowed_resident_are_refused(api: Api, phone: Phone) -> None:
    path = "/cgi-bin/message/template/send"
    assert (await api.call(path, template(phone.open_id, "another", **GOOD)))["errcode"] == 40037
    await phone.unfollow()
    assert (await api.call(path, template(phone.open_id, **GOOD)))["errcode"] == 43004
    assert (await api.call(path, template("o-nobody", **GOOD)))["errcode"] == 40003


async def test_a_blocked_template_is_taken_and_reported_as_blocked(
    peer: LocalWechat, api: Api, phone: Phone, toy: Toy
) -> None:
    await phone.http.post(f"/local/residents/{phone.open_id}/block_templates", json={"accept": True})
    assert (await api.call("/cgi-bin/message/template/send", template(phone.open_id, **GOOD)))["errcode"] == 0
    await phone.says("在吗", answers=0)
    await peer.pushes.settled()
    assert await phone.received("template") == []
    assert "failed:user block" in [asked.get("Status") for asked in toy.asked]


async def test_a_one_time_message_needs_an_agreement_each_time(api: Api, phone: Phone) -> None:
    path, body = "/cgi-bin/message/subscribe/bizsend", template(phone.open_id, ONCE, phrase3="已派单")
    assert (await api.call(path, body))["errcode"] == 43101
    await phone.agrees(ONCE)
    assert [(await api.call(path, body))["errcode"] for _ in range(2)] == [0, 43101]
    assert len(await phone.received("subscription")) == 1


async def test_signing_in_gives_a_code_for_one_use(api: Api, phone: Phone) -> None:
    query = f"appid={APP_ID}&redirect_uri=http%3A%2F%2Fx.test%2Fb%3Fa%3D1&response_type=code&scope=snsapi_base&state=s1"
    phone.http.cookies.set("local_wechat_resident", phone.open_id)
    went = await phone.http.get(f"/connect/oauth2/authorize?{query}")
    assert went.status_code == 302
    carried = parse_qs(urlsplit(went.headers["location"]).query)
    assert (carried["a"], carried["state"]) == (["1"], ["s1"])

    async def redeem() -> dict[str, Any]:
        asked = {"appid": APP_ID, "secret": "a-secret", "grant_type": "authorization_code", "code": carried["code"][0]}
        got: dict[str, Any] = (await api.http.get("/sns/oauth2/access_token", params=asked)).json()
        return got

    assert (await redeem())["openid"] == phone.open_id
    assert (await redeem())["errcode"] == 40163


async def test_a_sign_in_without_a_phone_asks_whose_it_is(phone: Phone, peer: LocalWechat) -> None:
    query = f"appid={APP_ID}&redirect_uri=http%3A%2F%2Fx.test&response_type=code&scope=snsapi_base"
    phone.http.cookies.clear()
    page = await phone.http.get(f"{PEER}/connect/oauth2/authorize?{query}")
    assert page.status_code == 200 and peer.world.residents[phone.open_id].name in page.text
