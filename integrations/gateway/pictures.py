"""Pictures from residents: checked by decoding, re-encoded so that nothing but the picture is kept, stored as files."""

import asyncio
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.errors import ApiError
from property_db.clock import Clock
from property_db.uploads import service as uploads
from property_db.uploads.models import Upload, new_upload_id

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# A phone's camera makes about 50 megapixels, which are 200 MB decoded; above is a decompression bomb.
MOST_PIXELS = 51_000_000
LONGEST_SIDE = 2048
QUALITY = 85
MEDIA_TYPE = "image/jpeg"
# Others (palettes, single bits, 16 bits) lose too much when pixels are mixed.
SHRINKS_WELL = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_at_a_time = asyncio.Semaphore(1)


@dataclass(frozen=True)
class Picture:
    """A clean JPEG: no metadata (a photo's place and time are personal data), upright, at most 2,048 pixels a side."""

    data: bytes
    width: int
    height: int


async def cleaned(raw: bytes) -> Picture:
    """Decode ``raw`` and encode it afresh, in a thread; one picture at a time, as a large one takes 400 MB.

    Raises:
        ApiError: not one of the picture formats, damaged, or absurdly large.
    """
    async with _one_at_a_time:
        return await asyncio.to_thread(_clean, raw)


def _clean(raw: bytes) -> Picture:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ApiError(422, "upload_not_image")
                upright = _upright(image)
            out = io.BytesIO()
            upright.save(out, "JPEG", quality=QUALITY)
    except ApiError:
        raise
    except Exception as error:  # a damaged file makes the decoders raise anything, struct.error and TypeError included
        raise ApiError(422, "upload_not_image") from error
    return Picture(out.getvalue(), upright.width, upright.height)


def _upright(image: Image.Image) -> Image.Image:
    """Make it small before anything else, so that a large picture is in memory once and not three times."""
    turn = _TURNS.get(_orientation(image))
    image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at a half or a quarter of its size
    if image.mode not in SHRINKS_WELL:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if image.mode in ("RGBA", "LA"):
        image = image.convert("RGBA")
        on_white = Image.new("RGB", image.size, "white")
        on_white.paste(image, mask=image.getchannel("A"))
        image = on_white
    image = image.convert("RGB")
    image.info.clear()
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """How the camera was held; damaged metadata says nothing."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def stored_file(folder: Path, file_name: str) -> Path:
    """Where a stored picture lies; ``file_name`` comes from our own database."""
    return folder / file_name


async def store(folder: Path, file_name: str, picture: Picture) -> None:
    """Write the picture; a half-written file never carries the final name."""

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{file_name}.part"
        part.write_bytes(picture.data)
        part.rename(folder / file_name)

    await asyncio.to_thread(write)


async def keep(session: AsyncSession, identity_id: int, picture: Picture, folder: Path, clock: Clock) -> Upload:
    """Keep a resident's picture, in the caller's transaction and as a file in ``folder``."""
    upload_id = new_upload_id()
    row = await uploads.add(
        session,
        identity_id,
        upload_id=upload_id,
        file_name=f"{upload_id}.jpg",
        media_type=MEDIA_TYPE,
        size=len(picture.data),
        width=picture.width,
        height=picture.height,
        clock=clock,
    )
    # The file before the commit: a row without its picture must never be seen.
    await store(folder, row.file_name, picture)
    return row
