"""Bad input at the web chat's border: a clear 4xx or a Chinese answer, never a 500, nothing lost, nothing shown."""

import io
import uuid
import zlib

import httpx
import pytest
from PIL import Image

from tests.support.actors import Resident
from tests.support.stack import Server


def new_id() -> str:
    return uuid.uuid4().hex


def refused(answer: httpx.Response, *statuses: int) -> str:
    """The Chinese message of a refusal with one of these statuses."""
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.text[:300]}"
    message: str = answer.json()["error"]["message"]
    assert any("\u4e00" <= character <= "\u9fff" for character in message)
    return message


@pytest.mark.parametrize(
    "words",
    [
        "😀😀😀😂",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE ticket; --",
        "{{7*7}} {facility} %s %(name)s ${jndi:ldap://x}",
        "？？？？？？？",
        "a" * 2000,
        "水" * 2000,
        "\u202e\u200b\u200d",
        "0",
        "null",
        '[](){}"\\',
    ],
)
async def test_strange_text_gets_a_chinese_answer(stranger: Resident, words: str) -> None:
    answer = await stranger.says(words)
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.text)


@pytest.mark.parametrize("words", ["", "   ", "\n\t", "水" * 10_000])
async def test_empty_and_endless_text_is_refused(stranger: Resident, words: str) -> None:
    answer = await stranger.http.post("/api/webchat/messages", json={"client_message_id": new_id(), "text": words})
    refused(answer, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"text": 5, "client_message_id": "abcdefgh1"}',
        b'{"text": "x"}',
        b'{"text": "x", "client_message_id": "short"}',
        b'{"text": "x", "client_message_id": "../../../../etc"}',
        b'{"text": "x", "client_message_id": "abcdefgh1", "admin": true}',
        b'{"text": "x", "client_message_id": "abcdefgh1", "choice": {"seq": -1, "id": "1"}}',
        b'{"text": "x", "client_message_id": "abcdefgh1", "choice": {"seq": 99999999999999999999, "id": "1"}}',
        b'{"text": "x", "client_message_id": "abcdefgh1", "upload_ids": ["../secret"]}',
        b'{"text": "\xff\xfe", "client_message_id": "abcdefgh1"}',
        b'{"text": "a\\u0000b", "client_message_id": "abcdefgh1"}'[:-1],
        b"[" * 100_000,
    ],
)
async def test_broken_bodies_are_refused(stranger: Resident, body: bytes) -> None:
    answer = await stranger.http.post(
        "/api/webchat/messages", content=body, headers={"Content-Type": "application/json"}
    )
    refused(answer, 400, 422)


async def test_a_null_character_does_no_harm(stranger: Resident) -> None:
    answer = await stranger.http.post(
        "/api/webchat/messages", json={"client_message_id": new_id(), "text": "你\u0000好"}
    )
    assert answer.status_code in (202, 422)


async def test_half_a_surrogate_does_no_harm(stranger: Resident) -> None:
    body = b'{"client_message_id": "' + new_id().encode() + b'", "text": "\\ud83d"}'
    answer = await stranger.http.post(
        "/api/webchat/messages", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (202, 400, 422)


async def test_a_huge_body_is_refused_before_it_is_read(stranger: Resident) -> None:
    body = b'{"client_message_id": "' + new_id().encode() + b'", "text": "' + b"a" * 2_000_000 + b'"}'
    answer = await stranger.http.post(
        "/api/webchat/messages", content=body, headers={"Content-Type": "application/json"}
    )
    refused(answer, 413)


async def test_unknown_choices_and_pictures_are_refused(stranger: Resident) -> None:
    await stranger.says("你好")
    for more in ({"choice": {"seq": 9999, "id": "1"}}, {"choice": {"seq": 1, "id": "1"}}, {"upload_ids": ["0" * 32]}):
        answer = await stranger.http.post("/api/webchat/messages", json={"client_message_id": new_id(), **more})
        refused(answer, 404, 422)


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer " + "A" * 43, "Basic YTpi", "Bearer ' OR 1=1 --"])
async def test_without_a_known_token_nothing_is_shown(server: Server, token: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        for path in ("/api/webchat/me", f"/api/webchat/messages?conversation={'0' * 32}"):
            answer = await http.get(path, headers={"Authorization": token} if token else {})
            refused(answer, 401)


async def test_unknown_conversations_and_odd_ids_are_refused(stranger: Resident) -> None:
    for conversation in ("0" * 32, "x", "../..", "1 OR 1=1"):
        answer = await stranger.http.get("/api/webchat/messages", params={"conversation": conversation})
        refused(answer, 404, 422)


def png_with_a_lie() -> bytes:
    """A PNG header that claims 60,000 × 60,000 pixels."""
    header = b"\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + header + zlib.crc32(header[4:]).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\x00 this is a program", "photo.jpg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "photo.svg"),
        (b"<html><script>alert(1)</script></html>", "photo.png"),
        (b"%PDF-1.4", "photo.jpg"),
        (b"", "photo.jpg"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 200, "photo.jpg"),
        (png_with_a_lie(), "photo.png"),
    ],
)
async def test_disguised_and_damaged_pictures_are_refused(stranger: Resident, data: bytes, name: str) -> None:
    answer = await stranger.http.post("/api/webchat/uploads", files={"file": (name, data)})
    refused(answer, 422)


