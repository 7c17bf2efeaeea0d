"""What no database can keep does not come in."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from integrations.desk.schemas import LoginIn
from integrations.desk.schemas import TextIn as DeskText
from integrations.gateway import errors
from integrations.plaintext.api import Sender
from integrations.plaintext.api import TextIn as PlainText
from integrations.webchat.schemas import ChoiceIn, CodeCheck, MessageIn, RatingIn, Strict

ID = "0" * 32
BODIES: list[tuple[type, dict[str, object]]] = [
    (MessageIn, {"client_message_id": "abcdefgh", "text": "?"}),
    (MessageIn, {"client_message_id": "abcdefgh", "choice": {"seq": 1, "id": "?"}}),
    (CodeCheck, {"phone": "?", "code": "1"}),
    (CodeCheck, {"phone": "1", "code": "?"}),
    (RatingIn, {"conversation_id": ID, "stars": 5, "comment": "?"}),
    (PlainText, {"sender": "?", "message_id": "abcdefgh", "text": "x"}),
    (PlainText, {"sender": "x", "message_id": "abcdefgh", "text": "?"}),
    (DeskText, {"client_message_id": "abcdefgh", "text": "?"}),
    (LoginIn, {"username": "?", "password": "x"}),
]


def filled(value: object, text: str) -> object:
    if isinstance(value, dict):
        return {name: filled(item, text) for name, item in value.items()}
    return text if value == "?" else value


@pytest.mark.parametrize(("schema", "body"), BODIES)
def test_nul_is_taken_out_and_half_a_character_refused(schema: type[Strict], body: dict[str, object]) -> None:
    assert schema.model_validate(filled(body, "水\x00漏😀")) == schema.model_validate(filled(body, "水漏😀"))
    with pytest.raises(ValidationError):
        schema.model_validate(filled(body, "水\ud83d"))


def test_an_address_holds_neither() -> None:
    sender: TypeAdapter[str] = TypeAdapter(Sender)
    assert sender.validate_python("a\x00b") == "ab"
    with pytest.raises(ValidationError):
        sender.validate_python("\x00")
    with pytest.raises(ValidationError):
        sender.validate_python("a\udc00")


@pytest.mark.parametrize("body", [b'{"phone": "\\ud800", "code": "1"}', b'{"\\ud800": 1}', b'["\\ud800"]'])
async def test_the_refusal_can_be_written(body: bytes) -> None:
    app = FastAPI()
    errors.install(app)

    @app.post("/")
    async def take(body: CodeCheck) -> None: ...

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        answer = await http.post("/", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"


def test_a_choice_may_name_its_conversation() -> None:
    assert ChoiceIn.model_validate({"seq": 1, "id": "a"}).conversation_id is None
    assert ChoiceIn.model_validate({"seq": 1, "id": "a", "conversation_id": ID}).conversation_id == ID
    with pytest.raises(ValidationError):
        ChoiceIn.model_validate({"seq": 1, "id": "a", "conversation_id": "x"})
