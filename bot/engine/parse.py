"""Understand messages without a server: one JSON line for each message, with the milliseconds it took."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bot.engine import models
from bot.engine.events import EngineError

# The first messages fill caches and load word lists; they would be measured as slow.
WARM_UP = ("您好", "厨房的水龙头漏水了，明天下午三点来修", "三栋二单元501上个月的物业费多少钱")


def parse(folder: Path, texts: Iterable[str], sent_at: str | None = None) -> None:
    """Write intent, ranking and entities of each text to standard output, and `parse_ms`: what understanding it took.

    Args:
        folder: Where models lie; the current one is used.
        texts: The messages.
        sent_at: ISO 8601; what "tomorrow" counts from.

    Raises:
        EngineError: there is no model, or it does not work.
    """
    model = models.current(folder)
    if model is None:
        raise EngineError("no_model", "There is no trained model.", str(folder), "Run the train command first.")
    asyncio.run(_parse(models.checked(folder, model), texts, sent_at))


async def _parse(model: Path, texts: Iterable[str], sent_at: str | None) -> None:
    from bot.engine.serve import load_agent
    from bot.engine.setup import prepare_rasa

    out, sys.stdout = sys.stdout, sys.stderr
    prepare_rasa()
    from rasa.core.channels.channel import UserMessage

    agent = await load_agent(model)
    metadata = {"sent_at": sent_at} if sent_at else None
    for text in WARM_UP:
        await agent.processor.parse_message(UserMessage(text, metadata=metadata))
    for text in texts:
        message = UserMessage(text, metadata=metadata)
        began = time.perf_counter()
        parsed = await agent.processor.parse_message(message)
        parsed["parse_ms"] = round((time.perf_counter() - began) * 1000, 3)
        out.write(json.dumps(parsed, ensure_ascii=False) + "\n")
        out.flush()
