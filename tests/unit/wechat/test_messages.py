"""The platform's messages and events in the gateway's words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.gateway.channel import ChosenOption, InboundMessage, Media
from integrations.wechat.messages import AccountEvent, MessageRefused, read
from tests.unit.wechat.made import APP_ID, OPEN_ID, ORIGINAL_ID, PUBLIC_ID, account

CONTENT = b"<xml/>"


def fields(kind: str, **more: Any) -> dict[str, Any]:
    head = {"ToUserName": ORIGINAL_ID, "FromUserName": OPEN_ID, "CreateTime": "1795226400", "MsgType": kind}
    return head | more


def message(kind: str, **more: Any) -> InboundMessage:
    found = read(account(), fields(kind, MsgId="24512345678901234", **more), CONTENT)
    assert isinstance(found, InboundMessage)
    return found


def event(name: str, content: bytes = CONTENT, **more: Any) -> AccountEvent:
    found = read(account(), fields("event", Event=name, **more), content)
    assert isinstance(found, AccountEvent)
    return found


def test_a_text_comes_from_a_resident_of_this_account_at_the_platform_s_time() -> None:
    found = message("text", Content="漏水了")
    assert found == InboundMessage(
        channel="wechat",
        external_id=f"{APP_ID}:{OPEN_ID}",
        client_message_id="m24512345678901234",
        text="漏水了",
        contact="message",
        sent_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
        estate="cuihu",
    )


def test_a_pressed_option_names_message_option_and_conversation() -> None:
    found = message("text", Content="报修", bizmsgmenuid=f"c12.human@{PUBLIC_ID}")
    assert found.choice == ChosenOption(12, "human", PUBLIC_ID)
    assert found.text == "报修"
    assert message("text", Content="报修", bizmsgmenuid="c12.2").choice == ChosenOption(12, "2", None)


@pytest.mark.parametrize("option", ["", "r5", "101", "c1", "c1.", "c1.x@short", "c9999999999.1", "c1.1\n", "c１.1"])
def test_anything_else_that_was_pressed_counts_by_its_text(option: str) -> None:
    found = message("text", Content="5分", bizmsgmenuid=option)
    assert found.choice is None
    assert found.text == "5分"


def test_a_picture_and_a_voice_message_are_to_be_fetched() -> None:
    picture = message("image", MediaId="m-1", PicUrl="http://mmbiz.qpic.cn/1")
    assert picture.media == Media("picture", {"media_id": "m-1", "url": "http://mmbiz.qpic.cn/1"})
    assert message("voice", MediaId="m-2", Format="AMR").media == Media("voice", {"media_id": "m-2", "format": "amr"})


@pytest.mark.parametrize(
    ("kind", "more", "unreadable", "text"),
    [
        ("video", {"MediaId": "m"}, "video", "【视频】"),
        ("shortvideo", {"MediaId": "m"}, "video", "【视频】"),
        ("location", {"Label": "翠湖路1号", "Location_X": "22.5"}, "location", "【位置】翠湖路1号"),
        ("location", {"Location_X": "22.5", "Location_Y": "114.1"}, "location", "【位置】北纬 22.5，东经 114.1"),
        ("link", {"Title": "通知", "Url": "https://e.cn/"}, "link", "【链接】通知 https://e.cn/"),
        ("link", {"Title": "通知"}, "link", "【链接】通知"),
        ("file", {"Title": "合同.pdf"}, "file", "【文件】合同.pdf"),
        ("voice", {}, "voice", "【暂时看不了的内容】"),
        ("image", {}, "other", "【暂时看不了的内容】"),
        ("hologram", {}, "other", "【暂时看不了的内容】"),
    ],
)
def test_what_only_a_person_can_make_sense_of_is_told_in_words(
    kind: str, more: dict[str, str], unreadable: str, text: str
) -> None:
    found = message(kind, **more)
    assert (found.unreadable, found.text) == (unreadable, text)


def test_a_menu_says_its_words_for_the_resident_and_is_no_message() -> None:
    found = read(account(), fields("event", Event="CLICK", EventKey="我要报修"), CONTENT)
    assert isinstance(found, InboundMessage)
    assert (found.text, found.contact) == ("我要报修", "action")
    assert len(found.client_message_id) == 64


def test_following_and_scanning_tell_the_building_of_the_code() -> None:
    assert event("subscribe", EventKey="qrscene_b42", Ticket="t").building_id == 42
    assert event("SCAN", EventKey="b42").building_id == 42
    assert event("SCAN", EventKey="b42").name == "scan"
    for other in ("", "qrscene_", "qrscene_x42", "42", "b", "b" + "9" * 20):
        assert event("subscribe", EventKey=other).building_id is None


def test_the_same_event_has_the_same_key_and_another_one_another() -> None:
    key = event("subscribe", EventKey="b1").key
    assert event("subscribe", EventKey="b1").key == key
    others = [
        event("unsubscribe", EventKey="b1").key,
        event("subscribe", EventKey="b2").key,
        event("subscribe", content=b"<xml>x</xml>", EventKey="b1").key,
        event("subscribe", EventKey="b1", CreateTime="1795226401").key,
        event("subscribe", EventKey="b1", FromUserName=OPEN_ID + "x").key,
    ]
    assert len({key, *others}) == 6
    assert len(key) == 64


def test_a_message_without_an_id_is_known_by_what_it_is() -> None:
    found = read(account(), fields("text", Content="好"), CONTENT)
    again = read(account(), fields("text", Content="好"), CONTENT)
    assert isinstance(found, InboundMessage)
    assert found == again
    assert len(found.client_message_id) == 64


@pytest.mark.parametrize("seconds", ["", "-1", "x", "１２", "9" * 30, "9" * 12])
def test_a_time_that_is_none_is_left_out(seconds: str) -> None:
    assert message("text", Content="好", CreateTime=seconds).sent_at is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"FromUserName": ""}, "sender"),
        ({"FromUserName": "x y"}, "sender"),
        ({"FromUserName": {"a": "b"}}, "sender"),
        ({"ToUserName": "gh_ffffffffffff"}, "receiver"),
        ({"ToUserName": ""}, "receiver"),
        ({"MsgType": ""}, "kind"),
    ],
)
def test_what_has_no_sender_or_is_for_another_account_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        read(account(), fields("text", Content="好") | wrong, CONTENT)
    assert refused.value.reason == reason


VALUES = st.text(max_size=30) | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
NAMES = st.sampled_from(
    [
        "MsgType",
        "Event",
        "EventKey",
        "MsgId",
        "Content",
        "MediaId",
        "bizmsgmenuid",
        "CreateTime",
        "Label",
        "Title",
        "Url",
    ]
)


@given(st.dictionaries(NAMES, VALUES | st.sampled_from(["event", "text", "SCAN", "image", "location"])))
def test_strange_fields_never_break_the_translation(more: dict[str, Any]) -> None:
    try:
        found = read(account(), fields("text") | more, CONTENT)
    except MessageRefused:
        return
    if isinstance(found, InboundMessage):
        assert 0 < len(found.client_message_id) <= 64
