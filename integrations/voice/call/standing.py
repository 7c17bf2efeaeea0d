"""Who has the conversation: the bot, the queue, a person; and what a caller is told of it."""

from collections.abc import Callable

from integrations.voice.call.floor import Floor
from integrations.voice.call.office import Standing
from integrations.voice.call.parts import Parts
from integrations.voice.call.saying import Saying
from property_db.calls.models import CallOutcome, CallState


class Persons:
    """Follows the owner of the conversation.

    Attributes:
        now: how it stands.
        outcome: how the call would end if it ended now.
        told: hears of every look at it.
    """

    def __init__(self, parts: Parts, floor: Floor, saying: Saying) -> None:
        self._parts = parts
        self._floor = floor
        self._saying = saying
        self.now = Standing()
        self.outcome = CallOutcome.ABANDONED
        self.told: Callable[[Standing], None] = lambda _: None

    @property
    def asked(self) -> bool:
        """Whether a person has the conversation, or will have it."""
        return self.now.owner in ("waiting", "human")

    def served(self) -> None:
        """The caller was told something by the bot."""
        if self.outcome is CallOutcome.ABANDONED and not self.asked:
            self.outcome = CallOutcome.SELF_SERVED

    async def stand(self, standing: Standing) -> None:
        """It stands so now."""
        before, self.now = self.now, standing
        office = self._parts.office
        if standing.owner == "waiting" and before.owner != "waiting":
            self._floor.awaiting.clear()
            self._floor.waits()
            self.outcome = CallOutcome.ABANDONED
            await office.moved(CallState.WAITING)
        elif standing.owner == "human" and before.owner != "human":
            self._floor.awaiting.clear()
            self.outcome = CallOutcome.AGENT
            await office.moved(CallState.WITH_AGENT, standing.agent_id)
        elif standing.owner == "bot" and before.owner in ("waiting", "human"):
            if before.owner == "waiting":
                self.outcome = CallOutcome.SELF_SERVED
            self._floor.heard_of()
            await office.moved(CallState.TALKING)
        elif standing.owner == "closed" and before.owner == "rating":
            self._saying.ask([self._parts.prompt("more_help")])
        self.told(standing)

    def tell_place(self) -> None:
        """Say how many are before the caller, who is told again in a while."""
        self._floor.waits()
        if self.now.owner != "waiting":
            return
        if self.now.ahead:
            place = self._parts.prompt("waiting_place", ahead=self.now.ahead, minutes=self.now.minutes)
        else:
            place = self._parts.prompt("waiting_next")
        self._parts.mouth.say([place, self._parts.prompt("waiting_hint")])
