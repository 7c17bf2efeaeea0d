"""Following, scanning a building's code, and leaving: each taken in once, however often it is delivered."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.channel import Allowance
from integrations.gateway.hub import MessageStored
from integrations.gateway.receiving import note_contact
from integrations.gateway.services import Services
from integrations.wechat.accounts import Account, external_id
from integrations.wechat.messages import CHANNEL, AccountEvent
from integrations.wechat.texts import say
from property_db.channels import windows
from property_db.channels.events import first_time
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message
from property_db.estates.models import Building, Estate
from property_db.people import service as people
from property_db.people.models import ChannelIdentity

# What a button says, as the engine's own greeting has it (bot/domain/talk.yml).
STARTS = (
    ("start_arrears", "/query_arrears"),
    ("start_repair", "/report_repair"),
    ("start_outage", "/ask_outage"),
    ("start_human", "/request_human"),
)


BeforeAnswer = Callable[[Conversation, Message], None]


@dataclass(frozen=True)
class Place:
    """Where somebody came in, in the estate's own words."""

    estate: str
    building: str = ""

    @property
    def text(self) -> str:
        """For a sentence."""
        return f"{self.estate}{self.building}"


class Followers:
    """Takes in who comes and who goes.

    Args:
        allowance: what may be sent after such an event.
    """

    def __init__(self, services: Services, allowance: Allowance) -> None:
        self._services = services
        self._allowance = allowance

    async def came(self, account: Account, event: AccountEvent, before_answer: BeforeAnswer) -> None:
        """Somebody followed the account, or a follower scanned a building's code: note where, and greet once.

        Args:
            before_answer: called when the greeting is committed and before it can be delivered.
        """
        clock = self._services.clock
        async with self._services.database.transaction() as session:
            if not await first_time(session, account.key, event.key, clock):
                return
            identity = await people.identity_for(session, CHANNEL, external_id(account, event.open_id), clock)
            await people.note_origin(session, identity.id, account.estate, event.building_id)
            revived = await note_contact(session, identity.id, "action", self._allowance, event.sent_at, clock)
            conversation = await self._conversation(session, identity)
            greeting = await self._greeting(session, account, event, identity)
            message = await conversations.append(
                session,
                conversation.id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                blocks=b.dump(greeting),
                clock=clock,
            )
        before_answer(conversation, message)
        self._services.hub.publish(*revived, MessageStored(conversation.id, message.id))

    async def left(self, account: Account, event: AccountEvent) -> None:
        """Somebody unfollowed: what belongs to them is deleted. An older delivery never deletes who came back."""
        clock = self._services.clock
        async with self._services.database.transaction() as session:
            if not await first_time(session, account.key, event.key, clock):
                return
            identity = await people.find_identity(session, CHANNEL, external_id(account, event.open_id))
            if identity is None or await self._came_back_since(session, identity, event):
                return
            forgotten = await self._services.forgetting.within(session, identity.id)
        await self._services.forgetting.finish(forgotten)

    async def _came_back_since(self, session: AsyncSession, identity: ChannelIdentity, event: AccountEvent) -> bool:
        """Whether this is an old event, delivered behind what the resident did after it."""
        newest = await windows.newest_contact(session, identity.id)
        # The platform's times are whole seconds.
        return event.sent_at is not None and newest is not None and newest.replace(microsecond=0) > event.sent_at

    async def _conversation(self, session: AsyncSession, identity: ChannelIdentity) -> Conversation:
        """The one that is going on; a greeting must not end one that waits for stars."""
        current = await conversations.current_of(session, identity.id)
        if current is not None and current.state is not ConversationState.BOT:
            return current
        return await conversations.open_for(session, CHANNEL, identity.id, self._services.clock)

    async def _greeting(
        self, session: AsyncSession, account: Account, event: AccountEvent, identity: ChannelIdentity
    ) -> list[b.Block]:
        place = await _place(session, account, event.building_id)
        if event.name == "scan":
            key = "scanned" if place.building else "scanned_nowhere"
            return [b.Text(text=say(key, place=place.text))]
        greeting: list[b.Block] = [b.Text(text=say("welcome", company=self._services.settings.company_name))]
        if place.building:
            greeting.append(b.Text(text=say("welcome_place", place=place.text)))
        greeting.append(b.Text(text=say("welcome_examples")))
        # Without the page nothing would be offered: the sentence would stand there and lead nowhere.
        if identity.person_id is None and self._services.settings.public_url is not None:
            greeting.append(b.Bind(prompt=say("welcome_bind")))
        options = [
            b.Choice(id=str(number), title=say(key), payload=payload)
            for number, (key, payload) in enumerate(STARTS, start=1)
        ]
        return [*greeting, b.Choices(options=options)]


async def _place(session: AsyncSession, account: Account, building_id: int | None) -> Place:
    """The building of a code, if it is one of the account's estate: a code is only a number that anybody can print."""
    building = await session.get(Building, building_id) if building_id is not None else None
    estate = await session.get(Estate, building.estate_id) if building is not None else None
    if building is None or estate is None or account.estate not in (None, estate.code):
        return Place("")
    return Place(estate.name, building.display)
