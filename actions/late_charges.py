"""What late payment has cost a resident's own homes."""

from collections.abc import Sequence

from actions.catalogue import mentions
from actions.turn import Turn
from actions.wording import period_text, short, yuan_text
from property_db.estates.models import Home
from property_db.fees import service as fees


def asked_for(turn: Turn) -> bool:
    """Whether the message speaks of charges for late payment."""
    return mentions("late_charge", turn.typed)


async def tell(turn: Turn, homes: Sequence[Home], fee_type: str | None, period: str | None) -> None:
    """Say which open bills of these homes bear a late charge, home by home, or that none does."""
    for home in homes:
        owed = await fees.arrears(turn.session, [home], fee_type, period, turn.clock)
        late = [bill for bill in owed.bills if bill.late_fee_fen]
        where = {
            "home": home.label if len(turn.homes) > 1 else short("your_home"),
            "scope": f"{period_text(period)}{fee_type or ''}",
        }
        if not late:
            turn.say("utter_late_charge_none", **where)
            continue
        turn.say("utter_late_charge", **where, total=yuan_text(sum(bill.late_fee_fen for bill in late)))
        for bill in late:
            turn.say(
                "utter_late_charge_line",
                label=short("bill", fee_type=bill.fee_type, period=period_text(bill.period)),
                late_fee=yuan_text(bill.late_fee_fen),
                due_on=bill.due_on.isoformat(),
                open=yuan_text(bill.amount_fen - bill.paid_fen),
            )
