"""Stored messages as a channel gets them for rendering."""

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.addresses import Address
from integrations.gateway.channel import StoredAnswer
from integrations.gateway.views import message_views
from property_db.conversations.blocks import parse
from property_db.conversations.models import Message


async def stored_answers(session: AsyncSession, messages: list[Message], address: Address) -> list[StoredAnswer]:
    """Messages of one conversation, in their order."""
    views = await message_views(session, address.public_id, messages)
    return [
        StoredAnswer(
            message_id=message.id,
            conversation_public_id=address.public_id,
            external_id=address.external_id,
            blocks=parse(message.blocks),
            view=view,
            reply_to_id=message.reply_to_id,
        )
        for message, view in zip(messages, views, strict=True)
    ]
