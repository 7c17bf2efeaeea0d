"""What the telephone itself says: sentences of ``prompts.yml``, changed by the operator, or recorded by somebody.

Changed sentences are kept in ``prompts.yml`` of the data folder, recordings in its folder ``prompts/`` as
``<key>.wav`` (8 kHz, mono, 16 bit).
"""

import io
import string
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import yaml
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from integrations.voice.amr import VoiceUnreadable, convert
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.wav import as_wav

log = structlog.get_logger()

LONGEST_TEXT = 300
LONGEST_RECORDING_SECONDS = 60
_UNUSABLE = "?"
"""No value has this name."""


class PromptUnknown(Exception):
    """There is no prompt of this name."""


class PromptWrong(Exception):
    """The text or the sound cannot be used; the error's text is a code: ``too_long``, ``placeholders``, ``sound``."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt.

    Attributes:
        key: its name.
        text: what is said now.
        standard: what is said where nobody changed it.
        values: names in braces that are filled in; such a prompt is not recorded.
        recorded: whether a recording is played instead.
    """

    key: str
    text: str
    standard: str
    values: frozenset[str]
    recorded: bool


@cache
def standard() -> Mapping[str, str]:
    """All prompts as they come with the product."""
    loaded: dict[str, str] = yaml.safe_load(Path(__file__).with_name("prompts.yml").read_text(encoding="utf-8"))
    return loaded


class Prompts:
    """The prompts of one installation.

    Args:
        data_dir: the data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "prompts.yml"
        self._folder = data_dir / "prompts"
        self._changed: dict[str, str] = {}
        self._read_at: int | None = None
        self._sounds: dict[str, tuple[int, bytes]] = {}

    def all(self) -> list[Prompt]:
        """Every prompt, in the order of the product's file."""
        return [self._prompt(key) for key in standard()]

    def text(self, key: str, **values: object) -> str:
        """What is said, with the values filled in.

        Raises:
            PromptUnknown: there is no such prompt.
        """
        return self._text(key).format(**values)

    def set(self, key: str, text: str) -> Prompt:
        """Say this from now on; an empty text, or the standard one, goes back to the standard.

        Raises:
            PromptUnknown: there is no such prompt.
            PromptWrong: it is too long, or names a value that is not there, or says how to write one (``{ahead:>3}``).
        """
        usual, text = self._standard(key), text.strip()
        if len(text) > LONGEST_TEXT:
            raise PromptWrong("too_long")
        if not _names(text) <= _names(usual):
            raise PromptWrong("placeholders")
        changed = {name: said for name, said in self._overrides().items() if name != key}
        if text and text != usual:
            changed[key] = text
        _write(self._file, yaml.safe_dump(changed, allow_unicode=True, sort_keys=True).encode())
        self._changed, self._read_at = changed, self._file.stat().st_mtime_ns
        return self._prompt(key)

    def recording(self, key: str) -> Path | None:
        """The recording that is played instead of the text.

        Raises:
            PromptUnknown: there is no such prompt.
        """
        file = self._recording_file(key)
        return file if file.is_file() else None

    def set_recording(self, key: str, sound: bytes | None) -> Prompt:
        """Play this from now on; None goes back to the text. Any usual sound file is taken and made 8 kHz mono.

        Raises:
            PromptUnknown: there is no such prompt.
            PromptWrong: no sound, too long, or the prompt says something else each time.
        """
        file = self._recording_file(key)
        if sound is None:
            file.unlink(missing_ok=True)
            return self._prompt(key)
        if _names(self._standard(key)):
            raise PromptWrong("placeholders")
        _write(file, as_wav(_plain_sound(sound)))
        return self._prompt(key)

    def sound(self, key: str) -> bytes | None:
        """The recording as it goes on the line; None where there is none, or it cannot be read."""
        file = self._recording_file(key)
        try:
            changed_at = file.stat().st_mtime_ns
        except OSError:
            return None
        known = self._sounds.get(key)
        if known is None or known[0] != changed_at:
            try:
                known = (changed_at, _plain_sound(file.read_bytes()))
            except (OSError, PromptWrong):
                log.error("voice.prompt_unreadable", prompt=key)
                known = (changed_at, b"")
            self._sounds[key] = known
        return known[1] or None

    def _prompt(self, key: str) -> Prompt:
        usual = self._standard(key)
        return Prompt(key, self._text(key), usual, frozenset(_names(usual)), self.recording(key) is not None)

    def _standard(self, key: str) -> str:
        text = standard().get(key)
        if text is None:
            raise PromptUnknown(key)
        return text

    def _text(self, key: str) -> str:
        usual = self._standard(key)
        return self._overrides().get(key, usual)

    def _overrides(self) -> dict[str, str]:
        """What the operator changed; read again when the file was written by somebody else."""
        try:
            changed_at = self._file.stat().st_mtime_ns
        except OSError:
            self._changed, self._read_at = {}, None
            return self._changed
        if changed_at != self._read_at:
            self._read_at = changed_at
            self._changed = _checked(self._file)
        return self._changed

    def _recording_file(self, key: str) -> Path:
        self._standard(key)  # a name of our own and no path
        return self._folder / f"{key}.wav"


def _checked(file: Path) -> dict[str, str]:
    try:
        raw: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        log.error("voice.prompts_unreadable")
        return {}
    if not isinstance(raw, dict):
        return {}
    usual = standard()
    return {
        key: text
        for key, text in raw.items()
        if isinstance(text, str) and key in usual and text.strip() and _names(text) <= _names(usual[key])
    }


def _names(text: str) -> set[str]:
    """The values that a text names; one that cannot be filled in names what no standard text does.

    A width makes a text of any size (``{company:>200000000}``), a conversion or a value inside a form fails only while
    somebody is on the line: nothing but the bare name is taken.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return {_UNUSABLE}  # a lonely brace
    if any(form or conversion for _, _, form, conversion in parts):
        return {_UNUSABLE}
    return {name for _, name, _, _ in parts if name is not None}


def _plain_sound(sound: bytes) -> bytes:
    try:
        with wave.open(io.BytesIO(sound)) as read:
            form = (read.getnchannels(), read.getsampwidth(), read.getframerate())
            if form == (1, SAMPLE_BYTES, SAMPLE_RATE):
                return bytes(read.readframes(LONGEST_RECORDING_SECONDS * SAMPLE_RATE))
    except (wave.Error, EOFError):
        pass
    try:
        wide = convert(sound, LONGEST_RECORDING_SECONDS)
    except VoiceUnreadable as error:
        raise PromptWrong("sound") from error
    with wave.open(io.BytesIO(wide)) as read:
        return _narrowed(read.readframes(read.getnframes()), read.getframerate())


def _narrowed(pcm: bytes, rate: int) -> bytes:
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // SAMPLE_BYTES)
    frame.sample_rate = rate
    frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE, threads=1)
    done = [*resampler.resample(frame), *resampler.resample(None)]
    return b"".join(bytes(piece.planes[0])[: piece.samples * SAMPLE_BYTES] for piece in done)


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, readable by its owner."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as draft:  # made with mode 0600
        draft.write(data)
    Path(draft.name).replace(file)
