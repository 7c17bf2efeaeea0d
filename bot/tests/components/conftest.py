"""A message on its way through the pipeline's own components."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rasa.shared.nlu.training_data.message import Message

Pipeline = Callable[..., "Message"]


@pytest.fixture(scope="session")
def understand(rasa: None) -> Pipeline:
    """Sends a text through normaliser, tokenizer, emergency detector and extractor."""
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.emergency_detector import EmergencyDetector
    from bot.components.entities import EntityExtractor
    from bot.components.normaliser import Normaliser
    from bot.components.tokenizer import ChineseTokenizer

    steps = (
        Normaliser(),
        ChineseTokenizer(ChineseTokenizer.get_default_config()),
        EmergencyDetector(),
        EntityExtractor(),
    )

    def run(text: str, sent_at: str | None = "2026-11-21T02:00:00Z", **data: Any) -> Message:
        message = Message(data={"text": text, "metadata": {"sent_at": sent_at} if sent_at else None, **data})
        for step in steps:
            step.process([message])
        return message

    return run
