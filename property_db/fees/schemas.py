"""What leaves the fees package. Money is integer 分; `*_text` are decimal yuan strings ready for a sentence."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from property_db.fees.calculation import yuan_text
from property_db.fees.models import BillState, Method


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class BillView(_View):
    """One bill. `due_fen` is what is still to pay, late charge included; `overdue` that its day has passed unpaid."""

    bill_id: int
    home_id: int
    home_label: str
    fee_type: str
    period: str
    amount_fen: int
    paid_fen: int
    late_fee_fen: int
    due_fen: int
    due_on: date
    state: BillState
    overdue: bool

    @property
    def due_text(self) -> str:
        """What is still to pay in yuan."""
        return yuan_text(self.due_fen)

    @property
    def amount_text(self) -> str:
        """The bill's amount in yuan, late charge not included."""
        return yuan_text(self.amount_fen)


class Arrears(_View):
    """Everything still to pay: `total_fen` is the sum of the bills' `due_fen`, oldest bill first."""

    total_fen: int
    bills: list[BillView]

    @property
    def total_text(self) -> str:
        """The sum in yuan."""
        return yuan_text(self.total_fen)

    @property
    def overdue_fen(self) -> int:
        """The part whose day has passed."""
        return sum(bill.due_fen for bill in self.bills if bill.overdue)


class PaymentView(_View):
    """Money that arrived."""

    home_label: str
    fee_type: str
    period: str
    amount_fen: int
    channel: str
    paid_at: datetime
    reference: str
    refunded: bool

    @property
    def amount_text(self) -> str:
        """The amount in yuan."""
        return yuan_text(self.amount_fen)


class Explanation(_View):
    """Why a bill is what it is: its inputs as they are printed, and the bill before it.

    The sentence is the dialogue's response `utter_explain_<method>`; fields a method does not use are None. `proven`
    says that the inputs give exactly the amount; where it is False a person must look.
    """

    bill: BillView
    method: Method
    proven: bool
    unit_price: str
    area: str | None = None
    months: str | None = None
    count: str | None = None
    previous_reading: str | None = None
    current_reading: str | None = None
    usage: str | None = None
    shared_usage: str | None = None
    total_area: str | None = None
    previous: BillView | None = None
    previous_usage: str | None = None
    difference_fen: int | None = None

    @property
    def difference_text(self) -> str | None:
        """How much more (or, with a minus, less) than the bill before, in yuan."""
        return None if self.difference_fen is None else yuan_text(self.difference_fen)


class Standard(_View):
    """A tariff. `unit_price` is decimal yuan as text; what it is per follows from `method` and `fee_type`."""

    estate_name: str
    fee_type: str
    method: Method
    unit_price: str
    cycle_months: int
    note: str
