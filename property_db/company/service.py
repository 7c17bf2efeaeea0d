"""Office and service information, as the company has written it."""

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.company.models import CompanyInfo
from property_db.errors import DomainError
from property_db.estates.models import Estate
from property_db.estates.settings import EstateSettings, settings_of

_SEMICOLON, _FULL_STOP = "；", "。"
_SETTINGS = frozenset({*EstateSettings.model_fields, "address"})
_BRACKET = re.compile(r"（[^（）]*）")
_CLAUSE = re.compile(r"[^；。]+[；。]?")


class TopicUnknown(DomainError):
    """The company has written nothing on this topic; `topic` is which."""

    code = "topic_unknown"
    status = 404


class CompanyInfoView(BaseModel):
    """A text on a topic with the estate's own numbers and hours filled in; what is not entered is left out."""

    model_config = ConfigDict(frozen=True)

    topic: str
    title: str
    body: str
    phone: str | None
    url: str | None


async def topic(session: AsyncSession, estate_id: int | None, topic: str) -> CompanyInfoView:
    """Return the estate's text on a topic, or the one for all estates.

    Raises:
        TopicUnknown: there is neither, or nothing of it can be told without the estate's settings.
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
    values = {name: str(value) for name, value in settings.items() if value not in ("", None)}
    body = _body(info.body, values)
    if not body:
        raise TopicUnknown(topic=topic)
    return CompanyInfoView(
        topic=info.topic,
        title=info.title,
        body=body,
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


def _body(text: str, values: Mapping[str, str]) -> str:
    """Fill a text; what names a setting the estate has not entered is left out: the bracket, the sentence, the line."""
    lines = (_line(line, values) for line in text.split("\n"))
    return "\n".join(line for line in lines if line is not None)


def _line(line: str, values: Mapping[str, str]) -> str | None:
    if _filled(line, values) is not None:
        return _filled(line, values)
    line = _BRACKET.sub(lambda found: found[0] if _filled(found[0], values) is not None else "", line)
    told = [part for part in _CLAUSE.findall(line) if _filled(part, values) is not None]
    if not told:
        return None
    kept = "".join(str(_filled(part, values)) for part in told)
    return kept[:-1] + _FULL_STOP if kept.endswith(_SEMICOLON) else kept


def _phone(text: str | None, values: Mapping[str, str]) -> str | None:
    """Return the number to call; none at all where the estate has not entered the setting it stands for."""
    return (_filled(text, values) or None) if text else None


def _filled(text: str, values: Mapping[str, str]) -> str | None:
    """Return the text with its settings, None where one is not entered."""
    # A company may type a brace; that must not break the answer.
    try:
        return text.format_map(values)
    except KeyError as missing:
        return None if missing.args[0] in _SETTINGS else text
    except (ValueError, IndexError, AttributeError):
        return text
