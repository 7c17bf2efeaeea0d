"""Reporting a repair: the form's questions, its start, its summary, and the ticket."""

from typing import Any

from actions.base import DomainAction, set_slots
from actions.cards import notice_card
from actions.catalogue import facility_areas, mentions, names_fault, section
from actions.draft import Draft
from actions.questions import Answers, PhoneNumber, VisitTime, YesOrNo, leaves_it_open, meant, parse_span
from actions.repair_questions import (
    Address,
    EstateChoice,
    Facility,
    HomeChoice,
    Place,
    Symptom,
    Urgency,
)
from actions.task_ends import Completion
from actions.tasks import Task
from actions.turn import Event, Turn
from actions.wording import appointed_text, short, span_text
from property_db.notices import service as notices
from property_db.people import service as people
from property_db.people.masking import mask_phone
from property_db.tickets import service as tickets
from property_db.tickets.models import Urgency as TicketUrgency


def _new(answers: Answers) -> bool:
    """Whether this is a repair of its own, not one that is open already."""
    return answers.get("repair_same") is not True


def _at_home(answers: Answers) -> bool:
    return _new(answers) and answers.get("repair_area") != short("area_common")


class ReportRepairForm(Task):
    """The questions of a repair report."""

    form = "report_repair_form"
    own_intents = frozenset({"report_repair", "change_repair", "urge_repair"})
    stop_intents = frozenset({"cancel_repair"})
    correction = "repair_correction"
    confirmation = "repair_confirmed"
    photos = "repair_photos"
    other_slots = ("repair_area", "repair_like", "repair_homes")
    questions = (
        Facility("repair_facility", "utter_facility_unclear", field="facility"),
        Symptom("repair_symptom", "utter_text_too_short", field="symptom"),
        YesOrNo("repair_same", "utter_same_unclear", wanted=lambda answers: bool(answers.get("repair_like"))),
        HomeChoice(
            "repair_home",
            "utter_home_unclear",
            wanted=lambda answers: _at_home(answers) and (answers.get("repair_homes") or 0) > 1,
        ),
        EstateChoice(
            "repair_estate",
            "utter_estate_unclear",
            wanted=lambda answers: _new(answers) and answers.get("repair_homes") == 0,
        ),
        Address(
            "repair_address",
            "utter_address_unclear",
            wanted=lambda answers: _at_home(answers) and answers.get("repair_homes") == 0,
        ),
        Place("repair_place", "utter_place_unclear", wanted=_new, field="place"),
        Urgency(
            "repair_urgency",
            "utter_urgency_unclear",
            wanted=_new,
            entity="urgency",
            values=(("normal", "not_urgent"), ("urgent", "urgent")),
        ),
        VisitTime("repair_time", "utter_time_unclear", wanted=_new, field="time"),
        PhoneNumber("repair_phone", "utter_phone_unclear", wanted=_new, field="phone"),
        YesOrNo("repair_confirmed", "utter_yes_or_no", wanted=_new),
    )

    async def begin(self, turn: Turn, answers: Draft) -> None:
        """Fill in the resident's own number and home; tell of an outage that may be the reason."""
        answers.set("repair_homes", len(turn.homes))
        person = await people.person_of(turn.session, turn.scope.identity_id)
        if person is not None and answers.get("repair_phone") is None:
            answers.set("repair_phone", person.phone)
        if len(turn.homes) == 1:
            answers.set("repair_home", turn.homes[0].id)
        utility = turn.entity("utility")
        if utility is not None and turn.homes:
            running = [
                notice
                for notice in await notices.outages(turn.session, homes=turn.homes, utility=utility, clock=turn.clock)
                if notice.running
            ]
            if running:
                turn.say("utter_notice_explains_fault", where=short("your_building"))
                turn.show(notice_card(running[0]))

    async def settle(self, turn: Turn, answers: Draft) -> None:
        """Draw the conclusions that need no question."""
        self._conclude_area(turn, answers)
        if answers.changed("repair_time") and answers.get("repair_urgency") is None:
            answers.set("repair_urgency", "normal" if answers.get("repair_time") else "urgent")
        if answers.get("repair_urgency") == "urgent" and answers.get("repair_time") is None:
            answers.set("repair_time", {})
        if answers.changed("repair_urgency") and answers.get("repair_urgency") == "normal":
            self._reopen_time(answers)
        self._leave_time_open(turn, answers)
        if not turn.homes:
            await self._conclude_estate(turn, answers)
        self._another_fault(turn, answers)
        if answers.replaced("repair_facility"):
            answers.set("repair_like", None)
        if answers.get("repair_facility") and answers.get("repair_symptom") and answers.get("repair_like") is None:
            home = answers.get("repair_home")
            like = await tickets.duplicate_of(
                turn.session, turn.scope, home, answers.get("repair_facility"), turn.clock
            )
            same = like is not None and not _elsewhere(like.place, answers.get("repair_place"))
            answers.set("repair_like", like.number if like is not None and same else "")

    def _conclude_area(self, turn: Turn, answers: Draft) -> None:
        said = meant(turn, "area")
        if said is not None:
            answers.set("repair_area", said)
        elif answers.changed("repair_facility") or answers.get("repair_area") is None:
            usual = facility_areas().get(answers.get("repair_facility"))
            if usual is not None:
                answers.set("repair_area", usual)
        common = answers.get("repair_area") == short("area_common")
        facility = answers.get("repair_facility") or ""
        # The lift of a resident is the lift of their staircase; the summary shows it, so it can be put right.
        if common and turn.homes and not answers.get("repair_place") and mentions("in_building", facility):
            answers.set("repair_place", staircase(turn))
        elif common and not turn.homes:
            self._building_of_a_stranger(turn, answers)
        elif not common and facility in section("supplies").values() and not answers.get("repair_place"):
            answers.set("repair_place", short("area_home"))  # a missing supply has no place of its own

    def _building_of_a_stranger(self, turn: Turn, answers: Draft) -> None:
        """3栋2单元电梯坏了 says where the lift is, although it names no place."""
        building, unit, place = turn.entity("building"), turn.entity("unit"), answers.get("repair_place")
        if building is None or any(sign.isdigit() for sign in place or ""):
            return
        where = (
            short("building", building=building) if unit is None else short("staircase", building=building, unit=unit)
        )
        answers.set("repair_place", " ".join(part for part in (where, place) if part))

    def _leave_time_open(self, turn: Turn, answers: Draft) -> None:
        """不急，什么时候都行: no time is to be agreed on; 下班以后 is noted, being no time a ticket could hold."""
        asked = turn.slot("requested_slot")
        calm = asked == "repair_urgency" and answers.get("repair_urgency") == "normal"
        if calm and leaves_it_open(turn.typed) and answers.get("repair_time") is None:
            answers.set("repair_time", {})
        noted = asked in ("repair_urgency", "repair_time") and answers.get("repair_time") == {}
        if noted and mentions("after_work", turn.typed):
            self.add(turn, answers, turn.typed)

    def _reopen_time(self, answers: Draft) -> None:
        """不急 after 尽快: then there is a time to agree on."""
        if answers.get("repair_time") == {} and not answers.changed("repair_time"):
            answers.set("repair_time", None)

    async def _conclude_estate(self, turn: Turn, answers: Draft) -> None:
        if answers.get("repair_estate") is None and (estate := await turn.estate()) is not None:
            answers.set("repair_estate", estate.name)

    def _another_fault(self, turn: Turn, answers: Draft) -> None:
        """不急，另外马桶也堵了: the answer is taken, and the rest is not dropped."""
        asked = turn.slot("requested_slot")
        if asked in (None, "repair_facility", "repair_symptom", "repair_place") or turn.answered_before(self.form):
            return
        if mentions("also", turn.typed) and not answers.changed("repair_symptom"):
            self.absorb(turn, answers)

    def absorb(self, turn: Turn, answers: Draft) -> bool:
        """Write what is told of the fault later on the same ticket: 水槽下面都湿了, or 马桶也堵了."""
        return names_fault(turn.typed) and self.add(turn, answers, turn.typed)

    def add(self, turn: Turn, answers: Draft, text: str) -> bool:
        """Write more on the same ticket."""
        known = answers.get("repair_symptom")
        if not known or not text.strip():
            return False
        answers.set("repair_symptom", known + short("and_also") + text)
        turn.say("utter_repair_added")
        return True


