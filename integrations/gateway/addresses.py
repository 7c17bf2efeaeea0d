"""Where a conversation's messages go. It never changes, so it is asked of the database once."""

from collections.abc import Iterable
from dataclasses import dataclass

from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.database import Database

MOST = 20_000


@dataclass(frozen=True)
class Address:
    """The channel, the conversation's public id, and the resident as the channel knows them."""

    channel: str
    public_id: str
    external_id: str
    identity_id: int


class Addresses:
    """Remembers addresses; forgets all when there are too many."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, Address] = {}

    def forget(self, conversation_ids: Iterable[int]) -> None:
        """Conversations that are deleted; a database may give their ids to others."""
        for conversation_id in conversation_ids:
            self._known.pop(conversation_id, None)

    async def of(self, conversation_id: int) -> Address:
        """The address of a conversation.

        Raises:
            ConversationNotFound: there is none.
        """
        address = self._known.get(conversation_id)
        if address is None:
            async with self._database.reading() as session:
                row = await conversations.get(session, conversation_id)
                identity = await lookup.identity_of(session, row)
            address = Address(row.channel, row.public_id, identity.external_id, identity.id)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[conversation_id] = address
        return address
