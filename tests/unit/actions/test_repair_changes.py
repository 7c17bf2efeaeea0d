"""Progress, urging, changing and withdrawing of repairs that are filed."""

from sqlalchemy import select

from property_db.clock import SettableClock
from property_db.database import Database
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketState
from tests.unit.actions.conftest import Arrive, Resident


async def filed(resident: Resident, facility: str = "水龙头") -> str:
    """File a ticket behind the dialogue's back and return its number."""
    from property_db.people.scope import scope_of

    async with resident.database.transaction() as session:
        scope = await scope_of(session, resident.identity_id, resident.clock)
        draft = tickets.RepairDraft(
            identity_id=resident.identity_id,
            conversation_id=resident.conversation_id,
            home_id=scope.home_ids[0] if scope.home_ids else None,
            facility=facility,
            symptom="漏水",
            contact_phone="13800138000",
        )
        return (await tickets.report(session, draft, resident.clock)).number


async def ticket(database: Database, number: str) -> Ticket:
    async with database.reading() as session:
        found = await session.scalar(select(Ticket).where(Ticket.number == number))
    assert found is not None
    return found


async def move(resident: Resident, number: str, *states: TicketState) -> None:
    row = await ticket(resident.database, number)
    async with resident.database.transaction() as session:
        for state in states:
            await tickets.advance(session, row.id, state, "test", resident.clock, technician_name="赵师傅")


async def test_progress_shows_a_card_with_the_technician_masked(wang: Resident) -> None:
    number = await filed(wang)
    await move(wang, number, TicketState.ASSIGNED, TicketState.ACCEPTED)
    await wang.says("修到哪了", "query_repair_progress")
    answer = await wang.gets("action_query_repair_progress")
    card = next(card for card in answer.cards("ticket_card") if card["number"] == number)
    assert (card["state"], card["technician"]) == ("accepted", "赵**")
    assert answer.responses[-1] == "utter_repair_progress_next"


async def test_progress_of_nothing_offers_to_report(stranger: Resident) -> None:
    await stranger.says("修到哪了", "query_repair_progress")
    assert (await stranger.gets("action_query_repair_progress")).responses == ["utter_repair_progress_none"]


async def test_a_ticket_of_somebody_else_is_not_found(wang: Resident, arrive: Arrive) -> None:
    number = await filed(wang)
    other = await arrive()
    await other.says(f"{number}修到哪了", "query_repair_progress", ticket_no=number)
    answer = await other.gets("action_query_repair_progress")
    assert answer.responses == ["utter_ticket_not_found"]
    assert not answer.cards("ticket_card")


