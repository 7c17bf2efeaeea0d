"""Pictures and voice messages that have to be fetched before a message can be answered.

The message is committed first, with what its channel needs for fetching; the worker that claimed it fetches, so that a
crash or a slow platform costs nothing but time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway import at_once, pictures
from integrations.gateway.addresses import Addresses
from integrations.gateway.backoff import pause_after
from integrations.gateway.channel import Channel, InboundMessage, Media, MediaChannel, MediaGone, MediaUnavailable
from integrations.gateway.errors import ApiError
from integrations.gateway.hub import Event, Hub, MessageStored
from integrations.gateway.texts import say
from property_db.clock import Clock
from property_db.conversations import blocks as b
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.errors import ClaimLost
from property_db.conversations.models import ConversationState, Message, MessageState
from property_db.database import Database

log = structlog.get_logger()

GIVE_UP_AFTER_ATTEMPTS = 6
LONGEST_PAUSE = timedelta(seconds=30)


class SpeechUnavailable(Exception):
    """The recogniser does not answer now."""


class Listener(Protocol):
    """Makes text of a voice message."""

    async def text_of(self, voice: bytes) -> str:
        """What was said; empty where nothing was understood.

        Raises:
            SpeechUnavailable: try again later.
        """
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class MediaDesk:
    """Fetches what a message needs, then lets it be answered.

    Args:
        listener: the recogniser; None where none is configured, so that residents are asked to type.
        worker: names this process in claimed rows.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        addresses: Addresses,
        channels: Mapping[str, Channel],
        upload_dir: Path,
        listener: Listener | None,
        worker: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._addresses = addresses
        self._channels = channels
        self._upload_dir = upload_dir
        self._listener = listener
        self._worker = worker

    async def close(self) -> None:
        """Close what is open."""
        if self._listener is not None:
            await self._listener.close()

    def readable(self, message: InboundMessage) -> InboundMessage:
        """The message as it can be handled here: without a recogniser nobody listens to a voice message."""
        if message.media is not None and message.media.kind == "voice" and self._listener is None:
            return replace(message, media=None, unreadable="voice", text=message.text or say("voice_message"))
        return message

    async def complete(self, message: Message) -> bool:
        """Fetch what a claimed message needs; False where the message is settled or due again later.

        Raises:
            ClaimLost: another worker has taken the message over.
        """
        assert message.media is not None
        address = await self._addresses.of(message.conversation_id)
        media = Media(message.media["kind"], message.media["reference"])
        try:
            channel = cast("MediaChannel", self._channels[address.channel])
            raw = await channel.fetch(address.external_id, media)
            if media.kind == "picture":
                await self._keep_picture(message, address.identity_id, await pictures.cleaned(raw))
                return True
            return await self._keep_words(message, raw)
        except (MediaUnavailable, SpeechUnavailable) as error:
            log.warning("media.unavailable", kind=media.kind, attempt=message.attempts, error=type(error).__name__)
            await self._again_or_give_up(message, media)
        except MediaGone:
            await self._give_up(message, f"{media.kind}_gone")
        except ApiError:
            await self._give_up(message, "picture_unreadable")
        except ClaimLost:
            raise
        except Exception as error:  # a full disk, an account that is gone: it must not keep the resident for ever
            log.error("media.failed", kind=media.kind, attempt=message.attempts, error=type(error).__name__)
            await self._again_or_give_up(message, media)
        return False

    async def _again_or_give_up(self, message: Message, media: Media) -> None:
        if message.attempts < GIVE_UP_AFTER_ATTEMPTS:
            await self._try_later(message)
        else:
            await self._give_up(message, f"{media.kind}_gone")

    async def _keep_picture(self, message: Message, identity_id: int, picture: pictures.Picture) -> None:
        async with self._database.transaction() as session:
            row = await pictures.keep(session, identity_id, picture, self._upload_dir, self._clock)
            await conversations.media_fetched(session, message, self._worker, upload_ids=[row.id])
        self._hub.publish(MessageStored(message.conversation_id, message.id, inbound=True))

    async def _keep_words(self, message: Message, voice: bytes) -> bool:
        """Keep what was said; a danger in it is answered at once, as if it had been typed."""
        assert self._listener is not None
        text = (await self._listener.text_of(voice)).strip()
        if not text:
            await self._give_up(message, "voice_not_heard")
            return False
        danger = at_once.danger_in(text)
        events: list[Event] = []
        async with self._database.transaction() as session:
            chosen = None
            if danger is None:
                chosen = await lookup.option_named(session, message.conversation_id, text, only_delivered=True)
            choice = chosen.model_dump() if chosen else None
            await conversations.media_fetched(session, message, self._worker, text=text, choice=choice)
            if danger is not None:
                await conversations.finish(session, message.id, self._worker, self._clock)
                conversation = await conversations.get(session, message.conversation_id)
                events = await at_once.answer_danger(session, conversation, message, danger, self._clock)
        self._hub.publish(MessageStored(message.conversation_id, message.id, inbound=True), *events)
        return danger is None

    async def _try_later(self, message: Message) -> None:
        due_at = self._clock.now() + pause_after(message.attempts - 1, longest=LONGEST_PAUSE)
        async with self._database.transaction() as session:
            await conversations.retry_later(session, message.id, self._worker, due_at)

    async def _give_up(self, message: Message, sentence: str) -> None:
        """Say what was not received; a person who has the conversation sees the message as it is."""
        async with self._database.transaction() as session:
            events = await self._answer(session, message, sentence)
        self._hub.publish(*events)

    async def _answer(self, session: AsyncSession, message: Message, sentence: str) -> list[Event]:
        conversation = await conversations.get(session, message.conversation_id)
        await conversations.media_fetched(session, message, self._worker, text=message.text or say("media_gone"))
        with_bot = conversation.state is ConversationState.BOT
        state = MessageState.ANSWERED if with_bot else MessageState.HELD
        await conversations.finish(session, message.id, self._worker, self._clock, state)
        return [await at_once.store_answer(session, message, [b.Text(text=say(sentence))], self._clock)]
