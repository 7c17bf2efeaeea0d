"""The content every installation starts with: repair guides and office information, both editable."""

from property_db.company import service as company
from property_db.database import Database
from property_db.guides import service as guides


async def load(db: Database) -> None:
    """Enter what is missing; what the company has changed stays as it is. Harmless to repeat."""
    async with db.transaction() as session:
        await guides.load_defaults(session)
        await company.load_defaults(session)
