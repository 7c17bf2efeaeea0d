"""Tariffs, bills with the inputs that prove them, and payments. All money is integer 分."""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from property_db.base import Base, Line, Name, UtcDateTime
from property_db.estates.models import Home


class Method(enum.StrEnum):
    """How an amount is computed, see `fees.calculation`."""

    AREA_PRICE = "area_price"
    FIXED = "fixed"
    METER = "meter"
    SHARED_AREA = "shared_area"


class BillState(enum.StrEnum):
    """How far a bill is paid."""

    UNPAID = "unpaid"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


class FeeItem(Base):
    """A tariff of an estate. `name` is the canonical fee type (`物业费`); `unit_price` is in 1/10000 yuan."""

    __tablename__ = "fee_item"
    __table_args__ = (
        UniqueConstraint("estate_id", "code"),
        UniqueConstraint("estate_id", "name"),
        CheckConstraint("unit_price >= 0", name="price_not_negative"),
    )

    estate_id: Mapped[int] = mapped_column(ForeignKey("estate.id", ondelete="CASCADE"))
    code: Mapped[Name]
    name: Mapped[Name]
    method: Mapped[Method]
    unit_price: Mapped[int]
    cycle_months: Mapped[int] = mapped_column(default=1)
    note: Mapped[str] = mapped_column(String(500), default="")


class Bill(Base):
    """What a home owes for one fee and period. `inputs` are the decimal strings `amount_fen` was computed from."""

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("home_id", "fee_item_id", "period"),
        Index(None, "home_id", "state"),
        CheckConstraint("amount_fen >= 0 AND paid_fen >= 0 AND late_fee_fen >= 0", name="money_not_negative"),
    )

    home_id: Mapped[int] = mapped_column(ForeignKey("home.id", ondelete="CASCADE"))
    fee_item_id: Mapped[int] = mapped_column(ForeignKey("fee_item.id", ondelete="CASCADE"))
    period: Mapped[str] = mapped_column(String(7))
    amount_fen: Mapped[int]
    paid_fen: Mapped[int] = mapped_column(default=0)
    late_fee_fen: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date]
    state: Mapped[BillState] = mapped_column(default=BillState.UNPAID)
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict)

    home: Mapped[Home] = relationship(lazy="raise")
    fee_item: Mapped[FeeItem] = relationship(lazy="raise")


class Payment(Base):
    """Money that arrived; `reference` is the payment channel's own number, so importing twice adds nothing."""

    __tablename__ = "payment"
    __table_args__ = (Index(None, "home_id", "paid_at"), CheckConstraint("amount_fen > 0", name="amount_positive"))

    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id", ondelete="CASCADE"), index=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("home.id", ondelete="CASCADE"))
    amount_fen: Mapped[int]
    channel: Mapped[Name]
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime())
    reference: Mapped[Line] = mapped_column(unique=True)
    refunded: Mapped[bool] = mapped_column(default=False)

    bill: Mapped[Bill] = relationship(lazy="raise")
    home: Mapped[Home] = relationship(lazy="raise")
