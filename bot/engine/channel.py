"""The REST channel, made honest: a turn is finished once begun, and a turn that failed does not look like silence.

Differences from Rasa's own ``rest`` channel, whose address and answer stay the same:

- A caller that hangs up does not cancel the turn. Rasa would drop it from its history although its action has run.
- A turn that raised answers 500 ``{"error": "turn_failed"}`` instead of 200 ``[]``.
- When an action failed (its server down, too slow, or an error), Rasa goes on and answers 200 with what is left,
  perhaps nothing; the header ``X-Guanjia-Failed-Action`` then names it.
- A request without a text and a sender answers 400.
- ``DELETE /webhooks/rest/conversations/<sender>`` forgets a conversation: 204, also for one that is not known.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, empty, json

from bot.engine import tracker

FAILED_ACTION = "X-Guanjia-Failed-Action"
LONGEST_SENDER = 255  # the tracker store's column

logger = logging.getLogger("guanjia.engine")
_failed: ContextVar[list[str]] = ContextVar("failed_actions")


class RestChannel(RestInput):
    """Rasa's REST channel with turns that end."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes below ``/webhooks/rest/``."""
        routes = Blueprint("guanjia_rest")

        @routes.get("/")
        async def health(_: Request) -> HTTPResponse:
            return json({"status": "ok"})

        @routes.post("/webhook")
        async def receive(request: Request) -> HTTPResponse:
            body = request.json
            sender, text = (body.get("sender"), body.get("message")) if isinstance(body, dict) else (None, None)
            if not isinstance(text, str) or not isinstance(sender, str) or not 0 < len(sender) <= LONGEST_SENDER:
                return json({"error": "sender_and_message_needed"}, status=400)
            collector = CollectingOutputChannel()
            message = UserMessage(text, collector, sender, input_channel=self.name(), metadata=body.get("metadata"))
            failed: list[str] = []
            _failed.set(failed)
            try:
                await asyncio.shield(_finish(on_new_message(message)))
            except Exception:
                logger.exception("turn.failed")
                return json({"error": "turn_failed"}, status=500)
            return json(collector.messages, headers={FAILED_ACTION: failed[0]} if failed else None)

        @routes.delete("/conversations/<sender>")
        async def forget(request: Request, sender: str) -> HTTPResponse:
            agent = request.app.ctx.agent
            try:
                async with agent.lock_store.lock(sender):  # after the turn that runs, whose end would write it anew
                    tracker.forget(agent.tracker_store, sender)
            except Exception:
                logger.exception("conversation.not_forgotten")
                return json({"error": "not_forgotten"}, status=500)
            return empty()

        return routes


async def _finish(turn: Awaitable[Any]) -> Any:
    return await turn


def note_failed_actions() -> None:
    """Let ``RemoteAction`` leave the name of an action that failed for the channel's answer."""
    run = RemoteAction.run
    if getattr(run, "notes_failures", False):
        return

    async def run_and_note(self: RemoteAction, *args: Any, **kwargs: Any) -> Any:
        try:
            return await run(self, *args, **kwargs)
        except ActionExecutionRejection:
            raise
        except Exception:
            if (failed := _failed.get(None)) is not None:
                failed.append(self.name())
            raise

    run_and_note.notes_failures = True
    RemoteAction.run = run_and_note
