"""From what is pulled to messages and events."""

from typing import Any

import pytest

from integrations.gateway.channel import ChosenOption, InboundMessage, Media
from integrations.wecom.messages import MENU_ID_LIMIT, chosen, entry_id, event_in, menu_id, message_in
from tests.conftest import SATURDAY_TEN
from tests.unit.wecom.platform import CONVERSATION, EXTERNAL, KF, USER, account

SENT = int(SATURDAY_TEN.timestamp())


def entry(kind: str, **changes: Any) -> dict[str, Any]:
    """An entry of ``sync_msg`` as the platform's documents show it."""
    whole: dict[str, Any] = {
        "msgid": "from_msgid_4622416642169452483",
        "open_kfid": KF,
        "external_userid": USER,
        "send_time": SENT,
        "origin": 3,
        "msgtype": kind,
    }
    return whole | changes


def read(raw: dict[str, Any], text_limit: int = 2000) -> InboundMessage | None:
    company = account()
    return message_in(company, company.open_kfids[0], raw, text_limit)


def test_a_text_keeps_its_sender_its_id_its_time_and_its_estate() -> None:
    message = read(entry("text", text={"content": "厨房漏水"}))
    assert message is not None
    assert (message.channel, message.external_id, message.text) == ("wecom", EXTERNAL, "厨房漏水")
    assert message.client_message_id == "from_msgid_4622416642169452483"
    assert message.sent_at == SATURDAY_TEN
    assert (message.estate, message.contact) == ("CH", "message")


def test_a_pressed_menu_entry_is_the_option_of_the_message_that_offered_it() -> None:
    message = read(entry("text", text={"content": "转人工", "menu_id": menu_id(12, "human", CONVERSATION)}))
    assert message is not None
    assert message.choice == ChosenOption(12, "human", CONVERSATION)
    assert message.text == "转人工"


@pytest.mark.parametrize("clicked", ["", "welcome-1", "rating-5", "c12", "c.1", "cx.1", "c99999999999.1"])
def test_a_menu_id_that_is_no_option_leaves_a_text(clicked: str) -> None:
    assert chosen(clicked) is None


def test_an_option_id_that_is_too_long_for_both_goes_without_its_conversation() -> None:
    long = menu_id(123456789, "x" * 40, CONVERSATION)
    assert len(long.encode()) <= MENU_ID_LIMIT
    assert chosen(long) == ChosenOption(123456789, "x" * 40)


@pytest.mark.parametrize(
    ("kind", "content", "media"),
    [
        ("image", {"media_id": "M1"}, Media("picture", {"media_id": "M1"})),
        ("voice", {"media_id": "M2"}, Media("voice", {"media_id": "M2", "format": "amr"})),
    ],
)
def test_pictures_and_voice_messages_are_to_be_fetched(kind: str, content: dict[str, str], media: Media) -> None:
    message = read(entry(kind, **{kind: content}))
    assert message is not None
    assert message.media == media
    assert message.unreadable is None


@pytest.mark.parametrize(
    ("kind", "content", "unreadable", "shown"),
    [
        ("video", {"media_id": "M"}, "video", "[视频]"),
        ("file", {"media_id": "M"}, "file", "[文件]"),
        ("location", {"latitude": 30.2, "name": "翠湖花园", "address": "文一路1号"}, "location", "翠湖花园 文一路1号"),
        ("link", {"title": "新闻", "url": "https://example.com/a"}, "link", "新闻 https://example.com/a"),
        ("miniprogram", {"title": "缴费", "appid": "wx1"}, "other", "[小程序] 缴费"),
        ("business_card", {"userid": "u"}, "other", "[名片]"),
        ("something_new", {"x": 1}, "other", "暂不支持"),
        ("image", {}, "other", "暂不支持"),
        ("text", {"content": "  \n"}, "other", "暂不支持"),
    ],
)  # fmt: skip
def test_what_only_a_person_can_read_says_what_it_is(
    kind: str, content: dict[str, Any], unreadable: str, shown: str
) -> None:
    message = read(entry(kind, **{kind: content}))
    assert message is not None
    assert message.unreadable == unreadable
    assert shown in message.text


@pytest.mark.parametrize(
    "raw",
    [
        entry("text", text={"content": "我来处理"}, origin=5, servicer_userid="zhangsan"),
        entry("event", event={"event_type": "enter_session"}, origin=4),
        entry("text", text={"content": "谁"}, external_userid=""),
        entry("text", text={"content": "谁"}, external_userid="u" * 300),
        entry("text", text={"content": "谁"}, msgid=None),
        {},
    ],
)
def test_what_no_resident_wrote_is_no_message(raw: dict[str, Any]) -> None:
    assert read(raw) is None


@pytest.mark.parametrize("raw", [entry("text", text="漏水"), entry("image", image=None), entry("location", location=7)])
def test_a_malformed_entry_goes_to_a_person_and_stops_nobody(raw: dict[str, Any]) -> None:
    message = read(raw)
    assert message is not None
    assert message.unreadable is not None


def test_characters_that_no_database_keeps_are_left_out() -> None:
    message = read(entry("text", text={"content": "漏\x00水\ud83d"}))
    assert message is not None
    assert message.text == "漏水"


def test_a_text_beyond_the_limit_is_cut_rather_than_refused() -> None:
    message = read(entry("text", text={"content": "水" * 30}), text_limit=10)
    assert message is not None
    assert message.text == "水" * 10


def test_an_id_that_is_too_long_is_kept_as_its_hash() -> None:
    long = entry("text", msgid="m" * 100)
    assert len(entry_id(long)) == 64
    assert entry_id(long) == entry_id(dict(long)) != entry_id(entry("text", msgid="n" * 100))


def test_an_event_names_its_resident_in_its_own_fields() -> None:
    fields = {"event_type": "enter_session", "open_kfid": KF, "external_userid": USER, "welcome_code": "W"}
    event = event_in({"msgid": "e1", "send_time": SENT, "origin": 4, "msgtype": "event", "event": fields})
    assert event is not None
    assert (event.id, event.kind, event.user, event.at) == ("e1", "enter_session", USER, SATURDAY_TEN)
    assert event.fields["welcome_code"] == "W"
    assert event_in(entry("text", text={"content": "x"})) is None
