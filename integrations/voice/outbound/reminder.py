"""A reminder spoken on a call of ours: the text, then keys; whoever asks something is in a normal conversation."""

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import yaml

from integrations.voice.call import words
from integrations.voice.call.dialogue import Dialogue
from integrations.voice.call.keypad import PERSON
from integrations.voice.call.parts import Parts
from integrations.voice.call.playing import Sentence
from integrations.voice.call.understanding import Understood
from integrations.voice.reading import clauses
from property_db.calls.models import CallOutcome

AGAIN, STOP = "1", "2"


class Reminder(Dialogue):
    """Says a text to whoever answered.

    Args:
        text: as the operator wrote it.
        to_machine: leave it as a message, once, and hang up.
        opted_out: called when they want no such calls any more.
        asked: called when they ask for a person or for anything else: what the reminder was about must be known there.
    """

    def __init__(
        self,
        parts: Parts,
        text: str,
        opted_out: Callable[[], Awaitable[None]],
        asked: Callable[[], Awaitable[None]],
        *,
        to_machine: bool,
    ) -> None:
        super().__init__(parts)
        self._text = text
        self._opted_out = opted_out
        self._asked = asked
        self._to_machine = to_machine
        self._conversing = False

    async def begin(self) -> None:
        """Say who calls, and the text."""
        parts = self.parts
        self.stage = "talking"
        self.floor.heard_of()
        opening = [parts.prompt("outbound_opening", company=parts.manners.company)]
        text = [Sentence(clause) for clause in clauses(parts.read(self._text))]
        if self._to_machine:
            parts.mouth.say([*opening, *text, parts.prompt("outbound_goodbye")])
            self.persons.outcome = CallOutcome.FAILED
            self.stage = "closing"
            return
        if parts.manners.record:
            opening.append(self.recording_notice())
        question = [*text, parts.prompt("outbound_menu")]
        self.saying.ask([*opening, *question], question=len(question))

    async def key(self, key: str) -> None:
        """One hears it again, two wants no more such calls, zero a person."""
        asked = self.parts.keypad.entry != "none" or self.persons.asked
        elsewhere = self.stage != "talking" or self.voicemail is not None
        if elsewhere or (self._conversing and (asked or key != STOP)):
            await super().key(key)
            return
        self.floor.heard_of()
        if key == AGAIN:
            self.saying.repeat()
        elif key == STOP:
            await self._stop()
        elif key == PERSON:
            await self._converse()
            await super().key(PERSON)
        else:
            self.saying.say("invalid_key")
            self.saying.repeat()

    async def understood(self, said: Understood) -> None:
        """A greeting is none of our business; anything else is."""
        if self._conversing or self.stage != "talking" or not said.text or self.echoes(said):
            await super().understood(said)
            return
        plain = words.plainly(said.text)
        if plain in _words("stop"):
            await self._stop()
        elif plain in _words("hello"):
            self.floor.heard_of()
            self.saying.resume()
        else:
            await self._converse()
            await super().understood(said)

    async def tick(self) -> None:
        """Time passes; a text that was heard to its end has done its work."""
        if not self.parts.mouth.busy and not self._conversing:
            if self.parts.mouth.unsaid:
                self.persons.outcome = CallOutcome.FAILED
            elif self._to_machine and self.stage == "closing":
                self.persons.outcome = CallOutcome.VOICEMAIL
            elif self.stage == "talking" and self.saying.question:
                self.persons.served()
        await super().tick()

    async def _converse(self) -> None:
        self._conversing = True
        self.persons.served()
        await self._asked()

    async def _stop(self) -> None:
        await self._opted_out()
        self.persons.outcome = CallOutcome.OPTED_OUT
        self.close("outbound_opted_out")

    async def _speech_down(self) -> None:
        if self._conversing:
            await super()._speech_down()
        else:
            self.saying.resume()  # keys do as well here

    async def _missed(self, said: Understood) -> None:
        if self._conversing:
            await super()._missed(said)
        else:
            self.saying.resume()

    async def _silence(self) -> None:
        if self._conversing:
            await super()._silence()
        else:
            self.close("outbound_goodbye")


@cache
def _words(kind: str) -> frozenset[str]:
    loaded = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
    return frozenset(words.plainly(one) for one in loaded[kind])
