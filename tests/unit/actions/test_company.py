"""What the company has written, for residents and for strangers, and the words beside binding."""

from sqlalchemy import select

from property_db.database import Database
from property_db.estates.models import Estate
from tests.unit.actions.conftest import Resident


async def test_a_stranger_hears_only_what_differs_once_for_each_estate(stranger: Resident) -> None:
    await stranger.says("物业服务中心几点上班", "ask_office_info")
    answer = await stranger.gets("action_company_info")
    told = {said["estate"]: said["body"] for said in answer.said if said["response"] == "utter_company_info_of"}
    assert "8:30" in told["翠湖花园"]
    assert "9:00" in told["金桂苑"]
    assert "咨询）" not in "".join(told.values())


async def test_a_text_that_is_alike_everywhere_is_said_once_with_the_numbers_of_each_estate(stranger: Resident) -> None:
    await stranger.says("怎么缴费", "ask_how_to_pay")
    answer = await stranger.gets("action_company_info")
    phone = "utter_company_info_phone_of"
    assert answer.responses == ["utter_company_info", phone, phone, "utter_after_how_to_pay"]


async def test_what_an_estate_has_not_entered_is_not_said(stranger: Resident, database: Database) -> None:
    async with database.transaction() as session:
        for estate in await session.scalars(select(Estate)):
            estate.settings, estate.address = {}, ""
    await stranger.says("物业服务中心几点上班", "ask_office_info")
    answer = await stranger.gets("action_company_info")
    assert answer.responses == ["utter_company_info"]
    body = answer.params("utter_company_info")["body"]
    assert body == "办公地址：小区物业服务中心前台。来访请带好房号，方便为您查询。"


async def test_a_resident_hears_the_own_estate_alone(wang: Resident) -> None:
    await wang.says("物业电话多少", "ask_office_info")
    assert (await wang.gets("action_company_info")).responses == ["utter_company_info"]


async def test_binding_is_offered_with_a_word_on_what_it_is_for(stranger: Resident) -> None:
    await stranger.says("绑定房屋", "bind_household")
    assert (await stranger.gets("action_bind_household")).responses == ["utter_bind_why", "utter_bind_block"]


async def test_questions_about_binding_are_answered_before_it_begins(stranger: Resident) -> None:
    for said in ("怎么收不到验证码", "我换手机号了", "租客能绑吗"):
        await stranger.says(said, "bind_household")
        answer = await stranger.gets("action_bind_household")
        assert answer.responses[0] == "utter_company_info", said
        assert "手机号" in answer.params("utter_company_info")["body"]
        assert answer.responses[-2:] == ["utter_bind_why", "utter_bind_block"]
