"""The telephone as a channel: what goes to a resident who has called is spoken on the call, while it lasts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from integrations.gateway.channel import Capabilities, Delivery, OutboundMessage, Receipt, StoredAnswer, Wire
from integrations.voice.call.answer import Answer, Author
from integrations.voice.call.session import CallSession
from integrations.voice.spoken import spoken_answer
from property_db.clock import SHANGHAI, Clock
from property_db.conversations import blocks as b

NAME = "voice"
HUNG_UP = "hung_up"

FindCall = Callable[[str], CallSession | None]


class VoiceChannel:
    """Hands stored messages to the call they are for.

    Args:
        clock: of which day it is, so that 2026 need not be said in 2026.
    """

    name = NAME
    capabilities = Capabilities(cards=False, choices="keys", pictures=False, speaks=True)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._call_of: FindCall = _no_call

    def connect(self, call_of: FindCall) -> None:
        """Say where calls are found by their public id."""
        self._call_of = call_of

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """The blocks as they are stored; they become sentences on the call."""
        return [
            OutboundMessage(
                answer.external_id,
                {
                    "conversation": answer.conversation_public_id,
                    "seq": answer.view.seq,
                    "reply_to": answer.view.reply_to_seq,
                    "author": answer.view.author,
                    "blocks": b.dump(answer.blocks or _text_of(answer.view.text)),
                },
                (answer.message_id,),
                answer.reply_to_id,
            )
            for answer in answers
        ]

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Give it to the call; a call that is over hears nothing any more."""
        call = self._call_of(message.external_id)
        if call is None:
            return Receipt(Delivery.IMPOSSIBLE, HUNG_UP)
        await wire()
        call.deliver(answer_of(message, self._clock.now()))
        return Receipt(Delivery.DELIVERED)


def answer_of(message: OutboundMessage, now: datetime) -> Answer:
    """A rendered message as a call takes it."""
    payload = message.payload
    blocks = b.parse(payload["blocks"])
    author = cast(Author, payload["author"])
    return Answer(
        conversation=payload["conversation"],
        seq=payload["seq"],
        reply_to=payload["reply_to"],
        author=author,
        spoken=spoken_answer(blocks, now.astimezone(SHANGHAI).date(), rewrite=author != "agent"),
        danger=any(isinstance(block, b.Emergency) for block in blocks),
        events=frozenset(block.event for block in blocks if isinstance(block, b.System)),
    )


def _text_of(text: str) -> list[b.Block]:
    return [b.Text(text=text)] if text else []


def _no_call(public_id: str) -> CallSession | None:
    return None
