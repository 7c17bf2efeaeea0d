"""What is owed, what was paid, why a bill is what it is, what things cost, and bills that are disputed."""

from collections.abc import Sequence

from actions.base import DomainAction, answer_later, set_slots, wish
from actions.company import read_out
from actions.late_charges import asked_for as asks_for_late_charge
from actions.late_charges import tell as tell_late_charges
from actions.offers import make_offer
from actions.others import names_somebody_else
from actions.turn import Event, Turn
from actions.wording import period_text, short, yuan_text
from property_db.clock import SHANGHAI
from property_db.complaints import service as complaints
from property_db.complaints.models import ComplaintCategory
from property_db.conversations.blocks import BillCard, BillLine
from property_db.estates.models import Home
from property_db.fees import service as fees
from property_db.fees.models import BillState
from property_db.fees.schemas import Arrears, BillView, Explanation, PaymentView, Standard
from property_db.people.errors import HomeNotYours, NotVerified

NEWEST = 6
"""Payments told where no period is named."""
MOST_LINES = 24
"""More payments or bills than these are told as one line for each fee."""
ALL = 1000
"""So many bills or payments of one home and period there never are."""
LEAST_OBJECTION = 2
"""So many characters beside fee and period, and something may be objected."""


class _AboutFees(DomainAction):
    """Reads fee and period from the message, or from the answer before when only one of them is new."""

    def asked(self, turn: Turn) -> tuple[str | None, str | None]:
        """Return fee type and period the message names."""
        fee_type, period = turn.entity("fee_type"), turn.entity("period")
        return (str(fee_type) if fee_type else None), (str(period) if period else None)

    async def about(self, turn: Turn) -> tuple[Home, ...]:
        """Return the homes the message is about.

        Raises:
            NotVerified: nothing is bound.
            HomeNotYours: it asks about a home or a person of others.
        """
        if not turn.homes:
            raise NotVerified
        if await names_somebody_else(turn):
            raise HomeNotYours
        return await turn.own_homes()

    def scope_text(self, fee_type: str | None, period: str | None) -> str:
        """Return `2026年10月物业费` or as much of it as was named."""
        return f"{period_text(period)}{fee_type or ''}"

    def home_text(self, turn: Turn, home: Home) -> str:
        """Return the home's name where there is more than one, otherwise 您家."""
        return home.label if len(turn.homes) > 1 else short("your_home")


