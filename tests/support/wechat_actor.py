"""A resident who writes to the estate's Official Account: the same verbs as at the web chat, over the local WeChat.

What was answered is taken from the database, as the web chat's page would get it; and every answer is checked to have
arrived at the phone exactly once with all its words and choices, as text and links.
"""

import asyncio
import html
import re
import uuid
from typing import Any

from sqlalchemy import select

from integrations.gateway.views import message_views
from integrations.wechat.accounts import Account, external_id
from property_db.conversations import service as conversations
from property_db.conversations.models import Direction, Message
from property_db.people import repository
from property_db.people import service as people
from tests.local_wechat.client import Phone, options_in
from tests.support.actors import PATIENCE_SECONDS, Answer
from tests.support.stack import Server

_MARKUP = re.compile(r"<[^<>]*>")
_NOT_COMPARED = re.compile(r"[\s<>＜＞&＆]+")


def _bare(text: str) -> str:
    """Text without what a text channel may write otherwise: spaces, line ends, signs of markup."""
    return _NOT_COMPARED.sub("", html.unescape(_MARKUP.sub("", text)))


def _words_of(blocks: list[dict[str, Any]]) -> list[str]:
    """What a resident must be able to read of an answer, whatever form it is shown in."""
    words: list[str] = []
    for block in blocks:
        match block["kind"]:
            case "text" | "system" | "emergency":
                words.append(block["text"])
                words += [phone["number"] for phone in block.get("phones", [])]
            case "choices":
                words += [option["title"] for option in block["options"]]
            case "bill_card":
                words += [f"{block['total_fen'] / 100:.2f}", *(line["label"] for line in block["lines"])]
            case "ticket_card":
                words += [block["number"], block["state_text"]]
            case "notice_card":
                words += [block["title"], block["body"]]
            case "rating" | "ask":
                words += [block["prompt"] or ""]
            case "link":
                words.append(block["title"])
    return words