class AskRepairHome(DomainAction):
    """Asks which of several homes."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_repair_home"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the homes."""
        options = [(home.label, f'/inform{{"choice":"home_{home.id}"}}') for home in turn.homes]
        turn.offer("utter_ask_repair_home", options)
        return []


class AskRepairEstate(DomainAction):
    """Asks which estate."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_repair_estate"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the estates."""
        names = [estate.name for estate in await turn.estates()]
        turn.offer("utter_ask_repair_estate", [(name, f'/inform{{"choice":"{name}"}}') for name in names])
        return []


class AskRepairSame(DomainAction):
    """Asks whether it is the fault that is reported already."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_repair_same"

    async def work(self, turn: Turn) -> list[Event]:
        """Name the open ticket."""
        turn.say("utter_ask_repair_same", number=turn.slot("repair_like"), facility=turn.slot("repair_facility"))
        return []


class AskRepairConfirmed(DomainAction):
    """Shows the summary and asks whether it may be filed."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_repair_confirmed"

    async def work(self, turn: Turn) -> list[Event]:
        """Say everything that will be on the ticket."""
        start, end = parse_span(turn.slot("repair_time") or {})
        photos = turn.slot("repair_photos") or []
        turn.say(
            "utter_ask_repair_confirmed",
            facility=turn.slot("repair_facility"),
            symptom=turn.slot("repair_symptom"),
            place=" ".join(part for part in (_home_label(turn), _place(turn)) if part),
            when=span_text(start, end, turn.today),
            phone=mask_phone(turn.slot("repair_phone") or ""),
            photos=short("photos", count=len(photos)) if photos else short("no_photos"),
        )
        return []


