"""Who a page belongs to: a random token in the browser, of which the server keeps only the hash."""

import hashlib
import re
import secrets
from typing import Annotated

from fastapi import Depends, Header

from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services, services_of
from property_db.people import service as people
from property_db.people.models import ChannelIdentity

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """A fresh token, 256 bits."""
    return secrets.token_urlsafe(32)


def external_id_of(token: str) -> str | None:
    """The channel's id of the token's owner, or None when it cannot be a token of ours."""
    if not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode("ascii")).hexdigest()


async def current_identity(
    services: Annotated[Services, Depends(services_of)], authorization: Annotated[str, Header()] = ""
) -> ChannelIdentity:
    """FastAPI dependency: the identity whose bearer token came with the request.

    Raises:
        ApiError: 401 without a known token.
    """
    scheme, _, token = authorization.partition(" ")
    external_id = external_id_of(token) if scheme.lower() == "bearer" else None
    if external_id is not None:
        async with services.database.reading() as session:
            identity = await people.find_identity(session, "webchat", external_id)
        if identity is not None:
            return identity
    raise ApiError(401, "unauthorized")
