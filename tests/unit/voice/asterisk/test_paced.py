"""The clock of the sound, on a clock that the test moves."""

import asyncio

import pytest

from integrations.voice.line import FRAME_BYTES, FRAME_SECONDS
from integrations.voice.paced import SILENCE, PacedQueue
from tests.support.asterisk import loud, tone


class Time:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def frames(queue: PacedQueue) -> list[bytes]:
    """All frames that are due now."""
    found = []
    while (frame := queue.next_frame()) is not None:
        found.append(frame)
    return found


def test_without_sound_a_frame_of_silence_is_due_every_twenty_milliseconds(time: Time) -> None:
    queue = PacedQueue(now=time)
    sent = []
    for _ in range(50):
        sent += frames(queue)
        time.passes(FRAME_SECONDS)
    assert sent == [SILENCE] * 50


def test_a_late_loop_sends_what_it_missed_so_that_the_stream_keeps_its_length(time: Time) -> None:
    queue = PacedQueue(now=time)
    sent = 0
    for late in (0.0, 0.013, 0.047, 0.021, 0.2, 0.019):
        time.passes(late)
        sent += len(frames(queue))
    assert sent == 1 + int(0.3 / FRAME_SECONDS)


def test_a_process_that_was_stopped_does_not_send_everything_it_missed(time: Time) -> None:
    queue = PacedQueue(now=time)
    frames(queue)
    time.passes(30.0)
    assert len(frames(queue)) == 1


def test_sound_goes_ahead_of_the_clock_by_the_lead_and_no_further(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    queue.put(tone(1.0))
    assert len(frames(queue)) == 10
    time.passes(0.1)
    assert len(frames(queue)) == 5
    assert queue.seconds == pytest.approx(0.9)


def test_silence_is_never_sent_ahead_so_that_the_next_sentence_does_not_wait_behind_it(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    assert len(frames(queue)) == 1
    queue.put(tone(0.1))
    assert [loud(frame) for frame in frames(queue)] == [True] * 5


def test_an_unfinished_frame_waits_for_its_rest_until_it_is_due(time: Time) -> None:
    queue = PacedQueue(0.1, now=time)
    queue.put(bytes(FRAME_BYTES) + b"\1" * 100)
    assert len(frames(queue)) == 1
    queue.put(b"\1" * (FRAME_BYTES - 100))
    assert frames(queue) == [b"\1" * FRAME_BYTES]
    queue.put(b"\1" * 100)
    assert frames(queue) == []
    time.passes(2 * FRAME_SECONDS)
    assert frames(queue) == [b"\1" * 100 + bytes(FRAME_BYTES - 100)]


def test_a_flush_tells_what_nobody_will_hear(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    queue.put(tone(1.0))
    frames(queue)
    time.passes(0.1)
    assert queue.flush(recalled=True) == pytest.approx(0.9)
    assert queue.seconds == 0.0
    assert frames(queue) == [SILENCE]


def test_what_cannot_be_recalled_still_counts_as_unplayed(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    queue.put(tone(1.0))
    frames(queue)
    assert queue.flush(recalled=False) == pytest.approx(0.8)
    assert queue.seconds == pytest.approx(0.2)


async def test_drained_waits_for_what_is_on_its_way(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    queue.put(tone(0.1))
    waiting = asyncio.create_task(queue.drained())
    frames(queue)
    await asyncio.sleep(0)
    assert not waiting.done()
    time.passes(0.1)
    frames(queue)
    await waiting


async def test_nobody_waits_for_a_line_that_is_over(time: Time) -> None:
    queue = PacedQueue(now=time)
    queue.put(tone(1.0))
    queue.close()
    await queue.drained()
    queue.put(tone(1.0))
    assert queue.seconds == 0.0
    assert frames(queue) == []


def test_a_peer_that_takes_nothing_is_waited_for(time: Time) -> None:
    queue = PacedQueue(0.2, now=time)
    queue.put(tone(1.0))
    frames(queue)
    queue.hold(True)
    time.passes(5.0)
    assert frames(queue) == []
    queue.hold(False)
    assert len(frames(queue)) == 10


def test_a_peer_that_needs_no_silence_gets_none_and_the_next_sentence_at_once(time: Time) -> None:
    queue = PacedQueue(0.2, silence=False, now=time)
    assert frames(queue) == []
    queue.put(tone(0.1))
    assert len(frames(queue)) == 5
    time.passes(3.0)
    assert frames(queue) == []
    queue.put(tone(0.3))
    assert len(frames(queue)) == 10
