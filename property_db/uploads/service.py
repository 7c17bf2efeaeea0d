"""Pictures: whose they are and who may fetch them. Reading, checking and storing the bytes is the gateway's."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.errors import DomainError
from property_db.uploads.models import Upload, new_upload_id


class UploadNotFound(DomainError):
    """No such picture, or somebody else's: the same answer for both."""

    code = "upload_not_found"
    status = 404


async def add(
    session: AsyncSession,
    identity_id: int,
    *,
    media_type: str,
    size: int,
    width: int,
    height: int,
    file_name: str,
    upload_id: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Upload:
    """Remember a stored picture; `upload_id` where the file already carries one."""
    upload = Upload(
        id=upload_id or new_upload_id(),
        created_at=clock.now(),
        identity_id=identity_id,
        media_type=media_type,
        size=size,
        width=width,
        height=height,
        file_name=file_name,
    )
    session.add(upload)
    await session.flush()
    return upload


async def of_identity(session: AsyncSession, upload_id: str, identity_id: int) -> Upload:
    """Return a picture this identity sent.

    Raises:
        UploadNotFound: there is none, or somebody else sent it.
    """
    upload = await session.get(Upload, upload_id)
    if upload is None or upload.identity_id != identity_id:
        raise UploadNotFound
    return upload


async def get(session: AsyncSession, upload_id: str) -> Upload:
    """Return a picture for the desk, whose caller has checked that the agent may see it.

    Raises:
        UploadNotFound: there is none.
    """
    upload = await session.get(Upload, upload_id)
    if upload is None:
        raise UploadNotFound
    return upload


async def all_of(session: AsyncSession, upload_ids: list[str], identity_id: int) -> list[Upload]:
    """Return the pictures a message refers to.

    Raises:
        UploadNotFound: one of them does not exist or is somebody else's.
    """
    rows = await session.scalars(select(Upload).where(Upload.id.in_(upload_ids), Upload.identity_id == identity_id))
    found = {upload.id: upload for upload in rows}
    if missing := set(upload_ids) - found.keys():
        raise UploadNotFound(count=len(missing))
    return [found[upload_id] for upload_id in upload_ids]


async def of_ticket(session: AsyncSession, ticket_id: int) -> list[Upload]:
    """Return the pictures attached to a ticket, oldest first."""
    return list(await session.scalars(select(Upload).where(Upload.ticket_id == ticket_id).order_by(Upload.created_at)))
