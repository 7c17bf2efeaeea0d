"""What the conversations are checked against: the rows, and what nobody may hear before they are verified."""

import re
from datetime import timedelta

from sqlalchemy import select

from integrations.voice.reading import readable
from property_db.clock import SHANGHAI, Clock
from property_db.database import Database
from property_db.people.models import Person
from property_db.tickets.models import Ticket
from tests.support.live import CHEN, LI, WANG
from tests.support.voice_actor import Caller

ROOMS = {WANG: "501", LI: "1203", CHEN: "302"}
_MONEY = re.compile(r"[零一二两三四五六七八九十百千万]+[元角分](?!钟|之)")
_PRIVATE = (
    "王建国",
    "李秀英",
    "陈思远",
    "翠湖花园三栋",
    "翠湖花园五栋",
    "金桂苑二栋",
    "八零零零",
    "九零零零",
    "七零零零",
)


def money(fen: int) -> str:
    """An amount as it is heard."""
    return readable(f"{fen / 100:.2f}元").strip("。")


def read(text: str) -> str:
    """A text as it is heard."""
    return readable(text).strip("。")


def heard_nothing_private(caller: Caller) -> bool:
    """Whether all that was said on the call may be heard by anybody."""
    heard = caller.transcript
    return not _MONEY.search(heard) and not any(secret in heard for secret in _PRIVATE)


async def person_id(database: Database, phone: str) -> int:
    """Whose number it is."""
    async with database.reading() as session:
        found = await session.scalar(select(Person.id).where(Person.phone == phone))
    assert found is not None
    return found


def appointed(ticket: Ticket, clock: Clock) -> tuple[int, int]:
    """In how many days, and at which hour in Shanghai, somebody comes."""
    assert ticket.appointment_start is not None
    start = ticket.appointment_start.astimezone(SHANGHAI)
    today = clock.now().astimezone(SHANGHAI).date()
    return (start.date() - today) // timedelta(days=1), start.hour