async def test_urging_counts_and_the_fourth_time_offers_a_person(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    for _ in range(3):
        await wang.says("快点来", "urge_repair", ticket_no=number)
        assert (await wang.gets("action_urge_repair")).responses == ["utter_repair_urged"]
    await wang.says("快点来", "urge_repair", ticket_no=number)
    answer = await wang.gets("action_urge_repair")
    assert answer.responses == ["utter_urge_too_often"]
    assert answer.slots()["offer"]["intent"] == "request_human"
    assert (await ticket(database, number)).urged_count == 3


async def test_the_same_message_urges_once_however_often_it_is_run(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    await wang.says("快点来", "urge_repair", ticket_no=number)
    first = await wang.gets("action_urge_repair")
    again = await wang.gets("action_urge_repair")
    assert again.said == first.said
    assert (await ticket(database, number)).urged_count == 1


async def test_urging_with_nothing_open_offers_to_report(stranger: Resident) -> None:
    await stranger.says("怎么还不来", "urge_repair")
    assert (await stranger.gets("action_urge_repair")).responses == ["utter_no_open_ticket"]


async def test_a_change_that_says_everything_is_applied_at_once(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    time = ("2026-11-23T10:00:00+08:00", "后天上午十点")
    await wang.says("把水龙头的时间改到后天上午十点", "change_repair", facility="水龙头", time=time)
    begun = await wang.gets("action_change_repair")
    assert begun.followup() == "change_repair_form"
    wang.form = "change_repair_form"
    await wang.gets("validate_change_repair_form")
    assert wang.asked is None
    wang.form = None
    done = await wang.gets("action_apply_repair_change")
    assert done.responses == ["utter_change_time_done"]
    changed = (await ticket(database, number)).appointment_start
    assert changed is not None
    assert changed.isoformat() == "2026-11-23T02:00:00+00:00"
    assert wang.slots["change_what"] is None


async def test_what_is_missing_for_a_change_is_asked(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    await wang.says("我想改一下那个单子", "change_repair", ticket_no=number)
    await wang.gets("action_change_repair")
    wang.form = "change_repair_form"
    await wang.gets("validate_change_repair_form")
    assert wang.asked == "change_what"
    await wang.answers("/inform", "inform", choice="change_note")
    assert wang.asked == "change_note"
    await wang.answers("师傅来的时候请带梯子", "chitchat")
    wang.form = None
    assert (await wang.gets("action_apply_repair_change")).responses == ["utter_change_note_done"]
    assert (await ticket(database, number)).symptom.endswith("师傅来的时候请带梯子")


async def test_of_several_tickets_it_is_asked_which(wang: Resident) -> None:
    first, second = await filed(wang, "水龙头"), await filed(wang, "马桶")
    await wang.says("改个时间", "change_repair")
    await wang.gets("action_change_repair")
    wang.form = "change_repair_form"
    await wang.gets("validate_change_repair_form")
    assert wang.asked == "change_ticket"
    offered = await wang.gets("action_ask_change_ticket")
    assert {first, second} <= {payload.split('"')[3] for payload in offered.payloads()}
    await wang.answers("马桶那个", facility="马桶")
    assert wang.slots["change_ticket"] == second
    assert wang.asked == "change_time"


async def test_a_number_that_is_not_theirs_is_asked_again(wang: Resident) -> None:
    await filed(wang, "水龙头")
    await filed(wang, "马桶")
    await wang.says("改个时间", "change_repair")
    await wang.gets("action_change_repair")
    wang.form = "change_repair_form"
    await wang.gets("validate_change_repair_form")
    answer = await wang.answers("WX200101-0001", ticket_no="WX200101-0001")
    assert answer.responses == ["utter_ticket_not_found"]
    assert wang.asked == "change_ticket"


async def test_withdrawing_asks_first_and_then_does_it(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    await wang.says("把那个单子取消掉", "cancel_repair", ticket_no=number)
    await wang.gets("action_cancel_repair")
    wang.form = "cancel_repair_form"
    await wang.gets("validate_cancel_repair_form")
    assert wang.asked == "cancel_confirmed"
    assert (await wang.gets("action_ask_cancel_confirmed")).params("utter_ask_cancel_confirmed")["number"] == number
    await wang.answers("确定取消", "cancel_repair")
    wang.form = None
    assert (await wang.gets("action_apply_repair_cancel")).responses == ["utter_cancel_done"]
    assert (await ticket(database, number)).state == "cancelled"


async def test_no_keeps_the_ticket(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    await wang.says("取消", "cancel_repair", ticket_no=number)
    await wang.gets("action_cancel_repair")
    wang.form = "cancel_repair_form"
    await wang.gets("validate_cancel_repair_form")
    await wang.answers("还是修吧", "deny")
    wang.form = None
    assert (await wang.gets("action_apply_repair_cancel")).responses == ["utter_cancel_kept"]
    assert (await ticket(database, number)).state == "new"


async def test_a_ticket_with_somebody_on_the_way_cannot_be_withdrawn_here(wang: Resident, clock: SettableClock) -> None:
    number = await filed(wang)
    await move(wang, number, TicketState.ACCEPTED, TicketState.ON_THE_WAY)
    await wang.says("取消", "cancel_repair", ticket_no=number)
    await wang.gets("action_cancel_repair")
    wang.form = "cancel_repair_form"
    await wang.gets("validate_cancel_repair_form")
    await wang.answers("确定", "affirm")
    wang.form = None
    answer = await wang.gets("action_apply_repair_cancel")
    assert answer.responses == ["utter_ticket_too_late"]
    assert wang.slots["cancel_ticket"] is None


async def test_withdrawing_with_nothing_open_says_so(stranger: Resident) -> None:
    await stranger.says("取消报修", "cancel_repair")
    answer = await stranger.gets("action_cancel_repair")
    assert answer.responses == ["utter_cancel_nothing_open"]
    assert answer.followup() is None


async def test_guidance_has_steps_and_offers_a_technician(stranger: Resident) -> None:
    await stranger.says("马桶堵了自己怎么通", "ask_repair_guide", facility="马桶")
    answer = await stranger.gets("action_repair_guide")
    assert answer.params("utter_guide_steps")["steps"].startswith("1. ")
    assert answer.params("utter_guide_next")["facility"] == "马桶"


async def test_stars_go_to_the_newest_finished_repair(wang: Resident, database: Database) -> None:
    number = await filed(wang)
    await move(wang, number, TicketState.ACCEPTED, TicketState.IN_PROGRESS, TicketState.DONE)
    await wang.says("修得不错，五星", "rate_service", rating="5")
    assert (await wang.gets("action_rate_service")).responses == ["utter_rating_thanks"]
    await wang.says("我要评价", "rate_service")
    assert (await wang.gets("action_rate_service")).responses == ["utter_rating_block"]