class WechatResident:
    """Somebody with the account open in WeChat."""

    def __init__(self, server: Server, account: Account, peer_url: str) -> None:
        self._server = server
        self._account = account
        self.phone = Phone(peer_url, account.name)
        self._pictures: dict[str, bytes] = {}
        self._last: Answer | None = None
        self._last_choices: dict[str, dict[str, str]] = {}
        self.conversation_id: str | None = None

    async def arrive(self) -> "WechatResident":
        """Switch the phone on and follow the account."""
        await self.phone.__aenter__()
        await self.phone.follow()
        return self

    async def leave(self) -> None:
        """Switch it off."""
        await self.phone.__aexit__(None, None, None)

    @property
    def _external_id(self) -> str:
        return external_id(self._account, self.phone.open_id)

    async def bind_at_once(self, phone: str) -> None:
        """Bind without the code; the code has tests of its own."""
        async with self._server.services.database.transaction() as session:
            identity = await people.identity_for(session, "wechat", self._external_id)
            person = await repository.person_by_phone(session, phone)
            assert person is not None, f"the demo estate has nobody with {phone}"
            identity.person_id, identity.verified_at = person.id, self._server.services.clock.now()

    async def send(self, text: str = "", *, menu_id: str | None = None, **_: Any) -> dict[str, Any]:
        """Write and wait until the server has taken it in; the stored message."""
        return await self._stored(await self.phone.sends(text, menu_id=menu_id))

    async def says(self, text: str, upload_ids: list[str] | None = None) -> Answer:
        """Write, after sending the pictures by themselves, and wait for the answer."""
        for upload_id in upload_ids or []:
            await self.phone.sends_picture(self._pictures[upload_id])
        return await self.answer_to(await self.send(text))

    async def chooses(self, title: str) -> Answer:
        """Press a choice of the last answer."""
        assert title in self._last_choices, f"{title} is not offered, only {list(self._last_choices)}"
        chosen = self._last_choices[title]
        return await self.answer_to(await self.send(chosen["content"], menu_id=chosen["menu_id"]))

    async def uploads(self, data: bytes) -> str:
        """Keep a picture that is sent with the next message."""
        name = uuid.uuid4().hex
        self._pictures[name] = data
        return name

    async def rates(self, stars: int, comment: str = "") -> None:
        """Give stars to the person who helped."""
        await self.send(f"{stars}分")

    async def state(self) -> str:
        """The state of the resident's newest conversation."""
        async with self._server.services.database.reading() as session:
            identity = await people.find_identity(session, "wechat", self._external_id)
            assert identity is not None
            (latest,) = await conversations.latest(session, identity.id, limit=1)
            return latest.state.value

    async def answer_to(self, message: dict[str, Any]) -> Answer:
        """Wait until the answer to a stored message is on the phone, once and whole."""
        row = await self._until(lambda: self._answer_row(message["id"]), f"no answer to message {message['seq']}")
        entries = await self._until(lambda: self._shown(row, message["shown"]), f"the phone did not show {row.blocks}")
        self._last_choices = {}
        for entry in entries:
            self._last_choices |= {
                option.title: {"content": option.content, "menu_id": option.menu_id}
                for option in options_in(entry["text"])
            }
        self._last = Answer(row.blocks, row.seq, row.author.value, entries)
        for title in self._last.choices:
            assert title in self._last_choices, f"{title} cannot be pressed in {entries}"
        return self._last

    async def messages(self) -> list[dict[str, Any]]:
        """What the phone shows."""
        return await self.phone.chat()

    async def hears(self, what: str, after_seq: int = 0) -> dict[str, Any]:
        """Wait until the phone shows a message that contains ``what``; the author of it."""

        async def heard() -> dict[str, Any] | None:
            shown = await self.phone.received()
            return next((entry for entry in shown if _bare(what) in _bare(entry["text"])), None)

        await self._until(heard, f"「{what}」 was not heard")
        async with self._server.services.database.reading() as session:
            rows = await session.scalars(select(Message).where(Message.direction == Direction.OUT))
            author = next(row.author.value for row in rows if what in str(row.blocks))
        return {"author": author}

    async def _shown(self, row: Message, before: int) -> list[dict[str, Any]] | None:
        """The bubbles that carry an answer, once all of it is there; twice would be an error."""
        entries = (await self.phone.chat())[before:]
        assert all(entry["how"] != "unavailable" for entry in entries), "the phone shows the account out of order"
        came = [entry for entry in entries if entry["side"] == "account"]
        shown = "".join(_bare(entry["text"]) for entry in came)
        for wanted in _words_of(row.blocks):
            if _bare(wanted) not in shown:
                return None
        first = next((_bare(words) for words in _words_of(row.blocks) if len(_bare(words)) > 12), None)
        assert first is None or shown.count(first) == 1, "an answer came twice"
        return came

    async def _answer_row(self, message_id: int) -> Message | None:
        async with self._server.services.database.reading() as session:
            rows = list(await session.scalars(select(Message).where(Message.reply_to_id == message_id)))
            assert len(rows) <= 1, "one message, one answer"
            return rows[0] if rows else None

    async def _stored(self, sent: dict[str, Any]) -> dict[str, Any]:
        client_message_id = f"m{sent['message_id']}"

        async def stored() -> Message | None:
            async with self._server.services.database.reading() as session:
                return await session.scalar(select(Message).where(Message.client_message_id == client_message_id))

        row: Message = await self._until(stored, "the message was not taken in")
        async with self._server.services.database.reading() as session:
            conversation = await conversations.get(session, row.conversation_id)
            (view,) = await message_views(session, conversation.public_id, [row])
        self.conversation_id = conversation.public_id
        return {**view.model_dump(mode="json"), "id": row.id, "shown": sent["seq"]}

    async def _until(self, look: Any, otherwise: str) -> Any:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(otherwise)
