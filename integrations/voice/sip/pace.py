"""One clock for the sound of all calls: a turn every 20 ms by an absolute clock, so that nothing drifts.

aiortp paces each session with a task of its own; twenty calls would wake the event loop a thousand times a second.
Here it wakes fifty times, whatever the number of calls. Nothing is handed to the socket ahead of its time, so what is
dropped is silent within one frame.
"""

import asyncio
from typing import Protocol

import structlog

from integrations.voice.line import FRAME_SECONDS

log = structlog.get_logger()

MOST_BEHIND = 5
"""Frames that are made up for after the loop was busy; more of them at once no jitter buffer would take."""


class Player(Protocol):
    """Something that sends one frame in each turn."""

    def turn(self) -> None:
        """Send the next 20 ms."""
        ...


class Pace:
    """The clock; it runs while somebody plays."""

    def __init__(self) -> None:
        self._players: dict[Player, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def add(self, player: Player) -> None:
        """Give this one its turns from now on."""
        self._players[player] = None
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + FRAME_SECONDS
            self._timer = loop.call_at(self._due, self._tick)

    def remove(self, player: Player) -> None:
        """No more turns for this one."""
        self._players.pop(player, None)
        if not self._players and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        turns = min(MOST_BEHIND, 1 + int((loop.time() - self._due) / FRAME_SECONDS))
        for player in list(self._players):
            try:
                for _ in range(turns):
                    player.turn()
            except Exception as error:  # one call's fault never silences the others
                log.error("voice.sip_turn_failed", error=type(error).__name__, exc_info=error)
                self._players.pop(player, None)
        if not self._players:
            self._timer = None
            return
        self._due = max(self._due + turns * FRAME_SECONDS, loop.time() - FRAME_SECONDS)
        self._timer = loop.call_at(self._due, self._tick)
