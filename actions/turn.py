"""One turn of the dialogue as an action sees it: who speaks, what they said, and what may be shown to them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.ext.asyncio import AsyncSession

from actions.catalogue import core
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import Conversation
from property_db.estates import service as estates
from property_db.estates.models import Estate, Home
from property_db.people.errors import HomeNotYours, NotVerified
from property_db.people.scope import AccessScope, scope_of

Event = dict[str, Any]
"""An event for the engine, as rasa_sdk.events makes them."""

FALLBACK = "nlu_fallback"

PASSES_ON = ("action_listen", "action_inform", "action_fallback")
"""Actions that may begin a form with the message they got: the form still has to read it."""


@dataclass(slots=True)
class Message:
    """The resident's last message and what the engine made of it. Needs no database."""

    tracker: Tracker

    @property
    def parsed(self) -> dict[str, Any]:
        """The engine's reading of the message."""
        return self.tracker.latest_message or {}

    @property
    def metadata(self) -> dict[str, Any]:
        """What the gateway sent along."""
        return self.parsed.get("metadata") or {}

    @property
    def message_id(self) -> int | None:
        """Our id of the message."""
        return self.metadata.get("message_id")

    @property
    def channel(self) -> str:
        """The channel's word."""
        return str(self.metadata.get("channel") or "")

    @property
    def upload_ids(self) -> list[str]:
        """Pictures that came with the message."""
        return list(self.metadata.get("upload_ids") or [])

    @property
    def text(self) -> str:
        """What was typed; a payload of one of our choices begins with a slash (only the gateway may send those)."""
        return str(self.parsed.get("text") or "")

    @property
    def is_choice(self) -> bool:
        """Whether the resident took a choice instead of typing."""
        return self.text.startswith("/")

    @property
    def typed(self) -> str:
        """The text if it was typed, otherwise nothing."""
        return "" if self.is_choice else self.text.strip()

    @property
    def intent(self) -> str:
        """The intent's name."""
        return str((self.parsed.get("intent") or {}).get("name") or FALLBACK)

    @property
    def confidence(self) -> float:
        """How sure the engine is of the intent, 0 to 1; of several wishes, how sure of the one it stands for."""
        read = [self.parsed, *(self.parsed.get("wishes") or [])]
        found = [entry.get("intent") or {} for entry in read]
        return max(
            float(entry.get("confidence") or 0.0) for entry in found if entry.get("name") == found[0].get("name")
        )

    @property
    def likely_intents(self) -> list[tuple[str, float]]:
        """All intents with their confidence, likeliest first, without the fallback itself."""
        ranking = self.parsed.get("intent_ranking") or []
        return [(entry["name"], float(entry["confidence"])) for entry in ranking if entry["name"] != FALLBACK]

    @property
    def found(self) -> list[dict[str, Any]]:
        """All entities with their places."""
        return list(self.parsed.get("entities") or [])

    def entities(self, name: str) -> list[Any]:
        """Return the values of all entities of that kind."""
        return [entity["value"] for entity in self.parsed.get("entities") or [] if entity.get("entity") == name]

    def entity(self, name: str) -> Any:
        """Return the value of the first entity of that kind, or None."""
        return next(iter(self.entities(name)), None)

    def rest(self, *names: str) -> str:
        """Return the typed text without the entities of those kinds and without fillers."""
        text = self.typed
        spans = [
            (entity["start"], entity["end"])
            for entity in self.parsed.get("entities") or []
            if entity.get("entity") in names and "start" in entity and "end" in entity
        ]
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + text[end:]
        return core(text)

    def overlaps(self, clause_start: int, clause_end: int, *names: str) -> bool:
        """Whether an entity of those kinds lies in that part of the text."""
        return any(
            entity.get("entity") in names
            and entity.get("start", -1) < clause_end
            and entity.get("end", -1) > clause_start
            for entity in self.parsed.get("entities") or []
        )

    def slot(self, name: str) -> Any:
        """Return a slot's value."""
        return self.tracker.slots.get(name)

    @property
    def active_form(self) -> str | None:
        """The form that is being filled in."""
        name: str | None = self.tracker.active_loop_name
        return name

    @property
    def turn_number(self) -> int:
        """How many messages the resident has sent in this conversation."""
        return sum(1 for event in self.tracker.events if event.get("event") == "user")

    def _since_message(self) -> list[Event]:
        events = self.tracker.events
        last = max((i for i, event in enumerate(events) if event.get("event") == "user"), default=-1)
        return list(events[last + 1 :])

    def answered_before(self, form: str) -> bool:
        """Whether something other than `form` has already answered this message in this turn."""
        return any(
            event.get("event") == "action" and event.get("name") not in (form, *PASSES_ON)
            for event in self._since_message()
        )

    @property
    def repeated(self) -> bool:
        """Whether the engine has seen this very message before.

        Happens when the server died between the engine's answer and its being stored: the gateway sends the message
        again, and the engine's memory is one message ahead of ours.
        """
        if self.message_id is None:
            return False
        seen = [
            (event.get("metadata") or {}).get("message_id")
            for event in self.tracker.events
            if event.get("event") == "user"
        ]
        return seen.count(self.message_id) > 1

    def previous_actions(self) -> list[str]:
        """Return what answered the message before this one."""
        users = [i for i, event in enumerate(self.tracker.events) if event.get("event") == "user"]
        if len(users) < 2:
            return []
        between = self.tracker.events[users[-2] : users[-1]]
        return [event["name"] for event in between if event.get("event") == "action" and event.get("name")]


