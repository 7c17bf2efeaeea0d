"""The people in the conversations: residents who type, and agents at the desk, over real HTTP."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE_SECONDS = 30.0


@dataclass
class Answer:
    """What the resident got for one message."""

    blocks: list[dict[str, Any]]
    seq: int = 0
    author: str = "bot"
    raw: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All texts of the answer, one below the other."""
        return "\n".join(block["text"] for block in self.blocks if block.get("text"))

    @property
    def choices(self) -> list[str]:
        """Titles of the offered choices."""
        return [o["title"] for block in self.blocks if block["kind"] == "choices" for o in block["options"]]

    def offers(self, title: str) -> bool:
        """Whether a choice with this title is offered."""
        return title in self.choices

    def cards(self, kind: str) -> list[dict[str, Any]]:
        """The blocks of one kind."""
        return [block for block in self.blocks if block["kind"] == kind]

    def card(self, kind: str) -> dict[str, Any]:
        """The only block of one kind."""
        (card,) = self.cards(kind)
        return card


class Resident:
    """Somebody with the web chat open."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False)
        self.conversation_id: str | None = None
        self._last: Answer | None = None

    async def arrive(self) -> "Resident":
        """Open the page."""
        started = await self.http.post("/api/webchat/sessions", json={})
        assert started.status_code == 201, started.text
        self.http.headers["Authorization"] = f"Bearer {started.json()['token']}"
        return self

    async def leave(self) -> None:
        """Close the page."""
        await self.http.aclose()

    async def bind(self, phone: str) -> dict[str, Any]:
        """Bind the homes of this phone through the code in the demo's SMS inbox."""
        asked = await self.http.post("/api/webchat/bindings/code", json={"phone": phone})
        assert asked.status_code == 202, asked.text
        inbox = (await self.http.get("/api/demo/sms")).json()
        code = next(sms["code"] for sms in inbox if sms["phone"] == phone)
        bound = await self.http.post("/api/webchat/bindings/verify", json={"phone": phone, "code": code})
        assert bound.status_code == 200, bound.text
        identity: dict[str, Any] = bound.json()["identity"]
        return identity

    async def send(self, text: str = "", client_message_id: str | None = None, **more: Any) -> dict[str, Any]:
        """Send without waiting for the answer; the stored message."""
        body = {"client_message_id": client_message_id or uuid.uuid4().hex, "text": text, **more}
        sent = await self.http.post("/api/webchat/messages", json=body)
        assert sent.status_code == 202, sent.text
        message: dict[str, Any] = sent.json()["message"]
        self.conversation_id = message["conversation_id"]
        return message

    async def says(self, text: str, **more: Any) -> Answer:
        """Send a message and wait for the answer to it."""
        return await self.answer_to(await self.send(text, **more))

    async def chooses(self, title: str) -> Answer:
        """Press a button of the last answer."""
        assert self._last is not None, "nothing was offered yet"
        for block in self._last.blocks:
            for option in block.get("options", []):
                if option["title"] == title:
                    choice = {"seq": self._last.seq, "id": option["id"]}
                    return await self.answer_to(await self.send(choice=choice))
        raise AssertionError(f"{title} is not offered, only {self._last.choices}")

    async def answer_to(self, message: dict[str, Any]) -> Answer:
        """Wait until the answer to a stored message is there."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            rows = await self.messages(message["seq"], message["conversation_id"])
            answers = [row for row in rows if row["reply_to_seq"] == message["seq"]]
            if answers:
                assert len(answers) == 1, "one message, one answer"
                self._last = Answer(answers[0]["blocks"], answers[0]["seq"], answers[0]["author"], rows)
                return self._last
            await asyncio.sleep(0.02)
        raise AssertionError(f"no answer to message {message['seq']}")

    async def messages(self, after_seq: int = 0, conversation_id: str | None = None) -> list[dict[str, Any]]:
        """What the page would get on resuming."""
        answer = await self.http.get(
            "/api/webchat/messages",
            params={"conversation": conversation_id or self.conversation_id, "after_seq": after_seq},
        )
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["messages"]
        return rows

    async def hears(self, what: str, after_seq: int = 0) -> dict[str, Any]:
        """Wait for a message that contains ``what``, from whomever."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        rows: list[dict[str, Any]] = []
        while asyncio.get_running_loop().time() < deadline:
            rows = await self.messages(after_seq)
            for row in rows:
                texts = [row["text"], *(block.get("text") or "" for block in row["blocks"])]
                if row["direction"] == "out" and any(what in text for text in texts):
                    return row
            await asyncio.sleep(0.05)
        raise AssertionError(f"「{what}」 was not heard; there is {rows}")

    async def uploads(self, data: bytes, name: str = "photo.jpg") -> str:
        """Upload a picture; its id."""
        sent = await self.http.post("/api/webchat/uploads", files={"file": (name, data)})
        assert sent.status_code == 201, sent.text
        upload_id: str = sent.json()["id"]
        return upload_id

    async def rates(self, stars: int, comment: str = "") -> None:
        """Give stars to the person who helped."""
        rated = await self.http.post(
            "/api/webchat/ratings",
            json={"conversation_id": self.conversation_id, "stars": stars, "comment": comment},
        )
        assert rated.status_code == 201, rated.text

    async def state(self) -> str:
        """The state of the resident's newest conversation."""
        me = (await self.http.get("/api/webchat/me")).json()
        state: str = me["conversations"][-1]["state"]
        return state


class DeskAgent:
    """Somebody signed in at the desk."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=f"{url}/api/desk", timeout=30.0, trust_env=False)

    async def signs_in(self, username: str = "xiaoli", password: str = "guanjia-demo") -> "DeskAgent":
        """Sign in and go online."""
        answer = await self.http.post("/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        status = await self.http.put("/me/status", json={"status": "online"})
        assert status.status_code == 200, status.text
        return self

    async def leaves(self) -> None:
        """Go offline and close the browser."""
        await self.http.put("/me/status", json={"status": "offline"})
        await self.http.post("/logout")
        await self.http.aclose()

    async def overview(self) -> dict[str, Any]:
        """Everything the left pane shows."""
        overview: dict[str, Any] = (await self.http.get("/overview")).json()
        return overview

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A write that has to succeed."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code in (200, 201, 202), answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def detail(self, conversation_id: str) -> dict[str, Any]:
        """What the middle and right panes show."""
        answer = await self.http.get(f"/conversations/{conversation_id}")
        assert answer.status_code == 200, answer.text
        detail: dict[str, Any] = answer.json()
        return detail
