"""Packets put back into their order; what is lost becomes silence, so that time goes on."""

MOST_HELD = 4
"""Packets that wait for an earlier one: 80 ms, as much as a recogniser hardly notices."""
MOST_LOST = 10
"""A longer hole is no loss but a pause of the sender's."""


class Reorder:
    """Gives packets in the order of their sequence numbers, each once."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, bytes] = {}

    def reset(self) -> None:
        """A new stream begins: its numbers have nothing to do with those before."""
        self._next = None
        self._held.clear()

    def put(self, number: int, sound: bytes) -> list[bytes | None]:
        """Take one packet in.

        Args:
            number: its sequence number, 0 to 65535.
            sound: what is in it; empty for a packet that only uses a number up (a key, comfort noise).

        Returns:
            What can be heard now, in order; None for a packet that is lost.
        """
        if self._next is None:
            self._next = number
        ahead = (number - self._next) & 0xFFFF
        if ahead >= 0x8000:
            if ahead < 0x10000 - 100:
                self.reset()  # far behind: the sender has begun anew
                return self.put(number, sound)
            return []  # late, or a second time
        if ahead > 100:
            self.reset()
            return self.put(number, sound)
        self._held[number] = sound
        ready = self._run()
        if len(self._held) > MOST_HELD:
            ready += self._skip()
        return ready

    def _run(self) -> list[bytes | None]:
        ready: list[bytes | None] = []
        while self._next in self._held:
            sound = self._held.pop(self._next)
            if sound:
                ready.append(sound)
            self._next = (self._next + 1) & 0xFFFF
        return ready

    def _skip(self) -> list[bytes | None]:
        """Give up what is missing."""
        assert self._next is not None  # something is held
        begin = self._next
        lost = min((number - begin) & 0xFFFF for number in self._held)
        self._next = (begin + lost) & 0xFFFF
        gap: list[bytes | None] = [None] * (lost if lost <= MOST_LOST else 0)
        return gap + self._run()
