"""Pictures from residents: damaged, turned, absurdly large."""

import asyncio
import io
import random
import threading

import pytest
from PIL import Image

from integrations.gateway import pictures
from integrations.gateway.errors import ApiError


def encoded(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, options.pop("colour", 200)).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded("JPEG", exif=exif)


async def test_a_picture_keeps_nothing_but_itself() -> None:
    picture = await pictures.cleaned(turned(6))
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.format == "JPEG"
        assert image.size == (picture.width, picture.height) == (48, 64), "upright"
        assert not image.getexif()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "JPEG"])
async def test_a_large_picture_becomes_small(kind: str) -> None:
    picture = await pictures.cleaned(encoded(kind, (4100, 1000)))
    assert (picture.width, picture.height) == (2048, 500)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", m) for m in ("1", "L", "LA", "P", "RGBA", "I;16")] + [("JPEG", "CMYK")]
)
async def test_every_kind_of_pixel_becomes_a_jpeg(kind: str, mode: str) -> None:
    colour = {"LA": (9, 9), "RGBA": (9, 9, 9, 0), "CMYK": (0, 0, 0, 0), "1": 1}.get(mode, 7)
    assert (await pictures.cleaned(encoded(kind, mode=mode, colour=colour))).width == 64


async def test_what_is_transparent_becomes_white() -> None:
    picture = await pictures.cleaned(encoded("PNG", mode="RGBA", colour=(0, 0, 0, 0)))
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


async def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = encoded("PNG", (8900, 8900), "1", colour=0)
    monkeypatch.setattr(pictures, "_upright", lambda _: pytest.fail("decoded"))
    with pytest.raises(ApiError) as refused:
        await pictures.cleaned(bomb)
    assert (refused.value.status, refused.value.code) == (422, "upload_not_image")


async def test_one_picture_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    clean = pictures._clean

    def counted(raw: bytes) -> pictures.Picture:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return clean(raw)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(pictures, "_clean", counted)
    await asyncio.gather(*(pictures.cleaned(encoded("PNG", (400, 400))) for _ in range(6)))
    assert most == 1


@pytest.mark.parametrize("damage", [b"Exif\0\0", b"Exif\0\0MM\0*", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01"])
async def test_damaged_metadata_says_nothing(damage: bytes) -> None:
    assert (await pictures.cleaned(encoded("JPEG", exif=damage))).width == 64


async def test_whatever_is_damaged_is_refused_in_one_way() -> None:
    chance = random.Random(20261121)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8769] = 6, "maker", {0x9000: b"0232"}
    originals = [encoded(kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")] + [encoded("GIF", mode="P", colour=3)]
    for number in range(600):
        raw = bytearray(originals[number % 4])
        for _ in range(chance.randint(1, 6)):
            raw[chance.randrange(min(len(raw), 250))] = chance.randrange(256)
        del raw[chance.randint(20, 3 * len(raw)) :]
        try:
            picture = pictures._clean(bytes(raw))
        except ApiError as refusal:
            assert (refusal.status, refusal.code) == (422, "upload_not_image")
        else:
            assert max(picture.width, picture.height) <= pictures.LONGEST_SIDE
