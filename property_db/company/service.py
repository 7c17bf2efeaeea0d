"""Office and service information, as the company has written it."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.company.models import CompanyInfo
from property_db.errors import DomainError
from property_db.estates.models import Estate
from property_db.estates.settings import settings_of


class TopicUnknown(DomainError):
    """The company has written nothing on this topic; `topic` is which."""

    code = "topic_unknown"
    status = 404


class CompanyInfoView(BaseModel):
    """A text on a topic with the estate's own numbers and hours filled in."""

    model_config = ConfigDict(frozen=True)

    topic: str
    title: str
    body: str
    phone: str | None
    url: str | None


class _Settings(dict[str, str]):
    """Settings for a text; one that is missing reads as the catalogue's words for "not entered", never as a brace."""

    def __missing__(self, key: str) -> str:
        missing: str = load("company/texts.yml")["missing"]
        return missing


async def topic(session: AsyncSession, estate_id: int | None, topic: str) -> CompanyInfoView:
    """Return the estate's text on a topic, or the one for all estates.

    Raises:
        TopicUnknown: there is neither.
    """
    statement = (
        select(CompanyInfo)
        .where(CompanyInfo.topic == topic)
        .where(CompanyInfo.estate_id.is_(None) | (CompanyInfo.estate_id == estate_id))
        .order_by(CompanyInfo.estate_id.is_(None))
        .limit(1)
    )
    info = await session.scalar(statement)
    if info is None:
        raise TopicUnknown(topic=topic)
    estate = None if estate_id is None else await session.get(Estate, estate_id)
    settings = settings_of(estate).model_dump(mode="json") | {"address": estate.address if estate else ""}
    values = _Settings({name: str(value) for name, value in settings.items() if value not in ("", None)})
    return CompanyInfoView(
        topic=info.topic,
        title=info.title,
        body=_fill(info.body, values),
        phone=_phone(info.phone, values),
        url=info.url,
    )


async def topics(session: AsyncSession) -> list[str]:
    """Return the topics there are texts on."""
    return sorted(set(await session.scalars(select(CompanyInfo.topic))))


async def load_defaults(session: AsyncSession) -> None:
    """Enter the texts the product brings; those the company has changed stay as they are."""
    known = set(await session.scalars(select(CompanyInfo.topic).where(CompanyInfo.estate_id.is_(None))))
    session.add_all(CompanyInfo(**entry) for entry in _defaults() if entry["topic"] not in known)
    await session.flush()


def _defaults() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = load("company/default_company_info.yml")
    return entries


def _phone(text: str | None, values: _Settings) -> str | None:
    """Return the number to call; none at all where the estate has not entered the setting it stands for."""
    filled = _fill(text, values) if text else ""
    return None if not filled or values[""] in filled else filled


def _fill(text: str, values: Mapping[str, str]) -> str:
    # A company may type a brace; that must not break the answer.
    try:
        return text.format_map(values)
    except (ValueError, IndexError, AttributeError):
        return text
