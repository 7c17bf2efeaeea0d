"""Pictures from residents: checked by decoding, re-encoded so that nothing but the picture is kept, stored as files."""

import asyncio
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from integrations.gateway.errors import ApiError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# A phone's camera makes about 50 megapixels; far above is a decompression bomb.
MOST_PIXELS = 80_000_000
LONGEST_SIDE = 2048
QUALITY = 85
MEDIA_TYPE = "image/jpeg"


@dataclass(frozen=True)
class Picture:
    """A clean JPEG: no metadata (a photo's place and time are personal data), upright, at most 2,048 pixels a side."""

    data: bytes
    width: int
    height: int


async def cleaned(raw: bytes) -> Picture:
    """Decode ``raw`` and encode it afresh, in a thread.

    Raises:
        ApiError: not one of the picture formats, damaged, or absurdly large.
    """
    return await asyncio.to_thread(_clean, raw)


def _clean(raw: bytes) -> Picture:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ApiError(422, "upload_not_image")
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise ApiError(422, "upload_not_image") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=QUALITY)
    return Picture(out.getvalue(), upright.width, upright.height)


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
