"""One permanent QR code for each building: who scans it follows the account, and we know where they came in."""

from dataclasses import dataclass

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.tencent.errors import ApiUnreachable, TooLarge
from integrations.tencent.exchange import Exchange
from integrations.wechat.accounts import Account
from integrations.wechat.menu import Platform
from property_db.estates import repository as estates
from property_db.estates.models import Building, Estate

PICTURE_LIMIT = 2 * 1024 * 1024
_ENDINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}
# Names of estates are the company's own; what no file system takes is left out.
_NOT_IN_FILE_NAMES = frozenset('/\\:*?"<>|')


class EstateUnknown(Exception):
    """The account's estate is not in the database, or the account names none and there are several.

    Attributes:
        code: the estate that was asked for, None where none was named.
        known: the codes that there are.
    """

    def __init__(self, code: str | None, known: list[str]) -> None:
        super().__init__("estate unknown")
        self.code = code
        self.known = known


class PictureMissing(Exception):
    """The platform gave no picture for a code."""


@dataclass(frozen=True)
class Place:
    """A building of the account's estate, and what its code carries."""

    estate: str
    building: str
    scene: str


def scene_of(building_id: int) -> str:
    """What a building's code carries; `messages` reads it."""
    return f"b{building_id}"


async def estate_of(session: AsyncSession, account: Account) -> Estate:
    """The estate that an account belongs to.

    Raises:
        EstateUnknown: it cannot be told.
    """
    known = await estates.all_estates(session)
    fitting = [estate for estate in known if account.estate in (None, estate.code)]
    if len(fitting) != 1:
        raise EstateUnknown(account.estate, [estate.code for estate in known])
    return fitting[0]


async def places(session: AsyncSession, account: Account) -> list[Place]:
    """The buildings of the account's estate, and of no other.

    Raises:
        EstateUnknown: it cannot be told which estate that is.
    """
    estate = await estate_of(session, account)
    return [_place(estate, building) for building in await estates.buildings_of(session, estate.id)]


def _place(estate: Estate, building: Building) -> Place:
    return Place(estate.name, building.display, scene_of(building.id))


async def picture(
    platform: Platform, account: Account, place: Place, transport: httpx.AsyncBaseTransport | None = None
) -> bytes:
    """Make the code, or get it again: the platform gives the same one for the same scene.

    Args:
        transport: another way to the platform's pictures, for tests.

    Raises:
        PictureMissing: there is no picture of it.
    """
    wanted = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": place.scene}}}
    made = await platform.call("/cgi-bin/qrcode/create", wanted)
    exchange = Exchange(str(account.mp_url).rstrip("/"), transport)
    try:
        shown = await exchange.ask("/cgi-bin/showqrcode", {"ticket": str(made.get("ticket", ""))}, limit=PICTURE_LIMIT)
    except (ApiUnreachable, TooLarge) as error:
        raise PictureMissing from error
    finally:
        await exchange.close()
    if shown.status != httpx.codes.OK or not shown.content.startswith(tuple(_ENDINGS)):
        raise PictureMissing
    return shown.content


def file_name(place: Place, data: bytes) -> str:
    """A name for its picture, the same at every run."""
    name = "".join(c for c in f"{place.estate}-{place.building}" if c.isprintable() and c not in _NOT_IN_FILE_NAMES)
    ending = next(ending for start, ending in _ENDINGS.items() if data.startswith(start))
    return f"{name.strip('. ')}{ending}"
