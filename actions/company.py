"""Questions answered with the texts the company edits itself."""

from contextlib import suppress

from actions import late_charges
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
        """Say the text of the resident's estate; where that is unknown, what differs for each of them."""
        if turn.intent == "ask_late_fee" and turn.homes and late_charges.asked_for(turn):
            fee_type, period = turn.entity("fee_type"), turn.entity("period")
            homes = await turn.own_homes()
            await late_charges.tell(turn, homes, fee_type and str(fee_type), period and str(period))
        if await read_out(turn, TOPICS.get(turn.intent, "office_info")) and turn.intent in NEXT:
            turn.suggest(NEXT[turn.intent])
        return []


async def read_out(turn: Turn, topic: str) -> bool:
    """Say the company's text on a topic; whether it was said."""
    texts = await _texts(turn, topic)
    if not texts:
        turn.say("utter_company_info_none")
        return False
    bodies = {name: info.body.split("\n") for name, info in texts.items()}
    common = [line for line in next(iter(bodies.values())) if all(line in lines for lines in bodies.values())]
    own = {name: [line for line in lines if line not in common] for name, lines in bodies.items()}
    phones = {name: info.phone for name, info in texts.items() if info.phone and info.phone not in info.body}
    if len(texts) > MOST_ESTATES and any(own.values()) and turn.intent in TOPICS:
        payload = f'/{turn.intent}{{"choice":"%s"}}'
        turn.offer("utter_ask_repair_estate", [(name, payload % name) for name in texts])
        return False
    for name, lines in own.items():
        if lines:
            turn.say("utter_company_info_of", estate=name, body="\n".join(lines))
    if common:
        turn.say("utter_company_info", body="\n".join(common))
    alike = len(phones) == len(texts) and len(set(phones.values())) == 1
    for name, phone in list(phones.items())[: 1 if alike else None]:
        if alike:
            turn.say("utter_company_info_phone", phone=phone)
        else:
            turn.say("utter_company_info_phone_of", estate=name, phone=phone)
    for title, url in dict.fromkeys((info.title, info.url) for info in texts.values() if info.url):
        turn.show(Link(title=title, url=url))
    return True


async def _texts(turn: Turn, topic: str) -> dict[str, CompanyInfoView]:
    """Return the texts by estate: of the one chosen, of the resident's, otherwise of all that have one."""
    known = await turn.estate()
    chosen = [estate for estate in await turn.estates() if estate.name == turn.entity("choice")]
    estates = chosen or ([known] if known is not None else await turn.estates())
    texts: dict[str, CompanyInfoView] = {}
    asked: list[tuple[str, int | None]] = [(estate.name, estate.id) for estate in estates]
    for name, estate_id in asked or [("", None)]:
        with suppress(TopicUnknown):
            texts[name] = await company.topic(turn.session, estate_id, topic)
    return texts