class QueryArrears(_AboutFees):
    """Tells what is still to pay, home by home."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_query_arrears"

    async def work(self, turn: Turn) -> list[Event]:
        """Say the sum of each home and show its bills; of a period also what is paid already."""
        fee_type, period = self.asked(turn)
        owing = False
        for home in await self.about(turn):
            arrears = await fees.arrears(turn.session, [home], fee_type, period, turn.clock)
            where = {"home": self.home_text(turn, home), "scope": self.scope_text(fee_type, period)}
            known = await fees.bills(turn.session, [home], fee_type, period, ALL, turn.clock)
            paid = [bill for bill in known if bill.state is BillState.PAID] if period else []
            if arrears.bills:
                owing = True
                turn.say("utter_arrears", **where, total=arrears.total_text)
                turn.show(_card(home, arrears))
            elif not known and (fee_type or period):
                turn.say("utter_bills_none", **where)
            elif not paid:
                turn.say("utter_arrears_none", **where)
            _paid(turn, paid, where)
        turn.suggest("utter_arrears_next" if owing else "utter_arrears_none_next")
        return set_slots(fee_focus={"fee_type": fee_type, "period": period})


def _label(bill: BillView | PaymentView) -> str:
    return short("bill", fee_type=bill.fee_type, period=period_text(bill.period))


def _paid(turn: Turn, paid: Sequence[BillView], where: dict[str, str]) -> None:
    """Tell the amounts of bills that are paid."""
    if len(paid) == 1:
        turn.say("utter_bill_paid", home=where["home"], label=_label(paid[0]), amount=paid[0].amount_text)
    elif paid:
        total = yuan_text(sum(bill.amount_fen for bill in paid))
        turn.say("utter_bills_paid", **where, count=len(paid), total=total)
        if len(paid) <= MOST_LINES:
            for bill in paid:
                turn.say("utter_bill_paid_line", label=_label(bill), amount=bill.amount_text)
        else:
            _by_fee(turn, [(bill.fee_type, bill.amount_fen) for bill in paid])


def _by_fee(turn: Turn, amounts: Sequence[tuple[str, int]]) -> None:
    for fee_type in dict.fromkeys(fee_type for fee_type, _ in amounts):
        of_fee = [fen for name, fen in amounts if name == fee_type]
        turn.say("utter_fee_sum_line", fee=fee_type, count=len(of_fee), total=yuan_text(sum(of_fee)))


def _card(home: Home, arrears: Arrears) -> BillCard:
    lines = [
        BillLine(
            label=short("bill_label", fee_type=bill.fee_type, period=bill.period),
            amount_fen=bill.due_fen,
            state=bill.state.value,
            due_on=bill.due_on.isoformat(),
            late_fee_fen=bill.late_fee_fen,
        )
        for bill in arrears.bills
    ]
    return BillCard(title=short("arrears_card"), home=home.label, total_fen=arrears.total_fen, lines=lines)


class QueryPaymentHistory(_AboutFees):
    """Tells what was paid."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_query_payment_history"

    async def work(self, turn: Turn) -> list[Event]:
        """List the newest payments, or all of the period with their sum, home by home; then what is still open."""
        fee_type, period = self.asked(turn)
        for home in await self.about(turn):
            paid = await fees.payments(turn.session, [home], fee_type, period, ALL if period else NEWEST)
            where = {"home": self.home_text(turn, home), "scope": self.scope_text(fee_type, period)}
            if not paid:
                turn.say("utter_payments_none", **where)
            elif period:
                total = yuan_text(sum(payment.amount_fen for payment in paid if not payment.refunded))
                turn.say("utter_payments_of", **where, count=len(paid), total=total)
            else:
                turn.say("utter_payments", **where, count=len(paid))
            _payments(turn, paid)
            if fee_type or period:
                await self._still_open(turn, home, fee_type, period)
            if paid:
                turn.suggest("utter_payments_next")
        return set_slots(fee_focus={"fee_type": fee_type, "period": period})

    async def _still_open(self, turn: Turn, home: Home, fee_type: str | None, period: str | None) -> None:
        where = {"home": self.home_text(turn, home), "scope": self.scope_text(fee_type, period)}
        arrears = await fees.arrears(turn.session, [home], fee_type, period, turn.clock)
        if arrears.bills:
            open_bills = short("list_separator").join(_label(bill) for bill in arrears.bills)
            turn.say("utter_payments_open", **where, bills=open_bills, total=arrears.total_text)
        elif await fees.bills(turn.session, [home], fee_type, period, 1, turn.clock):
            turn.say("utter_payments_complete", **where)
        else:
            turn.say("utter_bills_none", **where)


def _payments(turn: Turn, paid: Sequence[PaymentView]) -> None:
    if len(paid) > MOST_LINES:
        _by_fee(turn, [(payment.fee_type, payment.amount_fen) for payment in paid if not payment.refunded])
        return
    for payment in paid:
        turn.say(
            "utter_payment_refunded_line" if payment.refunded else "utter_payment_line",
            paid_on=payment.paid_at.astimezone(SHANGHAI).date().isoformat(),
            label=_label(payment),
            amount=payment.amount_text,
            channel=payment.channel,
        )


