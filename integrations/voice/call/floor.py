"""Who has the floor: when the caller is asked again, asked for patience, or is told their place in the queue.

Everything here is counted in the time of the call and asked for twenty times a second.
"""

from dataclasses import dataclass, field

from integrations.voice.call.parts import Parts

SILENCE_SECONDS = 6.0
DIGITS_PAUSE_SECONDS = 3.0
OPENS_SECONDS = 0.3
"""After the end of a sentence was recognised as such: together about a second, above which people say it again."""
ONE_MOMENT_SECONDS = 1.5
STILL_WORKING_SECONDS = 6.0
UNANSWERED_SECONDS = 60.0
PLACE_EVERY_SECONDS = 30.0
CHIME_EVERY_SECONDS = 8.0
MOST_REPROMPTS = 2


@dataclass(slots=True)
class Floor:
    """The times of one call.

    Attributes:
        silences: how often the caller was asked in vain.
        awaiting: what the caller said and nobody has answered yet: ``seq`` and since when.
        opened: the caller, who waits for the answer to their last sentence, has heard a word, or must hear none.
    """

    parts: Parts
    silences: int = 0
    awaiting: dict[int, float] = field(default_factory=dict)
    opened: bool = False
    _quiet_since: float = 0.0
    _told_at: float | None = None
    _key_at: float = 0.0
    _place_at: float = 0.0
    _chime_at: float = 0.0
    _spoke_at: float | None = None
    _waits_from: float = 0.0

    def noise(self) -> None:
        """Somebody does something: the silence is over."""
        self._quiet_since = self.parts.pace.now()

    def heard_of(self) -> None:
        """The caller is there."""
        self.silences = 0
        self.noise()

    def pressed(self) -> None:
        """A key was pressed: what is waited for now begins with it."""
        self._spoke_at = None
        self.heard_of()

    def key(self) -> None:
        """A digit was keyed, and more may follow."""
        self._key_at = self.parts.pace.now()

    def digits_ended(self) -> bool:
        """Whether digits were begun and none followed for a while."""
        return self.parts.keypad.begun and self.parts.pace.now() - self._key_at >= DIGITS_PAUSE_SECONDS

    def spoke(self) -> None:
        """The caller has ended a sentence: from here on they wait, also while it is being recognised."""
        self._spoke_at = self.parts.pace.now()

    def opener_due(self) -> bool:
        """Whether the caller should hear a word now because the answer has not come so soon; once for each sentence."""
        if self.opened or not self.awaiting or self.opens_in() > 0:
            return False
        self.opened = True
        return self.parts.pace.now() - self._waits_from < ONE_MOMENT_SECONDS  # later, patience is asked for instead

    def opens_in(self) -> float:
        """Seconds until the caller should hear a word."""
        return max(0.0, self._waits_from + OPENS_SECONDS - self.parts.pace.now())

    def asked(self, seq: int, *, opens: bool = True) -> None:
        """The caller waits for an answer to this.

        Args:
            opens: a word may be said before it.
        """
        self.opened = not opens
        if not self.awaiting:
            self._told_at = None
        now, spoke_at = self.parts.pace.now(), self._spoke_at
        self._spoke_at = None
        self.awaiting[seq] = self._waits_from = now if spoke_at is None else spoke_at

    def answered(self, seq: int | None) -> None:
        """An answer came; those before it are not waited for any more either."""
        if seq is not None:
            self.awaiting = {one: since for one, since in self.awaiting.items() if one > seq}
        self._told_at = self.parts.pace.now()

    def patience(self, *, may_speak: bool) -> str | None:
        """The prompt that asks for patience, when it is time for it; ``unanswered`` ends the waiting.

        Args:
            may_speak: nobody else speaks, so that it is heard; otherwise it comes as soon as nobody does.
        """
        if not self.awaiting:
            return None
        now, since = self.parts.pace.now(), min(self.awaiting.values())
        if now - since >= UNANSWERED_SECONDS:
            self.awaiting.clear()
            return "unanswered"
        if not may_speak:
            return None
        first = self._told_at is None or self._told_at < since
        if first and now - since >= ONE_MOMENT_SECONDS:
            self._told_at = now
            return "one_moment"
        if not first and self._told_at is not None and now - self._told_at >= STILL_WORKING_SECONDS:
            self._told_at = now
            return "still_working"
        return None

    def waits(self) -> None:
        """The caller has just been told their place."""
        self._place_at = self.parts.pace.now()

    def place_due(self) -> bool:
        """Whether it is time to tell the place in the queue again."""
        return self.parts.pace.now() - self._place_at >= PLACE_EVERY_SECONDS

    def chime_due(self) -> bool:
        """Whether somebody who waits should hear that the call goes on; counted from the last sound of ours."""
        now = self.parts.pace.now()
        if self.parts.mouth.busy or self.parts.ear.speaking:
            self._chime_at = now
            return False
        if now - self._chime_at < CHIME_EVERY_SECONDS:
            return False
        self._chime_at = now
        return True

    def silent(self, *, patient: bool) -> bool:
        """Whether the caller, whose turn it is, has said nothing for a while.

        Args:
            patient: it is not the caller's turn at all.
        """
        parts = self.parts
        busy = parts.mouth.busy or parts.ear.speaking or parts.understanding.busy or parts.keypad.begun
        if patient or busy or self.awaiting:
            self.noise()
            return False
        if parts.pace.now() - self._quiet_since < SILENCE_SECONDS:
            return False
        self.noise()
        self.silences += 1
        return True
