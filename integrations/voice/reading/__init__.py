"""The text front end of the voice: what is written, as a person reads it aloud."""

from integrations.voice.reading.clauses import clauses
from integrations.voice.reading.front import SAYABLE, readable

__all__ = ["SAYABLE", "clauses", "readable"]
