"""A resident with a phone, for tests: writes to the server by way of the local WeChat and waits for its answers."""

import re
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx

from tests.local_wechat.pushes import Manner

PATIENCE_SECONDS = 30.0
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_CHOICE = "weixin://bizmsgmenu?"


@dataclass(frozen=True)
class Option:
    """A link that sends something when it is pressed."""

    title: str
    content: str
    menu_id: str


@dataclass
class Answer:
    """What the phone showed after one thing the resident did."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Each bubble as it was sent, links and all."""
        return [str(entry["text"]) for entry in self.entries]

    @property
    def text(self) -> str:
        """What can be read: links as their titles, bubbles one below the other."""
        return "\n".join(_LINK.sub(r"\2", words) for words in self.texts)

    @property
    def options(self) -> list[Option]:
        """The choices that can be pressed."""
        return [option for entry in self.entries for option in _offered(entry)]

    @property
    def choices(self) -> list[str]:
        """Titles of the choices."""
        return [option.title for option in self.options]

    @property
    def links(self) -> dict[str, str]:
        """Addresses by the words that lead to them."""
        found = [match for words in self.texts for match in _LINK.findall(words)]
        return {title: address for address, title in found if not address.startswith(_CHOICE)}

    @property
    def ways(self) -> list[str]:
        """By which way each bubble came: passive, custom, template, subscription."""
        return [str(entry["how"]) for entry in self.entries]

    def offers(self, title: str) -> bool:
        """Whether a choice with this title can be pressed."""
        return title in self.choices


def options_in(words: str) -> list[Option]:
    """The links of a text that send something."""
    found = []
    for address, title in _LINK.findall(words):
        if address.startswith(_CHOICE):
            query = dict(part.partition("=")[::2] for part in address[len(_CHOICE) :].split("&"))
            found.append(Option(title, unquote(query.get("msgmenucontent", "")), query.get("msgmenuid", "")))
    return found


def _offered(entry: dict[str, Any]) -> list[Option]:
    if entry["kind"] != "msgmenu":
        return options_in(str(entry["text"]))
    found = [item.get("click", item) for item in entry["details"].get("list", []) if item.get("type") != "view"]
    return [Option(item["content"], item["content"], item["id"]) for item in found]


