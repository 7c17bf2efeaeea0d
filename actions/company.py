"""Questions answered with the texts the company edits itself."""

from actions.base import DomainAction
from actions.turn import Event, Turn
from property_db.company import service as company
from property_db.company.service import CompanyInfoView, TopicUnknown
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

MOST_ESTATES = 3
"""Texts of more estates than these are not read out one after the other; it is asked which estate."""

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
        """Say the text of the resident's estate; those of all estates where that is unknown and they differ."""
        topic = TOPICS.get(turn.intent, "office_info")
        try:
            texts = await _texts(turn, topic)
        except TopicUnknown:
            turn.say("utter_company_info_none")
            return []
        if len(texts) > MOST_ESTATES:
            payload = f'/{turn.intent}{{"choice":"%s"}}'
            turn.offer("utter_ask_repair_estate", [(name, payload % name) for name in texts])
            return []
        for name, info in texts.items():
            _say(turn, info, name if len(texts) > 1 else "")
        if turn.intent in NEXT:
            turn.suggest(NEXT[turn.intent])
        return []


async def _texts(turn: Turn, topic: str) -> dict[str, CompanyInfoView]:
    """Return the texts by estate; one without a name where all are alike."""
    known = await turn.estate()
    chosen = [estate for estate in await turn.estates() if estate.name == turn.entity("choice")]
    estates = chosen or ([known] if known is not None else await turn.estates())
    texts = {estate.name: await company.topic(turn.session, estate.id, topic) for estate in estates}
    if len({(info.body, info.phone) for info in texts.values()}) > 1:
        return texts
    return {"": next(iter(texts.values()), None) or await company.topic(turn.session, None, topic)}


def _say(turn: Turn, info: CompanyInfoView, estate: str) -> None:
    if estate:
        turn.say("utter_company_info_of", estate=estate)
    turn.say("utter_company_info", body=info.body)
    if info.phone and info.phone not in info.body:
        turn.say("utter_company_info_phone", phone=info.phone)
    if info.url:
        turn.show(Link(title=info.title, url=info.url))
