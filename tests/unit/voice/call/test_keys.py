"""What keys do on a call."""

import pytest

from integrations.voice.call.keypad import Again, Back, Cleared, Digits, Keypad, More, NotOffered, Option, Person, Stars
from integrations.voice.call.office import Chosen, Standing
from tests.unit.voice.call.conftest import Ring
from tests.unit.voice.call.desk import CONVERSATION, PaperOffice

ROOMS = {"1": "厨房", "2": "卫生间"}


@pytest.mark.parametrize(
    ("entry", "options", "keys", "meaning"),
    [
        ("none", "", "0", Person()),
        ("none", "", "*", Back()),
        ("none", "", "#", Again()),
        ("none", "", "1", Again()),
        ("none", "", "7", NotOffered()),
        ("choice", "12", "2", Option("2")),
        ("choice", "12", "3", NotOffered()),
        ("choice", "12", "0", Person()),
        ("rating", "", "5", Stars(5)),
        ("rating", "", "6", NotOffered()),
        ("rating", "", "0", Person()),
        ("digits", "", "5", More()),
        ("digits", "", "501#", Digits("501")),
        ("digits", "", "0#", Person()),
        ("digits", "", "0101#", Digits("0101")),
        ("digits", "", "50*", Cleared()),
        ("digits", "", "50*601#", Digits("601")),
        ("digits", "", "*", Back()),
        ("digits", "", "#", Again()),
        ("digits", "12", "2#", Option("2")),
        ("digits", "12", "3#", Digits("3")),
    ],
)
def test_a_key_means_what_was_asked_for(entry: str, options: str, keys: str, meaning: object) -> None:
    keypad = Keypad()
    keypad.ask(entry, frozenset(options))  # type: ignore[arg-type]
    assert [keypad.press(key) for key in keys][-1] == meaning


def test_a_value_of_known_length_needs_no_end() -> None:
    keypad = Keypad()
    keypad.ask("digits", length=6)
    assert [keypad.press(key) for key in "123456"][-1] == Digits("123456")


def test_a_star_parts_the_places_of_a_room() -> None:
    keypad = Keypad()
    keypad.ask("digits", parted=True)
    assert [keypad.press(key) for key in "3*2*501#"][-1] == Digits("3*2*501")


def test_a_pause_ends_digits_and_nothing_else() -> None:
    keypad = Keypad()
    keypad.ask("digits")
    assert keypad.pause() is None
    keypad.press("5")
    assert keypad.pause() == Digits("5")


async def test_a_key_cuts_what_is_being_said_at_once(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "在哪儿？厨房请按一，卫生间请按二", options=ROOMS)
    await call.caller.passes(0.5)
    await call.caller.presses("2")
    assert call.caller.line.heard[-1].seconds < 0.7
    assert call.office.sent[-1] == "卫生间"
    assert call.office.chosen[-1] == Chosen(CONVERSATION, 3, "2")


async def test_an_option_may_be_named_by_its_number(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "在哪儿？", options=ROOMS)
    await call.caller.hears("在哪儿")
    await call.caller.says("第二个")
    assert call.office.chosen[-1] == Chosen(CONVERSATION, 3, "2")


async def test_a_key_that_is_not_on_offer_says_so_and_asks_again(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "在哪儿？", options=ROOMS)
    await call.caller.hears("在哪儿")
    await call.caller.presses("9")
    await call.caller.hears(call.prompt("invalid_key"))
    await call.caller.hears("在哪儿")
    assert len(call.office.sent) == 1


async def test_zero_is_a_person_always(ring: Ring) -> None:
    call = await ring()
    await call.caller.presses("0")
    assert call.office.sent == ["转人工"]


async def test_zero_is_the_persons_option_where_one_is_offered(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("你好")
    call.office.answer(call.session, "要报修吗？", options={"1": "报修", "0": "转人工"})
    await call.caller.hears("要报修吗")
    await call.caller.presses("0")
    assert call.office.chosen[-1] == Chosen(CONVERSATION, 3, "0")


async def test_keyed_digits_end_with_a_pause(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "您的房号？", expects="room")
    await call.caller.hears("房号")
    await call.caller.presses("501")
    assert len(call.office.sent) == 1
    await call.caller.passes(3.5)
    assert len(call.office.sent) == 2
    assert "501" in call.office.sent[1]


async def test_keyed_digits_that_are_no_such_value_are_explained(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "您的电话？", expects="phone")
    await call.caller.hears("电话")
    await call.caller.presses("123#")
    await call.caller.listens()
    assert len(call.office.sent) == 1
    assert call.caller.heard_since()


async def test_a_spoken_number_is_read_back_and_used_when_it_is_right(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "您的电话？", expects="phone")
    await call.caller.hears("电话")
    await call.caller.says("一三八零零一三八零零零")
    await call.caller.listens()
    assert len(call.office.sent) == 1
    await call.caller.says("对的")
    assert call.office.sent[1] == "13800138000"


async def test_a_number_read_back_wrong_is_asked_for_again(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "您的电话？", expects="phone")
    await call.caller.hears("电话")
    await call.caller.says("一三八零零一三八零零零")
    await call.caller.listens()
    await call.caller.presses("2")
    await call.caller.hears(call.prompt("read_back_again"))
    await call.caller.presses("13900139000")
    assert call.office.sent[1] == "13900139000"


async def test_star_opens_the_menu_and_a_key_of_it_speaks_for_the_caller(ring: Ring) -> None:
    call = await ring()
    await call.caller.presses("*")
    await call.caller.hears(call.prompt("menu"))
    await call.caller.presses("2")
    assert call.office.sent == ["查一下物业费"]


async def test_stars_for_the_service_are_kept_with_the_call(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(owner="rating")
    call.office.answer(call.session, "请打分", expects="rating")
    await call.caller.hears("请打分")
    await call.caller.presses("4")
    assert (call.office.stars, call.office.sent) == ([4], ["4"])


async def test_a_known_number_is_greeted_by_home_after_its_room_was_keyed(ring: Ring) -> None:
    call = await ring(PaperOffice(known=True))
    await call.caller.presses("501#")
    assert "翠湖花园3栋2单元501" in await call.caller.listens()
    assert call.office.sent == []


async def test_two_wrong_rooms_leave_the_caller_unverified(ring: Ring) -> None:
    call = await ring(PaperOffice(known=True))
    await call.caller.presses("502#")
    await call.caller.hears(call.prompt("confirm_home_again"))
    await call.caller.presses("503#")
    await call.caller.hears(call.prompt("home_not_confirmed"))
    await call.caller.presses("501#")
    assert "501" not in call.caller.transcript


@pytest.mark.parametrize("way", ["star", "silence"])
async def test_the_confirmation_can_be_skipped(ring: Ring, way: str) -> None:
    call = await ring(PaperOffice(known=True))
    if way == "star":
        await call.caller.presses("*")
    else:
        await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("home_not_confirmed"))


async def test_who_speaks_instead_of_confirming_is_answered(ring: Ring) -> None:
    call = await ring(PaperOffice(known=True))
    await call.caller.says("停水了吗")
    assert call.office.sent == ["停水了吗"]