async def test_an_oversized_picture_is_refused(stranger: Resident) -> None:
    data = b"\xff\xd8\xff\xe0" + b"\x00" * (9 * 1024 * 1024)
    answer = await stranger.http.post("/api/webchat/uploads", files={"file": ("big.jpg", data)})
    refused(answer, 413)


async def test_a_picture_loses_its_metadata_and_is_shown_to_its_sender_only(stranger: Resident, li: Resident) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.new("RGB", (40, 30), (1, 2, 3)).save(out, "JPEG", exif=exif)
    upload_id = await stranger.uploads(out.getvalue(), "../../etc/passwd")
    mine = await stranger.http.get(f"/api/webchat/uploads/{upload_id}")
    assert mine.status_code == 200
    assert b"where I live" not in mine.content
    refused(await li.http.get(f"/api/webchat/uploads/{upload_id}"), 404)


async def test_guessed_used_and_foreign_codes_are_refused(stranger: Resident, li: Resident) -> None:
    phone = "13700137000"
    early = await stranger.http.post("/api/webchat/bindings/verify", json={"phone": phone, "code": "123456"})
    refused(early, 422)
    asked = await stranger.http.post("/api/webchat/bindings/code", json={"phone": phone})
    assert asked.status_code == 202
    inbox = (await stranger.http.get("/api/demo/sms")).json()
    code = next(sms["code"] for sms in inbox if sms["phone"] == phone)
    refused(await li.http.post("/api/webchat/bindings/verify", json={"phone": phone, "code": code}), 422)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        refused(
            await stranger.http.post("/api/webchat/bindings/verify", json={"phone": phone, "code": wrong}), 422, 429
        )
    late = await stranger.http.post("/api/webchat/bindings/verify", json={"phone": phone, "code": code})
    refused(late, 422, 429)
    me = (await stranger.http.get("/api/webchat/me")).json()
    assert me["identity"] == {"verified": False, "name": None, "homes": []}


async def test_asking_a_code_for_an_unknown_phone_looks_like_asking_for_a_known_one(stranger: Resident) -> None:
    unknown = await stranger.http.post("/api/webchat/bindings/code", json={"phone": "13999999999"})
    assert (unknown.status_code, unknown.json()) == (202, {"expires_in": 300})
    assert all(sms["phone"] != "13999999999" for sms in (await stranger.http.get("/api/demo/sms")).json())


@pytest.mark.parametrize("phone", ["", "1", "abc", "138001380001", "１３８００１３８０００", "13800138000; DROP"])
async def test_odd_phone_numbers_are_refused(stranger: Resident, phone: str) -> None:
    answer = await stranger.http.post("/api/webchat/bindings/code", json={"phone": phone})
    refused(answer, 422)


async def test_the_action_webhook_wants_the_secret(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        for headers in ({}, {"X-Guanjia-Secret": "wrong"}):
            answer = await http.post("/internal/actions", json={"next_action": "action_query_arrears"}, headers=headers)
            assert answer.status_code == 403


async def test_a_rating_out_of_place_is_refused(stranger: Resident) -> None:
    await stranger.says("你好")
    for stars in (0, 6, "five", None):
        body = {"conversation_id": stranger.conversation_id, "stars": stars}
        refused(await stranger.http.post("/api/webchat/ratings", json=body), 422)
    body = {"conversation_id": stranger.conversation_id, "stars": 5}
    refused(await stranger.http.post("/api/webchat/ratings", json=body), 409)
