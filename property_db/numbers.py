"""Numbers people read out on the telephone: `WX261121-0042`."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from property_db.base import Base
from property_db.clock import Clock
from property_db.upsert import insert_for

REPAIR = "WX"
COMPLAINT = "TS"


class NumberCounter(Base):
    """The last number given for a prefix on a Shanghai day."""

    __tablename__ = "number_counter"
    __table_args__ = (UniqueConstraint("prefix", "day"),)

    prefix: Mapped[str] = mapped_column(String(4))
    day: Mapped[str] = mapped_column(String(6))
    last: Mapped[int]


async def next_number(session: AsyncSession, prefix: str, clock: Clock) -> str:
    """Return the next number of `prefix` today; two transactions never get the same one.

    One statement adds and reads, so the second waits for the first to end. A rolled-back transaction gives its number
    back, which is why nothing may show it before the commit.
    """
    day = f"{clock.today():%y%m%d}"
    insert = insert_for(session, NumberCounter).values(prefix=prefix, day=day, last=1, created_at=clock.now())
    statement = insert.on_conflict_do_update(
        index_elements=["prefix", "day"], set_={"last": NumberCounter.last + 1}
    ).returning(NumberCounter.last)
    last: int = (await session.execute(statement)).scalar_one()
    return f"{prefix}{day}-{last:04d}"
