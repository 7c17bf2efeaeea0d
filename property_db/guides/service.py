"""Finding the guide for a fault."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.guides.models import Guide
from property_db.guides.schemas import GuideView
from property_db.upsert import insert_for


async def find(session: AsyncSession, facility: str | None, text: str) -> GuideView | None:
    """Return the guide that fits what was said.

    Among the facility's guides the one with most of its keywords in the text, the first one where none has any. Without
    a facility at least one keyword must be there: no guide is better than a wrong one.
    """
    statement = select(Guide).order_by(Guide.id)
    if facility:
        statement = statement.where(Guide.facility == facility)
    guides = list(await session.scalars(statement))
    if not guides:
        return await find(session, None, text) if facility else None
    best = max(guides, key=lambda guide: _fit(guide, text))
    return _view(best) if facility or _fit(best, text)[1] else None


async def facilities(session: AsyncSession) -> list[str]:
    """Return the facilities there are guides for."""
    return sorted(set(await session.scalars(select(Guide.facility))))


async def load_defaults(session: AsyncSession) -> None:
    """Enter the guides the product brings; those the company has changed stay as they are."""
    for entry in load("guides/default_guides.yml"):
        statement = insert_for(session, Guide).values(**_complete(entry))
        await session.execute(statement.on_conflict_do_nothing(index_elements=["facility", "fault"]))


def _view(guide: Guide) -> GuideView:
    return GuideView(
        facility=guide.facility,
        fault=guide.fault,
        steps=guide.steps,
        warning=guide.warning,
        professional_only=guide.professional_only,
    )


def _fit(guide: Guide, text: str) -> tuple[bool, int]:
    """A guide whose facility is named beats one that is not; then the longest matching keywords."""
    return guide.facility in text, sum(len(word) for word in guide.keywords if word in text)


def _complete(entry: dict[str, object]) -> dict[str, object]:
    return {"warning": "", "professional_only": False} | entry
