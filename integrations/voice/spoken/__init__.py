"""Logical answers as they are heard on the telephone."""

from integrations.voice.spoken.answer import Expects, Offered, Sentence, SpokenAnswer
from integrations.voice.spoken.rendering import PERSON_KEY, spoken_answer
from integrations.voice.spoken.wording import for_the_ear

__all__ = ["PERSON_KEY", "Expects", "Offered", "Sentence", "SpokenAnswer", "for_the_ear", "spoken_answer"]
