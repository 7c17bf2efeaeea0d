"""The one door to the engine (Rasa over loopback).

Facts this module is built on, measured on the pinned release: a request that the client gives up loses the turn
from the engine's history although its actions ran, so a turn is never cancelled, only waited for in another place;
an action that fails leaves HTTP 200 with what is left, perhaps an empty list, so an empty answer is a failure (our
engine's channel names the failed action in a header besides); a turn is saved
as a whole or not at all, so the tracker tells whether a message was answered before a crash.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Reply = dict[str, Any]
FAILED_ACTION = "X-Guanjia-Failed-Action"
FORGET_SECONDS = 2.0


class EngineError(Exception):
    """The engine did not answer this turn."""


class EngineUnavailable(EngineError):
    """No engine there, or it refused: trying again later is right."""


class TurnFailed(EngineError):
    """The turn is over without a usable answer: it raised, an action failed inside it, or nothing was said."""


TURNS_AT_ONCE = 32
"""More only wait for each other inside the engine, which computes one turn at a time, until all run out of time."""


class EngineClient:
    """Talks to one engine process.

    Args:
        base_url: where the engine listens, e.g. ``http://127.0.0.1:5005``.
        limit_seconds: after this a turn counts as lost.
    """

    def __init__(self, base_url: str, limit_seconds: float) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=httpx.Timeout(limit_seconds, connect=2.0), limits=limits, trust_env=False
        )
        self._turns: set[asyncio.Task[list[Reply]]] = set()
        self._room = asyncio.Semaphore(TURNS_AT_ONCE)

    async def close(self) -> None:
        """Wait for turns in flight (they must not be lost), then close the connections."""
        if self._turns:
            await asyncio.wait(self._turns, timeout=5)
        await self._http.aclose()

    async def turn(
        self,
        sender: str,
        message: str,
        metadata: dict[str, Any],
        *,
        slow_after: float,
        on_slow: Callable[[], Awaitable[None]],
    ) -> list[Reply]:
        """One turn: the replies of the engine, at least one.

        Args:
            sender: the conversation's public id.
            message: the resident's text, or a slash payload that the gateway made.
            metadata: lands on the engine's tracker and in the action's hands.
            slow_after: seconds after which ``on_slow`` is awaited once, while the turn goes on.

        Raises:
            EngineUnavailable: try again later.
            TurnFailed: the turn is over without an answer.
        """
        task = asyncio.create_task(self._post_turn(sender, message, metadata))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        # A task that nobody awaits any more (the caller was cancelled) still has its error looked at.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        done, _ = await asyncio.wait({task}, timeout=slow_after)
        if not done:
            await on_slow()
        replies = await asyncio.shield(task)
        if not replies:
            raise TurnFailed("empty")
        return replies

    async def _post_turn(self, sender: str, message: str, metadata: dict[str, Any]) -> list[Reply]:
        body = {"sender": sender, "message": message, "metadata": metadata}
        try:
            async with self._room:  # the limit counts the engine's work, not the line before it
                response = await self._http.post("/webhooks/rest/webhook", json=body)
        except httpx.HTTPError as error:
            raise EngineUnavailable(type(error).__name__) from error
        if response.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            raise TurnFailed("turn_failed")
        if response.status_code != httpx.codes.OK:
            raise EngineUnavailable(str(response.status_code))
        if FAILED_ACTION in response.headers:
            raise TurnFailed(response.headers[FAILED_ACTION])
        replies: list[Reply] = response.json()
        return replies

    async def earlier_turn(self, sender: str, message_id: int) -> list[Reply] | None:
        """The replies the engine already gave to this message (asked after a crash only), or None.

        Raises:
            EngineUnavailable: the engine cannot tell now.
        """
        try:
            response = await self._http.get(f"/conversations/{sender}/tracker", params={"include_events": "ALL"})
            response.raise_for_status()
            events: list[dict[str, Any]] = response.json().get("events") or []
        except (httpx.HTTPError, ValueError) as error:
            raise EngineUnavailable(type(error).__name__) from error
        replies: list[Reply] | None = None
        for event in events:
            if event.get("event") == "user":
                if replies:
                    break
                mine = (event.get("metadata") or {}).get("message_id") == message_id
                replies = [] if mine else None
            elif event.get("event") == "bot" and replies is not None:
                replies.append(_reply_of(event))
        return replies or None

    async def forget(self, public_id: str) -> None:
        """Let the engine forget a conversation, whether it knows it or not.

        It waits for a turn that runs; the caller has other things to do, so it is asked again later instead.

        Raises:
            EngineUnavailable: it could not, or not now.
        """
        try:
            response = await self._http.delete(f"/webhooks/rest/conversations/{public_id}", timeout=FORGET_SECONDS)
        except httpx.HTTPError as error:
            raise EngineUnavailable(type(error).__name__) from error
        if response.status_code != httpx.codes.NO_CONTENT:
            raise EngineUnavailable(str(response.status_code))

    async def ready(self) -> bool:
        """Whether the engine answers and has a model."""
        try:
            response = await self._http.get("/status", timeout=2.0)
        except httpx.HTTPError:
            return False
        return response.status_code == httpx.codes.OK and bool(response.json().get("model_file"))


def _reply_of(event: dict[str, Any]) -> Reply:
    """A bot event of the tracker in the form the REST channel would have sent."""
    data = event.get("data") or {}
    reply = {key: data[key] for key in ("buttons", "image", "custom") if data.get(key)}
    if event.get("text"):
        reply["text"] = event["text"]
    return reply