@dataclass(slots=True)
class Turn(Message):
    """A message with its conversation, the session and what this resident may see."""

    session: AsyncSession
    dispatcher: CollectingDispatcher
    clock: Clock
    conversation: Conversation
    scope: AccessScope
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What is to be done once the transaction is committed, such as sending a message."""
    _estate: Estate | None = field(default=None, init=False)

    @classmethod
    async def load(
        cls, session: AsyncSession, tracker: Tracker, dispatcher: CollectingDispatcher, clock: Clock
    ) -> "Turn":
        """Look up who speaks. The conversation's id comes from the gateway, never from what was typed.

        Raises:
            ConversationNotFound: there is no such conversation, or the engine's memory is another conversation's:
                then somebody else than the gateway wrote the metadata.
        """
        conversation = await conversations.get(session, int(Message(tracker).metadata["conversation_id"]))
        if conversation.public_id != tracker.sender_id:
            raise conversations.ConversationNotFound
        scope = await scope_of(session, conversation.identity_id, clock)
        return cls(tracker, session, dispatcher, clock, conversation, scope)

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.clock.now()

    @property
    def today(self) -> date:
        """Today in Shanghai."""
        return self.clock.today()

    @property
    def homes(self) -> tuple[Home, ...]:
        """The homes this resident may ask about; none before binding."""
        return self.scope.homes

    def say(self, response: str, **params: object) -> None:
        """Say one of the domain's responses."""
        self.dispatcher.utter_message(response=response, **_harmless(params))

    def offer(self, response: str, options: Sequence[tuple[str, str]], **params: object) -> None:
        """Say a response with choices that depend on data: title and payload of each."""
        buttons = [{"title": title, "payload": payload} for title, payload in options]
        self.dispatcher.utter_message(response=response, buttons=buttons, **_harmless(params))

    def suggest(self, response: str, **params: object) -> None:
        """Say what can be asked next; not in the middle of a form, where its open question comes next."""
        if self.active_form is None and not self.slot("suspended_task"):
            self.say(response, **params)

    def show(self, block: BaseModel) -> None:
        """Show a card or another block."""
        self.dispatcher.utter_message(json_message=block.model_dump(mode="json"))

    async def estate(self) -> Estate | None:
        """Return the estate this resident speaks about, if it is known."""
        if self._estate is None:
            self._estate = await estates.estate_for(self.session, self.scope)
        return self._estate

    async def estates(self) -> list[Estate]:
        """Return the estates the company manages."""
        return await estates.all_estates(self.session)

    async def own_homes(self) -> tuple[Home, ...]:
        """Return the homes the message is about: those it names, otherwise all of this resident's.

        Raises:
            NotVerified: nothing is bound, so nothing of any household may be shown.
            HomeNotYours: it names a home that is not this resident's; whether there is such a home is not said.
        """
        if not self.homes:
            raise NotVerified
        building, unit, room = self.entity("building"), self.entity("unit"), self.entity("room")
        if building is None and unit is None and room is None:
            return self.homes
        named = [home for home in self.homes if await self._is_at(home, building, unit, room)]
        if not named:
            raise HomeNotYours
        return tuple(named)

    async def _is_at(self, home: Home, building: str | None, unit: str | None, room: str | None) -> bool:
        if room is not None and str(room) != home.room:
            return False
        names = {row.id: row.name for row in await estates.buildings_of(self.session, home.estate_id)}
        own = names.get(home.building_id, "")
        if building is not None and str(building) != own:
            return False
        found = await estates.homes_at(
            self.session, home.estate_id, own, None if unit is None else str(unit), home.room
        )
        return any(candidate.id == home.id for candidate in found)


def _harmless(params: dict[str, object]) -> dict[str, object]:
    """Break up `0[` in values: the engine takes it for a placeholder it failed to fill and shows the bare template."""
    return {name: str(value).replace("0[", "0 [") for name, value in params.items()}