class Phone:
    """One resident of one account.

    Args:
        peer_url: address of the local WeChat.
        account: the account's name in the account file, or its app id.
        transport: instead of a real connection, such as `httpx.ASGITransport(peer.app)`.

    Attributes:
        patience: seconds that it waits for answers.
    """

    base = "/local/residents"

    def __init__(
        self,
        peer_url: str,
        account: str,
        *,
        open_id: str | None = None,
        name: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        limits = httpx.Limits(max_connections=None)
        # Plain HTTP on this machine: reading the system's certificates for each of hundreds of phones takes seconds.
        self.http = httpx.AsyncClient(
            base_url=peer_url, timeout=60.0, trust_env=False, verify=False, transport=transport, limits=limits
        )
        self.account = account
        self.open_id = open_id or ""
        self._name = name
        self._last = Answer()
        self.patience = PATIENCE_SECONDS

    async def __aenter__(self) -> Self:
        """Switch it on."""
        new = {"account": self.account, "open_id": self.open_id or None, "name": self._name}
        answer = await self.http.post(self.base, json=new)
        assert answer.status_code == 201, answer.text
        self.open_id = answer.json()["open_id"]
        await self.http.post(f"{self.base}/{self.open_id}/hold")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Switch it off."""
        await self.http.aclose()

    async def follow(self, scene: str = "", *, answers: int = 1, **manner: Any) -> Answer:
        """Follow the account and wait for the welcome; `answers` 0 waits only until the server was told."""
        return await self._and_wait("follow", answers, manner, scene=scene)

    async def unfollow(self, **manner: Any) -> Answer:
        """Unfollow and wait until the server was told."""
        return await self._and_wait("unfollow", 0, manner)

    async def scan(self, scene: str, *, answers: int = 1, **manner: Any) -> Answer:
        """Scan a QR code of the account."""
        return await self._and_wait("scan", answers, manner, scene=scene)

    async def says(self, text: str, *, answers: int = 1, **manner: Any) -> Answer:
        """Write and wait for so many bubbles of the account."""
        return await self._and_wait("text", answers, manner, content=text)

    async def sends(self, text: str, *, menu_id: str | None = None, **manner: Any) -> dict[str, Any]:
        """Write without waiting; `seq`, `push` and `message_id` of what was sent."""
        return await self._act("text", manner, content=text, menu_id=menu_id)

    async def sends_picture(
        self, content: bytes, content_type: str = "image/jpeg", *, answers: int = 1, **manner: Any
    ) -> Answer:
        """Send a picture."""
        return await self._media("image", ("picture", content, content_type), answers, manner)

    async def sends_voice(self, content: bytes | None = None, *, answers: int = 1, **manner: Any) -> Answer:
        """Send a voice message in AMR; None: a second of silence."""
        file = None if content is None else ("voice.amr", content, "audio/amr")
        return await self._media("voice", file, answers, manner)

    async def sends_video(self, *, answers: int = 1, **manner: Any) -> Answer:
        """Send a short film."""
        return await self._media("video", None, answers, manner)

    async def sends_location(
        self, label: str, latitude: float = 31.23, longitude: float = 121.47, *, answers: int = 1, **manner: Any
    ) -> Answer:
        """Send a place."""
        place = {"label": label, "latitude": latitude, "longitude": longitude}
        return await self._and_wait("location", answers, manner, **place)

    async def sends_link(
        self, title: str, url: str, description: str = "", *, answers: int = 1, **manner: Any
    ) -> Answer:
        """Share a page."""
        return await self._and_wait("link", answers, manner, title=title, url=url, description=description)

    async def clicks(self, title: str, *, answers: int = 1, **manner: Any) -> Answer:
        """Press the entry of the account's menu with this title."""
        return await self._and_wait("menu", answers, manner, title=title)

    async def chooses(self, title: str, *, answers: int = 1, **manner: Any) -> Answer:
        """Press a choice of the last answer."""
        for option in self._last.options:
            if option.title == title:
                chosen = {"content": option.content, "menu_id": option.menu_id}
                return await self._and_wait("text", answers, manner, **chosen)
        raise AssertionError(f"{title} is not offered, only {self._last.choices}")

    async def agrees(self, template_id: str, *, accept: bool = True) -> Answer:
        """Answer the question whether one message of this template may come."""
        return await self._and_wait("agree", 0, {}, template_id=template_id, accept=accept)

    async def withdraws(self, template_id: str) -> Answer:
        """Switch a template off."""
        return await self._and_wait("withdraw", 0, {}, template_id=template_id)

    async def opens(self, url: str) -> httpx.Response:
        """Open a page as this resident, through all redirections."""
        return await self.http.get(url, follow_redirects=True)

    async def chat(self, after: int = 0) -> list[dict[str, Any]]:
        """Everything the phone shows."""
        entries: list[dict[str, Any]] = (await self._state(after))["entries"]
        return entries

    async def received(self, *ways: str) -> list[dict[str, Any]]:
        """What came from the account, all ways or only some."""
        return [e for e in await self.chat() if e["side"] == "account" and (not ways or e["how"] in ways)]

    async def notices(self) -> list[dict[str, Any]]:
        """The platform's notices that the account is out of order."""
        return [entry for entry in await self.chat() if entry["how"] == "unavailable"]

    async def quota(self) -> dict[str, Any]:
        """How many messages may still come, and until when (seconds since 1970, or None)."""
        quota: dict[str, Any] = (await self._state(0))["quota"]
        return quota

    async def pushes(self) -> list[dict[str, Any]]:
        """What was pushed to the server for this resident, and how each delivery ended."""
        found: list[dict[str, Any]] = (await self.http.get(f"{self.base}/{self.open_id}/pushes")).json()
        return found

    async def answers(self, count: int, *, after: int = 0) -> Answer:
        """Wait until the account has sent so many bubbles since line `after`, and all pushes are over.

        Raises:
            AssertionError: the platform showed its notice instead, or nothing came for so many seconds.
        """
        version = -1
        over = time.monotonic() + self.patience
        while True:
            state = await self._state(after, version, max(0.0, over - time.monotonic()))
            entries = state["entries"]
            assert all(entry["how"] != "unavailable" for entry in entries), "the phone shows the account out of order"
            found = [entry for entry in entries if entry["side"] == "account"]
            if len(found) >= count and not state["in_flight"]:
                self._last = Answer(found) if found else self._last
                return Answer(found)
            waited = time.monotonic() >= over
            assert not waited, f"{len(found)} of {count} answers after {self.patience:.0f} seconds"
            version = state["version"]

    async def _state(self, after: int, version: int | None = None, wait: float = 0.0) -> dict[str, Any]:
        query = {"after": after} if version is None else {"after": after, "version": version, "wait": wait}
        answer = await self.http.get(f"{self.base}/{self.open_id}/chat", params=query)
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    async def _act(self, act: str, manner: dict[str, Any], **given: Any) -> dict[str, Any]:
        body = {**given, "manner": manner or None}
        answer = await self.http.post(f"{self.base}/{self.open_id}/{act}", json=body)
        assert answer.status_code == 202, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def _and_wait(self, act: str, answers: int, manner: dict[str, Any], **given: Any) -> Answer:
        sent = await self._act(act, manner, **given)
        return await self.answers(answers, after=sent["seq"])

    async def _media(
        self, kind: str, file: tuple[str, bytes, str] | None, answers: int, manner: dict[str, Any]
    ) -> Answer:
        data = {"kind": kind}
        if manner:
            data["manner"] = Manner(**manner).model_dump_json()
        files = None if file is None else {"file": file}
        answer = await self.http.post(f"{self.base}/{self.open_id}/media", data=data, files=files)
        assert answer.status_code == 202, answer.text
        return await self.answers(answers, after=answer.json()["seq"])


class CustomerPhone(Phone):
    """One customer of WeCom customer service; `account` is the company's name, or the id of one of its accounts."""

    base = "/local/wecom/customers"

    async def enters(self, *, answers: int = 1) -> Answer:
        """Open the chat and wait for the greeting."""
        return await self._and_wait("enter", answers, {})

    async def is_ended(self, *, answers: int = 1) -> Answer:
        """Somebody at the company ends the session; the last message may ask for a rating."""
        return await self._and_wait("end", answers, {})

    async def is_served(self) -> Answer:
        """Somebody at the company takes the session with the WeCom app."""
        return await self._and_wait("served", 0, {})
