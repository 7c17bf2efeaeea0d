"""A number the exchange vouches for is confirmed by a room number that only its resident knows."""

from integrations.voice.call.parts import Parts
from integrations.voice.call.saying import Saying

TRIES = 2


class HomeCheck:
    """Asks once, at the beginning of a call.

    Attributes:
        asking: the digits that are keyed now are the room's.
    """

    def __init__(self, parts: Parts, saying: Saying) -> None:
        self._parts = parts
        self._saying = saying
        self._tries = 0
        self.asking = False

    def begin(self) -> None:
        """The keys are the room's."""
        self.asking = True
        self._parts.keypad.ask("digits")

    def leave(self) -> bool:
        """Go on unverified; False where nothing was asked."""
        asked, self.asking = self.asking, False
        if asked:
            self._parts.keypad.ask("none")
        return asked

    def skip(self) -> bool:
        """Go on unverified and say so; False where nothing was asked."""
        asked = self.leave()
        if asked:
            self._saying.ask([self._parts.prompt("home_not_confirmed")])
        return asked

    async def keyed(self, digits: str) -> None:
        """The caller has keyed a room."""
        home = await self._parts.office.confirm_home(digits)
        self._tries += 1
        if home is not None:
            self.leave()
            greeting = self._parts.prompt("home_confirmed", home=home)
            self._saying.ask([greeting, self._parts.prompt("how_to")], question=1)
        elif self._tries < TRIES:
            self._saying.ask([self._parts.prompt("confirm_home_again")])
        else:
            self.skip()
