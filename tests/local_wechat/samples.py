"""Things a phone sends without a microphone or a camera, and the picture of a QR code."""

import hashlib
import io

from PIL import Image, ImageDraw

_MODULES, _SIZE = 29, 10


def silence(seconds: float = 1.0) -> bytes:
    """A voice message in AMR with nothing to hear: frames of 20 ms at 4.75 kbit/s."""
    return b"#!AMR\n" + (b"\x04" + bytes(12)) * int(seconds * 50)


def video() -> bytes:
    """The start of an MP4 file, enough for what looks at its kind."""
    return b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def qr_picture(ticket: str) -> bytes:
    """A JPEG that looks like the QR code of a ticket; it cannot be scanned, the demo page offers that by itself."""
    picture = Image.new("L", ((_MODULES + 4) * _SIZE,) * 2, 255)
    draw = ImageDraw.Draw(picture)
    bits = int.from_bytes(b"".join(hashlib.sha256(f"{ticket}{part}".encode()).digest() for part in range(4)))
    for row in range(_MODULES):
        for column in range(_MODULES):
            if bits >> (row * _MODULES + column) & 1:
                _square(draw, column, row, 1, 0)
    for column, row in ((0, 0), (_MODULES - 7, 0), (0, _MODULES - 7)):
        for inset, shade in ((-1, 255), (0, 0), (1, 255), (2, 0)):
            _square(draw, column + inset, row + inset, 7 - 2 * inset, shade)
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def _square(draw: ImageDraw.ImageDraw, column: int, row: int, size: int, shade: int) -> None:
    left, top = (column + 2) * _SIZE, (row + 2) * _SIZE
    draw.rectangle((left, top, left + size * _SIZE - 1, top + size * _SIZE - 1), fill=shade)