class ExplainBill(_AboutFees):
    """Shows how a bill was computed."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_explain_bill"

    async def work(self, turn: Turn) -> list[Event]:
        """Explain the bill asked about, or the one spoken of before; a sum of several first by its parts."""
        focus = turn.slot("fee_focus") or {}
        fee_type, period = self.asked(turn)
        fee_type, period = fee_type or focus.get("fee_type"), period or focus.get("period")
        homes = await self.about(turn)
        if asks_for_late_charge(turn):
            await tell_late_charges(turn, homes, fee_type, period)
            await read_out(turn, "late_fee")
            return set_slots(fee_focus={"fee_type": fee_type, "period": period})
        try:
            explanation = await fees.explain(turn.session, homes, fee_type, period, turn.clock)
        except fees.NoBill:
            turn.say("utter_explain_none", home=self._all(turn, homes), scope=self.scope_text(fee_type, period))
            return []
        for home in homes if period is None else ():
            arrears = await fees.arrears(turn.session, [home], fee_type, None, turn.clock)
            if len(arrears.bills) > 1:
                _explain_sum(turn, arrears, self.home_text(turn, home), fee_type)
        home = next(home for home in homes if home.id == explanation.bill.home_id)
        _explain(turn, explanation, self.home_text(turn, home))
        turn.suggest("utter_explain_next")
        return set_slots(fee_focus={"fee_type": explanation.bill.fee_type, "period": explanation.bill.period})

    def _all(self, turn: Turn, homes: Sequence[Home]) -> str:
        return self.home_text(turn, homes[0]) if len(homes) == 1 else short("your_home")


def _explain_sum(turn: Turn, arrears: Arrears, home: str, fee_type: str | None) -> None:
    """Say which bills make up what is owed, late charge and part payments included."""
    turn.say("utter_explain_sum", home=home, scope=fee_type or "", total=arrears.total_text, count=len(arrears.bills))
    for bill in arrears.bills:
        paid = short("owed_paid", paid=yuan_text(bill.paid_fen)) if bill.paid_fen else ""
        late = short("owed_late", late_fee=yuan_text(bill.late_fee_fen)) if bill.late_fee_fen else ""
        turn.say("utter_explain_sum_line", label=_label(bill), due=bill.due_text, details=paid + late)
    turn.say("utter_explain_for_example")


def _explain(turn: Turn, explanation: Explanation, home: str) -> None:
    bill = explanation.bill
    label = _label(bill)
    if not explanation.proven:
        turn.say("utter_explain_unknown", home=home, label=label, amount=bill.amount_text)
        return
    turn.say(
        f"utter_explain_{explanation.method.value}",
        home=home,
        label=label,
        amount=bill.amount_text,
        **explanation.model_dump(
            include={
                "unit_price", "area", "months", "previous_reading", "current_reading", "usage", "shared_usage",
                "total_area",
            }
        ),
        times=short("times", count=explanation.count) if explanation.count not in (None, "1") else "",
    )  # fmt: skip
    before, difference = explanation.previous, explanation.difference_fen
    if before is not None and difference is not None:
        response = "more" if difference > 0 else "less" if difference < 0 else "same"
        turn.say(
            f"utter_explain_{response}",
            previous_period=period_text(before.period),
            previous_amount=before.amount_text,
            difference=yuan_text(abs(difference)),
        )
    if bill.late_fee_fen:
        turn.say("utter_explain_late_fee", late_fee=yuan_text(bill.late_fee_fen))


class FeeStandard(_AboutFees):
    """Tells the tariffs, which are public."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_fee_standard"

    async def work(self, turn: Turn) -> list[Event]:
        """List the tariffs of the resident's estate, or of all where it is not known.

        Whoever names a home, or, with one bound, a period, asks for a bill.
        """
        if turn.entity("room") or (turn.homes and self.asked(turn)[1]) or await names_somebody_else(turn):
            return await answer_later(turn, wish(turn, "action_query_arrears"))
        estate = await turn.estate()
        fee_type, _ = self.asked(turn)
        found = await fees.standards(turn.session, estate.id if estate else None, fee_type)
        if not found:
            turn.say("utter_fee_standard_none")
        named = ""
        for standard in found:
            if standard.estate_name != named:
                named = standard.estate_name
                turn.say("utter_fee_standards", estate=named)
            _standard(turn, standard)
        return []


def _standard(turn: Turn, standard: Standard) -> None:
    note = short("note", note=standard.note) if standard.note else ""
    turn.say(
        f"utter_fee_standard_{standard.method.value}",
        fee=standard.fee_type,
        unit_price=standard.unit_price,
        cycle=short("every_months", count=standard.cycle_months) if standard.cycle_months > 1 else short("monthly"),
        note=note,
    )


class DisputeFee(_AboutFees):
    """Records that a resident holds a charge to be wrong, and offers a person."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_dispute_fee"

    async def work(self, turn: Turn) -> list[Event]:
        """File it under fees with the resident's own words. Whether it is right is for people to say."""
        if turn.typed and len(turn.rest("fee_type", "period")) < LEAST_OBJECTION:
            return await answer_later(turn, wish(turn, "action_inform"))  # 水费呢 objects to nothing
        draft = complaints.ComplaintDraft(
            identity_id=turn.scope.identity_id,
            category=ComplaintCategory.FEE,
            text=turn.typed or short("fee_dispute"),
            home_id=turn.homes[0].id if len(turn.homes) == 1 else None,
            conversation_id=turn.conversation.id,
            source_message_id=turn.message_id,
        )
        complaint = await complaints.file(turn.session, draft, turn.clock)
        turn.say("utter_dispute_recorded", number=complaint.number)
        return set_slots(offer=make_offer(turn, "request_human"))


__all__ = ["DisputeFee", "ExplainBill", "FeeStandard", "QueryArrears", "QueryPaymentHistory"]
