"""Two lines connected: each hears the other, until one of them hangs up."""

from typing import Literal

from integrations.voice.call.session import CallSession
from integrations.voice.handover.sounds import of_key
from integrations.voice.line import Audio, HungUp, Key, Line, LineEvent

MOST_BEHIND_SECONDS = 0.3
"""Sound that one side's clock brings faster than the other's plays; what is beyond is dropped, so nobody hears late."""

Side = Literal["agent", "caller"]


class Bridge:
    """Connects a call with an agent's telephone. The call's session steps aside meanwhile and goes on afterwards.

    Args:
        session: the resident's side; it still notices when they hang up.
        agent: an answered line.
    """

    def __init__(self, session: CallSession, agent: Line) -> None:
        self._session = session
        self._agent = agent

    async def run(self) -> Side:
        """Connect until one side hangs up; which one. Neither line is hung up by this."""
        session, agent = self._session, self._agent
        session.step_aside(self._to_agent)
        try:
            while session.ended is None:
                event = await agent.next_event()
                if isinstance(event, HungUp):
                    return "caller" if session.ended is not None else "agent"
                self._to_resident(event)
            return "caller"
        finally:
            session.come_back()

    def _to_agent(self, event: LineEvent) -> None:
        sound = _sound_of(event)
        if sound and self._agent.unplayed < MOST_BEHIND_SECONDS:
            self._agent.play(sound)

    def _to_resident(self, event: LineEvent) -> None:
        sound, line = _sound_of(event), self._session.line
        if not self._session.dialogue.aside:
            return  # the call is being ended; what is said now is ours
        if sound and line.unplayed < MOST_BEHIND_SECONDS:
            line.play(sound)
            self._session.tap.ours(sound, 0)


def _sound_of(event: LineEvent) -> bytes:
    """What the other side hears of it: a key as its tones, as a line has no other way to pass one on."""
    match event:
        case Audio(pcm):
            return pcm
        case Key(digit):
            return of_key(digit)
    return b""
