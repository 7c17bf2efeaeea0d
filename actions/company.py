"""Questions answered with the texts the company edits itself."""

from actions.base import DomainAction
from actions.turn import Event, Turn
from property_db.company import service as company
from property_db.company.service import TopicUnknown
from property_db.conversations.blocks import Link

TOPICS = {
    "ask_how_to_pay": "how_to_pay",
    "ask_late_fee": "late_fee",
    "request_invoice": "invoice",
    "ask_vacancy_discount": "vacancy_discount",
    "ask_utility": "utility",
    "ask_deposit_refund": "deposit_refund",
    "ask_repair_responsibility": "repair_responsibility",
    "ask_repair_price": "repair_price",
    "ask_parking_rental": "parking_rental",
    "report_parking_problem": "parking_problem",
    "request_visitor_pass": "visitor_pass",
    "ask_access_card": "access_card",
    "ask_renovation": "renovation",
    "request_move_out_pass": "move_out_pass",
    "ask_office_info": "office_info",
}
"""Intent → topic of the company's text."""

NEXT = {
    "ask_how_to_pay": "utter_after_how_to_pay",
    "ask_late_fee": "utter_after_late_fee",
    "ask_repair_responsibility": "utter_after_repair_info",
    "ask_repair_price": "utter_after_repair_info",
    "report_parking_problem": "utter_after_problem",
    "ask_access_card": "utter_after_problem",
    "ask_deposit_refund": "utter_after_problem",
}
"""What is offered after a topic."""


class CompanyInfo(DomainAction):
    """Reads out what the company has written on the topic."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_company_info"

    async def work(self, turn: Turn) -> list[Event]:
        """Say the text of the resident's estate, or the general one."""
        estate = await turn.estate()
        topic = TOPICS.get(turn.intent, "office_info")
        try:
            info = await company.topic(turn.session, estate.id if estate else None, topic)
        except TopicUnknown:
            turn.say("utter_company_info_none")
            return []
        turn.say("utter_company_info", body=info.body)
        if info.phone and info.phone not in info.body:
            turn.say("utter_company_info_phone", phone=info.phone)
        if info.url:
            turn.show(Link(title=info.title, url=info.url))
        if turn.intent in NEXT:
            turn.suggest(NEXT[turn.intent])
        return []
