"""What was said last, and what keys and words mean because of it."""

from collections.abc import Sequence
from dataclasses import replace

from integrations.voice.call import keypad as keys
from integrations.voice.call import words
from integrations.voice.call.answer import Answer
from integrations.voice.call.listening import ENDS_AFTER_SECONDS
from integrations.voice.call.office import Chosen
from integrations.voice.call.parts import Parts
from integrations.voice.call.playing import Sentence
from integrations.voice.keyed import CODE_DIGITS, YES, read_back, text_of_speech
from integrations.voice.spoken.answer import SpokenAnswer

ENDS_AFTER_DIGITS_SECONDS = 0.9
"""Who says a number breathes between its groups."""
DIGITS = {"phone": 11, "code": CODE_DIGITS, "room": None, "time": None}
PARTED = frozenset({"room", "time"})


class Saying:
    """Says things and remembers what they ask for.

    Attributes:
        answer, part: the last answer, and the part of it that was said.
        question: what is said again on request.
        cut: what an interruption has cut, until it is known whether it was one.
        menu_open: the keys are those of the menu.
        read_back: a value that the caller was asked to confirm.
        yes_key: the key that confirms it.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.answer: Answer | None = None
        self.part: SpokenAnswer | None = None
        self.question: list[Sentence] = []
        self.cut: list[Sentence] = []
        self.menu_open = False
        self.read_back: str | None = None
        self.yes_key = ""

    def chosen(self, key: str) -> Chosen | None:
        """The option on a key of the last answer."""
        option = self.part.options.get(key) if self.part is not None else None
        if option is None or self.answer is None:
            return None
        return Chosen(self.answer.conversation, self.answer.seq, option.id)

    def names_option(self, text: str) -> bool:
        """Whether a text is an option of the last answer as it was read to the caller, and nothing else."""
        options = self.part.options.values() if self.part is not None else ()
        return any(words.plainly(option.title) == words.plainly(text) for option in options)

    def say_answer(self, answer: Answer, opens_after: float | None) -> None:
        """Say an answer; from now on keys and words mean what it asks for.

        Args:
            opens_after: seconds until a word is heard before it, unless it is heard itself by then; None for no word.
        """
        self.answer = answer
        self.menu_open, self.read_back, self.cut = False, None, []
        self.say_part(answer.spoken, opens_after)

    def forget(self) -> None:
        """The caller has answered: nothing is asked any more, until the next answer asks."""
        self.menu_open, self.read_back, self.cut = False, None, []
        self.parts.keypad.ask("none")
        self.parts.ear.ends_after = ENDS_AFTER_SECONDS
        self.parts.understanding.hints = ()

    def value_in(self, text: str) -> str | None:
        """The telephone, room or code that was asked for and is in the text; to be read back."""
        return text_of_speech(self.part.expects, text) if self.part is not None else None

    def read_it_back(self, value: str) -> None:
        """Ask whether this was meant."""
        self.read_back = value
        asked = read_back(value, self.parts.clock.today())
        keyed = {key: option.id for key, option in asked.options.items()}
        self.yes_key = next(key for key, meaning in keyed.items() if meaning == YES)
        self.parts.keypad.ask("choice", frozenset(keyed))
        self.parts.ear.ends_after = ENDS_AFTER_SECONDS
        self.ask([Sentence(one.read) for one in asked.sentences])

    def say_part(self, part: SpokenAnswer, opens_after: float | None = None) -> None:
        """Say an answer, or the next part of a long one."""
        self.part = part
        self.offer()
        said = [Sentence(one.read, interruptible=n >= part.uninterruptible) for n, one in enumerate(part.sentences)]
        if said and opens_after is not None:
            said[0] = replace(said[0], opener=self.parts.prompt("opener"), opens_after=opens_after)
        self.parts.mouth.say(said)
        self.question = [Sentence(one.text) for one in said]

    def offer(self) -> None:
        """Let keys and ears expect what the last answer asks for."""
        part = self.part
        if part is None:
            self.parts.keypad.ask("none")
            return
        options = frozenset(part.options) | (frozenset({part.more_key}) if part.more_key else frozenset())
        entry: keys.Entry = "choice" if options else "none"
        if part.expects == "rating":
            entry = "rating"
        elif part.expects in DIGITS:
            entry = "digits"
        self.parts.keypad.ask(entry, options, DIGITS.get(part.expects), parted=part.expects in PARTED)
        self.parts.ear.ends_after = ENDS_AFTER_DIGITS_SECONDS if entry == "digits" else ENDS_AFTER_SECONDS
        self.parts.understanding.hints = tuple(option.title for option in part.options.values())

    def more(self) -> None:
        """Say the next part of a long list."""
        part = self.part
        if part is not None and part.more:
            first, rest = part.more[0], part.more[1:]
            self.say_part(first if not rest else _followed_by(first, rest))

    def ask(self, sentences: Sequence[Sentence], question: int | None = None) -> None:
        """Say it; the last ``question`` sentences are what is said again on request."""
        self.parts.mouth.say(sentences)
        self.question = list(sentences[-question:] if question else sentences)

    def say(self, prompt: str) -> None:
        """Say a prompt beside everything else."""
        self.parts.mouth.say([self.parts.prompt(prompt)])

    def repeat(self) -> None:
        """Say again what was asked last."""
        self.cut = []
        if self.question:
            self.parts.mouth.say(self.question)
        else:
            self.say("repeat_nothing")

    def resume(self) -> None:
        """Go on with what was cut for nothing."""
        cut, self.cut = self.cut, []
        if cut:
            self.parts.mouth.say(cut)

    def open_menu(self) -> None:
        """Offer the keys by which everything can be reached."""
        self.menu_open, self.read_back, self.part = True, None, None
        self.parts.keypad.ask("choice", frozenset(words.menu()))
        self.ask([self.parts.prompt("menu")])


def _followed_by(part: SpokenAnswer, rest: tuple[SpokenAnswer, ...]) -> SpokenAnswer:
    """A part of a list with what comes after it."""
    return SpokenAnswer(part.sentences, part.uninterruptible, part.options, part.expects, part.more_key, rest)
