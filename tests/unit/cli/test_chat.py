"""`guanjia chat` follows one conversation after the other."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.cli.chat import NoAnswer, PlainTextClient


class Channel(PlainTextClient):
    """The plain-text channel without a network: each text is answered at once."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 8080, "me")
        self.rows: dict[str, list[dict[str, Any]]] = {"a": []}
        self.current = "a"

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        if body is not None:
            rows = self.rows.setdefault(self.current, [])
            seq = 2 * len(rows) + 1
            rows.append({"seq": seq + 1, "author": "bot", "text": f"answer to {body['text']}"})
            return {"conversation_id": self.current, "seq": seq}
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        return [row for row in self.rows[query["conversation_id"]] if row["seq"] > int(query["after_seq"])]


def texts(channel: Channel) -> list[str]:
    return [row["text"] for row in channel.new_texts()]


def test_each_answer_is_shown_once() -> None:
    channel = Channel()
    assert texts(channel) == []
    channel.send("one")
    assert not channel.is_answered
    assert texts(channel) == ["answer to one"]
    assert channel.is_answered
    assert texts(channel) == []
    channel.send("two")
    assert texts(channel) == ["answer to two"]


def test_a_new_conversation_is_read_from_its_beginning() -> None:
    channel = Channel()
    channel.send("one")
    texts(channel)
    channel.current = "b"
    channel.send("two")
    assert texts(channel) == ["answer to two"]


def test_a_server_that_is_not_there_is_no_answer() -> None:
    client = PlainTextClient("127.0.0.1", 1, "me")
    with pytest.raises(NoAnswer):
        client.send("one")
