"""What the parts of one call share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from integrations.voice.call.keypad import Keypad
from integrations.voice.call.listening import Ear
from integrations.voice.call.office import Office
from integrations.voice.call.pace import Pace
from integrations.voice.call.playing import Mouth, Sentence
from integrations.voice.call.understanding import Understanding
from integrations.voice.prompts import Prompts
from property_db.clock import Clock

Reader = Callable[[str], str]
"""Makes a written text one that a voice reads as people do."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What an installation sets for its calls.

    Attributes:
        company: whose hotline it is.
        record: the caller is recorded, and told so.
        longest_seconds: of a call; whoever is with a person is not cut off.
        longest_voicemail_seconds: of a message left.
    """

    company: str = ""
    record: bool = True
    longest_seconds: float = 1800.0
    longest_voicemail_seconds: float = 120.0


@dataclass(slots=True)
class Parts:
    """See the module."""

    office: Office
    prompts: Prompts
    pace: Pace
    ear: Ear
    mouth: Mouth
    understanding: Understanding
    read: Reader
    clock: Clock
    manners: Manners
    keypad: Keypad = field(default_factory=Keypad)

    def sentence(self, text: str) -> Sentence:
        """A text of our own as it is said."""
        return Sentence(self.read(text))

    def prompt(self, key: str, **values: object) -> Sentence:
        """A prompt as it is said: the company's own recording, or its text."""
        recording = None if values else self.prompts.sound(key)
        return Sentence(self.read(self.prompts.text(key, **values)), recording=recording)