def _elsewhere(filed: str, told: str | None) -> bool:
    """Whether two places differ: a tap in the kitchen is not the one in the bathroom. 户内 says nothing."""
    if not filed or not told or short("area_home") in (filed, told):
        return False
    return filed not in told and told not in filed


def _home_label(turn: Turn) -> str:
    if turn.slot("repair_area") == short("area_common"):
        return str(turn.slot("repair_estate") or "")
    return next((home.label for home in turn.homes if home.id == turn.slot("repair_home")), "")


def _place(turn: Turn) -> str:
    """Return the place as it stands on the ticket: with the address typed, or the staircase of the resident's home."""
    address, place = turn.slot("repair_address") or "", turn.slot("repair_place") or ""
    common = turn.slot("repair_area") == short("area_common")
    if common and turn.homes and mentions("in_building", place) and not any(sign.isdigit() for sign in place):
        address = staircase(turn)
    return " ".join(part for part in (address, place) if part)


def staircase(turn: Turn) -> str:
    """Return the building and unit of the resident's first home: `翠湖花园3栋2单元`."""
    home = turn.homes[0]
    return str(home.label.removesuffix(home.room))


class FileRepair(Completion):
    """Files the ticket."""

    task = ReportRepairForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_file_repair"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Write the ticket, or add to the one that is open already."""
        if answers["repair_same"]:
            return await self._add(turn, answers)
        if not answers["repair_confirmed"]:
            return []
        start, end = parse_span(answers["repair_time"] or {})
        common = answers["repair_area"] == short("area_common")
        person = await people.person_of(turn.session, turn.scope.identity_id)
        estate = next((e for e in await turn.estates() if e.name == answers["repair_estate"]), None)
        draft = tickets.RepairDraft(
            identity_id=turn.scope.identity_id,
            conversation_id=turn.conversation.id,
            home_id=None if common else answers["repair_home"],
            estate_id=estate.id if estate is not None else None,
            facility=answers["repair_facility"],
            area=answers["repair_area"] or short("area_home"),
            place=_place(turn),
            symptom=answers["repair_symptom"],
            urgency=TicketUrgency(answers["repair_urgency"] or "normal"),
            appointment_start=start,
            appointment_end=end,
            contact_name=person.name if person is not None else "",
            contact_phone=answers["repair_phone"],
            source_message_id=turn.message_id,
            upload_ids=answers["repair_photos"] or [],
        )
        ticket = await tickets.report(turn.session, draft, turn.clock)
        turn.say("utter_repair_filed", number=ticket.number, when=appointed_text(start, end, turn.today))
        turn.suggest("utter_repair_filed_next")
        return set_slots(ticket_number=ticket.number)

    async def _add(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        start, end = parse_span(answers["repair_time"] or {})
        changes = tickets.TicketChanges(
            appointment_start=start,
            appointment_end=end,
            details=answers["repair_symptom"],
            upload_ids=answers["repair_photos"] or [],
        )
        ticket = await tickets.change(turn.session, turn.scope, answers["repair_like"], changes, turn.clock)
        turn.say("utter_repair_already_filed", number=ticket.number)
        return set_slots(ticket_number=ticket.number)
